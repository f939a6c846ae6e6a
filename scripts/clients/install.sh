#!/bin/sh
# Installs the clients, each at the version named here, into the folder given (default: .clients of the checkout).
# Needs npm and Python's venv; both use the registries that they are configured with.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
into=${1:-$here/../../.clients}
mkdir -p "$into/npm" "$into/py"
into=$(cd "$into" && pwd)

npm_client() { # folder, package: one folder each, so that none picks up another's dependencies
    mkdir -p "$into/npm/$1"
    echo '{"private": true}' > "$into/npm/$1/package.json"
    (cd "$into/npm/$1" && npm install --no-audit --no-fund --save-exact "$2")
}

npm_client node22 node@22.23.3 # what the others run on, whatever node the machine has
PATH="$into/npm/node22/node_modules/.bin:$PATH"
npm_client claude @anthropic-ai/claude-code@2.1.330
npm_client codex @openai/codex@0.169.0
npm_client opencode opencode-ai@1.18.33

python3 -m venv "$into/py/sdk"
"$into/py/sdk/bin/pip" install --quiet --disable-pip-version-check \
    anthropic==1.17.0 openai==3.54.0 claude-agent-sdk==0.2.187
echo "The clients are in $into"
