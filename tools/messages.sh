#!/bin/sh
# Collect what is to be translated into src/tirek/site/locale, and compile it. Needs gettext.
set -eu
cd "$(dirname "$0")/.."
command -v xgettext >/dev/null || {
    echo "gettext is missing. On Debian and Ubuntu run: sudo apt-get install gettext" >&2
    exit 1
}
export DJANGO_SETTINGS_MODULE=tirek.site.settings
cd src/tirek
mkdir -p site/locale
../../.venv/bin/python -m django makemessages --locale kk --locale ru --no-location --no-obsolete \
    --extension html,txt,py --ignore 'site/static/*'
../../.venv/bin/python -m django compilemessages --locale kk --locale ru
