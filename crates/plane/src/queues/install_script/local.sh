#!/bin/sh
# Starts a worker of the queue @QUEUE@ on this machine, in the foreground.
#
#   export DROVER_API_KEY=…   # a key with the role `worker`
#   sh this-script
#
# Models are called by the worker: set OPENAI_API_KEY or ANTHROPIC_API_KEY too, or what else your
# agents need.
set -eu

: "${DROVER_API_KEY:?set it to an API key with the role \`worker\`}"
export DROVER_API_KEY
export DROVER_LOG="${DROVER_LOG:-info}"

if ! command -v drover >/dev/null 2>&1; then
  echo "\`drover\` (@VERSION@) is not in the PATH; build it with \`cargo build --release\`" >&2
  exit 1
fi

exec drover worker --queue '@QUEUE@' --url "${DROVER_URL:-@URL@}" --plane http "$@"
