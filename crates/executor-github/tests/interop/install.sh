#!/usr/bin/env bash
# Installs GitHub's published description of its API, and clients of other languages, into the folder given.
# Exits with 3, and says so, where a language or its registry cannot be had.
set -euo pipefail
into="$1"
mkdir -p "$into"
cd "$into"
if [ ! -e python/ok ]; then
    python3 -m venv python || exit 3
    python/bin/pip install --quiet --disable-pip-version-check 'PyGithub==2.10.0' || exit 3
    touch python/ok
fi
if [ ! -e node/ok ]; then
    mkdir -p node
    echo '{"type":"module","private":true}' > node/package.json
    (cd node && npm install --silent --no-audit --no-fund \
        '@octokit/openapi@23.0.2' 'octokit@5.0.5' 'ajv@8.20.0' 'ajv-formats@3.0.1') || exit 3
    touch node/ok
fi
