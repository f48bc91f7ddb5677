#!/usr/bin/env bash
# Installs the JOSE libraries of other languages that the interop tests run against, into the folder given.
# Exits with 3, and says so, where a language or its registry cannot be had.
set -euo pipefail
into="$1"
mkdir -p "$into"
cd "$into"
if [ ! -e python/ok ]; then
    python3 -m venv python || exit 3
    python/bin/pip install --quiet --disable-pip-version-check 'pyjwt[crypto]==2.*' 'joserfc==1.*' || exit 3
    touch python/ok
fi
if [ ! -e node/ok ]; then
    mkdir -p node
    echo '{"type":"module","private":true}' > node/package.json
    (cd node && npm install --silent --no-audit --no-fund 'jose@6') || exit 3
    touch node/ok
fi
