#!/bin/sh
# The browser tests drive a Chromium that is on the machine; bring Debian's where there is none and we may.
set -eu
command -v chromium >/dev/null || command -v "${IMAGEAUTH_CHROMIUM:-}" >/dev/null && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "Installing Chromium for the browser tests (once) …"
    apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium >/dev/null ||
        echo "Chromium could not be installed: browser tests will be skipped, or fail in CI" >&2
else
    echo "Chromium is missing: browser tests will be skipped (Debian: apt-get install chromium)" >&2
fi
