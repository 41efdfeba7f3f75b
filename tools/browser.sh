#!/bin/sh
# The journeys drive Debian's chromium. Install it where that is allowed, otherwise say how.
for name in chromium google-chrome; do
    command -v "$name" >/dev/null 2>&1 && exit 0
done
packages="chromium fonts-noto-core"
log=.bootstrap/apt.log
if command -v apt-get >/dev/null 2>&1; then
    root=""
    [ "$(id -u)" -eq 0 ] || root="sudo -n"
    if [ -z "$root" ] || sudo -n true 2>/dev/null; then
        echo "Installing $packages for the browser journeys"
        export DEBIAN_FRONTEND=noninteractive
        if { $root apt-get update -qq && $root apt-get install -y -qq --no-install-recommends $packages; } >"$log" 2>&1 </dev/null; then
            exit 0
        fi
        echo "That failed: see $log" >&2
    fi
fi
echo "No chromium: the browser journeys will not run. To run them: sudo apt-get install $packages" >&2
# continuous integration may not leave them out unseen
[ -z "${CI:-}" ]
