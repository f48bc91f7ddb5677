#!/usr/bin/env bash
# Installs what others wrote to read test reports with, into the folder given.
# Exits with 3, and says so, where Python or its registry cannot be had.
set -euo pipefail
into="$1"
mkdir -p "$into"
cd "$into"
if [ ! -e python/ok ]; then
    python3 -m venv python || exit 3
    python/bin/pip install --quiet --disable-pip-version-check 'junitparser==4.*' || exit 3
    touch python/ok
fi
