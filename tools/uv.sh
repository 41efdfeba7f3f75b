# Sourced: finds a Python that Tirek runs on and brings uv into .bootstrap/. Sets $python and $uv.

fail() {
    printf '%s\n' "$@" >&2
    exit 1
}

find_python() {
    for name in ${PYTHON:-python3 python3.13 python3.12 python3.11}; do
        if command -v "$name" >/dev/null 2>&1 &&
            "$name" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' >/dev/null 2>&1; then
            command -v "$name"
            return
        fi
    done
    return 1
}

bootstrap_uv() {
    "$python" -c 'import venv, ensurepip' >/dev/null 2>&1 || fail \
        "This Python ($python) cannot make virtual environments." \
        "On Debian and Ubuntu run: sudo apt-get install python3-venv"
    echo "Bringing the installer uv into .bootstrap/"
    rm -rf .bootstrap
    "$python" -m venv .bootstrap || fail \
        "The virtual environment .bootstrap could not be made." \
        "On Debian and Ubuntu run: sudo apt-get install python3-venv"
    .bootstrap/bin/python -m pip install --quiet --disable-pip-version-check --no-input --require-hashes \
        --requirement tools/bootstrap.lock || fail \
        "uv could not be installed. Is there a connection to the package index? Behind a mirror set PIP_INDEX_URL and UV_INDEX_URL."
}

python=$(find_python) || fail \
    "Tirek needs Python 3.11, 3.12 or 3.13, and found none." \
    "On Debian and Ubuntu run: sudo apt-get install python3 python3-venv" \
    "Another place: make run PYTHON=/path/to/python3"
uv=.bootstrap/bin/uv
[ -x "$uv" ] && "$uv" --version >/dev/null 2>&1 || bootstrap_uv
# a mirror given to pip serves uv as well
if [ -z "${UV_INDEX_URL:-}${UV_DEFAULT_INDEX:-}" ]; then
    mirror=${PIP_INDEX_URL:-$(.bootstrap/bin/python -m pip config get global.index-url 2>/dev/null || true)}
    [ -z "$mirror" ] || export UV_DEFAULT_INDEX="$mirror"
fi
if [ -z "${HOME:-}" ] || [ ! -w "$HOME" ]; then
    export UV_CACHE_DIR="$PWD/.bootstrap/cache"
fi
