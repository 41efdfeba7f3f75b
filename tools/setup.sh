#!/bin/sh
# Bring .venv up to the locks: tools/setup.sh run | dev | bench | production. Does nothing when it already is.
# production: as run, and compiled, because the service may not write its byte code beside the sources
set -eu
cd "$(dirname "$0")/.."
what=${1:-run}
locks="requirements.lock tools/bootstrap.lock pyproject.toml"
[ "$what" != dev ] && [ "$what" != bench ] || locks="$locks requirements-$what.lock"

compile() {
    # sources also after an upgrade that changed no package
    [ "$what" != production ] || .venv/bin/python -W ignore -m compileall -q -j 0 "$@"
}

fingerprint=$(cat $locks | cksum)
stamp=.venv/.installed-$what
if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$fingerprint" ] && .venv/bin/python -c '' 2>/dev/null; then
    compile src
    exit 0
fi

. tools/uv.sh
if ! .venv/bin/python -c '' 2>/dev/null; then
    rm -rf .venv
    "$uv" venv --quiet --python "$python" --no-python-downloads .venv
fi
echo "Installing packages into .venv/"
"$uv" pip install --quiet --python .venv/bin/python --require-hashes --requirement requirements.lock
if [ "$what" = dev ] || [ "$what" = bench ]; then
    "$uv" pip install --quiet --python .venv/bin/python --require-hashes --requirement "requirements-$what.lock"
fi
"$uv" pip install --quiet --python .venv/bin/python --no-deps --no-build-isolation --editable .
compile .venv/lib src
echo "$fingerprint" >"$stamp"
