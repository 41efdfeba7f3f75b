#!/bin/sh
# Pin every package by version and hash. The files name no registry, so that any mirror can serve them.
# Versions published after the cut-off date are not considered: change it with the locks.
set -eu
cd "$(dirname "$0")/.."
. tools/uv.sh
cutoff=${CUTOFF:-$(date -u +%Y-%m-%dT00:00:00Z)}

compile() {
    output=$1
    shift
    # shellcheck disable=SC2086
    "$uv" pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
        --no-emit-find-links --no-header --no-annotate ${UPGRADE:+--upgrade} --exclude-newer "$cutoff" --output-file "$output" "$@"
    sed -i "1i # Made by \`make lock\` from pyproject.toml and tools/. Cut-off date $cutoff." "$output"
    if grep -nE 'https?://' "$output"; then
        echo "$output names a host. Remove that source." >&2
        exit 1
    fi
}

compile tools/bootstrap.lock tools/bootstrap.in
compile requirements.lock pyproject.toml tools/build.in
compile requirements-dev.lock --constraints requirements.lock --group dev
compile requirements-bench.lock --constraints requirements.lock --constraints requirements-dev.lock --group bench
