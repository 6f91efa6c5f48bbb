#!/bin/sh
# venv.sh PYTHON FOLDER: make a virtual environment, also on a Debian whose Python came without the venv module.
set -eu
if ! "$1" -m venv "$2" 2>/dev/null; then
    rm -rf "$2"
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        apt-get update -qq && apt-get install -y -qq --no-install-recommends python3-venv >/dev/null
        "$1" -m venv "$2"
    else
        echo "Python's venv module is missing: install it first (Debian: apt-get install python3-venv)" >&2
        exit 1
    fi
fi
