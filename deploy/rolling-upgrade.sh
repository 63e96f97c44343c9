#!/bin/sh
# Brings a new version of the hub to docker compose, one replica after another: a new one is started and ready before an old
# one drains, so clients move over and no publish is refused. `docker compose up --build` would recreate all of them at once.
#   deploy/rolling-upgrade.sh            builds the image from this checkout
#   deploy/rolling-upgrade.sh --no-build takes the image as it is
set -eu
cd "$(dirname "$0")/.."

# How long a new replica may take to be ready, and an old one to drain.
READY_WITHIN_S=60
STOP_WITHIN_S=30

# Compose writes one id a line; a replica that is gone has none.
replicas() { docker compose ps --quiet hub; }

await_ready() {
  waited=0
  until [ "$(docker inspect --format '{{.State.Health.Status}}' "$1")" = healthy ]; do
    if [ "$waited" -ge "$READY_WITHIN_S" ]; then
      echo "The new replica $1 is not ready after $READY_WITHIN_S s, so the old ones stay. Look at: docker logs $1" >&2
      exit 1
    fi
    sleep 1
    waited=$((waited + 1))
  done
}

[ "${1:-}" = --no-build ] || docker compose build hub
old=$(replicas)
count=$(echo "$old" | grep -c . || true)
if [ "$count" -eq 0 ]; then
  echo 'No replica of the hub runs. Expected: docker compose up --detach' >&2
  exit 1
fi

for replica in $old; do
  before=$(replicas)
  docker compose up --detach --no-deps --no-recreate --scale hub=$((count + 1)) hub
  for id in $(replicas); do
    case "$before" in *"$id"*) ;; *) await_ready "$id" ;; esac
  done
  docker stop --time "$STOP_WITHIN_S" "$replica" >/dev/null
  docker rm "$replica" >/dev/null
  echo "replaced $replica"
done
