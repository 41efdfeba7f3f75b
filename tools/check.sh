#!/bin/sh
# Style, arrows and types. Every check runs, so that one failure does not hide the next.
cd "$(dirname "$0")/.." || exit 1
failed=""
step() {
    name=$1
    shift
    if "$@"; then
        echo "$name: passed"
    else
        failed="$failed $name"
    fi
}
step "ruff" .venv/bin/ruff check --quiet src tests benchmarks docs
step "format" .venv/bin/ruff format --quiet --check src tests benchmarks
step "imports" .venv/bin/lint-imports --no-cache --config .importlinter
step "types" .venv/bin/mypy --no-error-summary
[ -z "$failed" ] || {
    echo "Failed:$failed" >&2
    exit 1
}
