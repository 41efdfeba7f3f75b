#!/bin/sh
# Bring .venv up to the locks: tools/setup.sh run | dev. Does nothing when it already is.
set -eu
cd "$(dirname "$0")/.."
what=${1:-run}
locks="requirements.lock tools/bootstrap.lock pyproject.toml"
[ "$what" = run ] || locks="$locks requirements-dev.lock"

fingerprint=$(cat $locks | cksum)
stamp=.venv/.installed-$what
if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$fingerprint" ] && .venv/bin/python -c '' 2>/dev/null; then
    exit 0
fi

. tools/uv.sh
if ! .venv/bin/python -c '' 2>/dev/null; then
    rm -rf .venv
    "$uv" venv --quiet --python "$python" --no-python-downloads .venv
fi
echo "Installing packages into .venv/"
"$uv" pip install --quiet --python .venv/bin/python --require-hashes --requirement requirements.lock
if [ "$what" = dev ]; then
    "$uv" pip install --quiet --python .venv/bin/python --require-hashes --requirement requirements-dev.lock
fi
"$uv" pip install --quiet --python .venv/bin/python --no-deps --no-build-isolation --editable .
echo "$fingerprint" >"$stamp"
