#!/bin/sh
# Starts a worker of the queue @QUEUE@ in a container.
#
#   docker build --tag drover:@VERSION@ .   # in Drover's folder; no image is published
#   export DROVER_API_KEY=…                 # a key with the role `worker`
#   sh this-script
#
# Models are called by the worker: set OPENAI_API_KEY or ANTHROPIC_API_KEY too, if your agents need it.
set -eu

: "${DROVER_API_KEY:?set it to an API key with the role \`worker\`}"
export DROVER_API_KEY

# A name without a value hands on what this shell has; what it does not have is left out.
exec docker run --detach \
  --name 'drover-worker-@QUEUE@' \
  --restart unless-stopped \
  --read-only --tmpfs /tmp --cap-drop ALL --security-opt no-new-privileges:true \
  --stop-timeout 75 \
  --volume 'drover-worker-@QUEUE@:/var/lib/drover-workspaces' \
  --env DROVER_API_KEY \
  --env OPENAI_API_KEY --env OPENAI_BASE_URL --env ANTHROPIC_API_KEY --env ANTHROPIC_BASE_URL \
  --env "DROVER_LOG=${DROVER_LOG:-info}" \
  "${DROVER_IMAGE:-drover:@VERSION@}" \
  worker --queue '@QUEUE@' --url "${DROVER_URL:-@URL@}" --plane http
