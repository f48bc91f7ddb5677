#!/usr/bin/env bash
# Installs what others wrote to read transparency logs and security events with, into the folder given.
# Exits with 3, and says so, where Python or its registry cannot be had.
set -euo pipefail
into="$1"
mkdir -p "$into"
cd "$into"
if [ ! -e python/ok ]; then
    python3 -m venv python || exit 3
    # It asks for Python 3.12, and runs on 3.11 too.
    python/bin/pip install --quiet --disable-pip-version-check --ignore-requires-python 'aics-tlog==0.2.1' || exit 3
    python/bin/pip install --quiet --disable-pip-version-check 'ocsf-json-schema==1.*' 'jsonschema==4.*' || exit 3
    touch python/ok
fi
