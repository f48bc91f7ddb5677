#!/usr/bin/env bash
# Installs GitHub's published GraphQL schema and the reference implementation of GraphQL into the folder given.
# Exits with 3, and says so, where node or its registry cannot be had.
set -euo pipefail
into="$1"
mkdir -p "$into"
cd "$into"
if [ ! -e node/ok ]; then
    mkdir -p node
    echo '{"type":"module","private":true}' > node/package.json
    (cd node && npm install --silent --no-audit --no-fund \
        'graphql@16.14.0' '@octokit/graphql-schema@15.26.1') || exit 3
    touch node/ok
fi
