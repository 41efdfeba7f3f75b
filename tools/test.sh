#!/bin/sh
# Everything a change must pass. pytest's summary is the last thing printed.
# The tests have a home of their own: the caller's TIREK_HOME and DATABASE_URL are never touched.
cd "$(dirname "$0")/.." || exit 1
set -e
tools/setup.sh run
tools/setup.sh dev
tools/browser.sh
set +e
export TIREK_HOME="$PWD/.tirek/test" TIREK_TEST=1
unset DATABASE_URL DATABASE_OWNER_URL TIREK_DATABASE TIREK_SECRETS TIREK_DEBUG TIREK_HTTPS TIREK_HOSTS
selection="not prove"
[ "${1:-}" != prove ] || selection="prove"
checks=0
if [ "$selection" = "not prove" ]; then
    tools/check.sh || checks=1
    # only imported here: their tests would compile every kernel once more; make prove runs them so too
    tools/engines.sh imports || checks=1
    [ "$checks" -eq 0 ] || echo "The tests follow, but this run has failed: see the checks above." >&2
fi
[ "$selection" != prove ] || tools/engines.sh tests || checks=1
# two processes, each with a database server and files of its own
.venv/bin/python -m pytest -m "$selection" -p tests.own_home -n 2 --dist loadscope --durations=10 ${PYTEST_ARGS:-}
tests=$?
[ "$checks" -eq 0 ] && exit "$tests"
exit 1
