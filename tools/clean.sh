#!/bin/sh
# Remove what was made here. A running Tirek of this folder is stopped first by its own launcher.
set -eu
cd "$(dirname "$0")/.."
for home in .tirek .tirek/test .tirek/bench; do
    [ -f "$home/pg/data/postmaster.pid" ] || continue
    pid=$(head -n 1 "$home/pg/data/postmaster.pid")
    if [ "$(readlink "/proc/$pid/cwd" 2>/dev/null || true)" = "$(cd "$home/pg/data" && pwd -P)" ]; then
        echo "Tirek is running from $home (PostgreSQL is process $pid). Stop it first." >&2
        exit 1
    fi
done
rm -rf .tirek .venv .bootstrap .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache docs/_build
find src tests benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +
