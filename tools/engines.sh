#!/bin/sh
# The engines and their commands work without Django and a database: tools/engines.sh imports | tests
# An environment of its own holds only what they need, in the locked versions.
set -eu
cd "$(dirname "$0")/.."
what=${1:-tests}
folder=.bootstrap/engines
needed="numpy numba scipy PyYAML polars pyarrow click defusedxml pytest hypothesis"
stamp=$folder/.installed
fingerprint=$(cat requirements.lock requirements-dev.lock tools/engines.sh | cksum)
. tools/uv.sh
if [ ! -f "$stamp" ] || [ "$(cat "$stamp")" != "$fingerprint" ]; then
    rm -rf "$folder"
    "$uv" venv --quiet --python "$python" --no-python-downloads "$folder"
    "$uv" pip install --quiet --python "$folder/bin/python" --constraints requirements.lock \
        --constraints requirements-dev.lock $needed
    echo "$fingerprint" >"$stamp"
fi
"$folder/bin/python" -c 'import importlib.util as u, sys; sys.exit(any(map(u.find_spec, ("django", "psycopg"))))' ||
    { echo "This environment must not hold Django or psycopg." >&2; exit 1; }
if [ "$what" = imports ]; then
    PYTHONPATH=src "$folder/bin/python" - <<'END'
import importlib, pkgutil
import tirek_engines
found = sorted(m.name for m in pkgutil.walk_packages(tirek_engines.__path__, "tirek_engines."))
for name in found:
    importlib.import_module(name)
print(f"engines without Django: {len(found)} modules")
END
else
    PYTHONPATH=$PWD/src "$folder/bin/python" -m pytest -c /dev/null --rootdir . -q -p no:cacheprovider -m "not prove" tests/engines
fi
