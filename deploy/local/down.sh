#!/usr/bin/env bash
# down.sh - stops what up.sh started: the services first, then Kafka and Redis. Can be repeated.
#
#   down.sh         keeps the data for the next up.sh
#   down.sh --wipe  removes it
set -euo pipefail
# shellcheck source=deploy/local/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

wipe=no
case "${1:-}" in
    '') ;;
    --wipe) wipe=yes ;;
    -h | --help) sed -n '2,5s/^# \{0,1\}//p' "$0"; exit 0 ;;
    *) die "unknown argument $1; see --help" ;;
esac

for name in "${services[@]}"; do
    stop "$name" &
done
wait
stop kafka
stop redis
if [ "$wipe" = yes ]; then
    rm -rf "$run_dir/kafka" "$run_dir/redis"
fi
say "Orderly is down."
