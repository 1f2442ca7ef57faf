#!/usr/bin/env bash
# up.sh - builds Orderly and starts it on this machine: Redis, Kafka and the five services, all on loopback.
#
#   up.sh               everything; what runs already is left alone
#   up.sh --only-infra  only Redis and Kafka
#
# KAFKA_BOOTSTRAP_SERVERS and REDIS_URL together: uses those instead of starting its own.
# ORDERLY_KAFKA_PORT (9092, and the one behind it), ORDERLY_REDIS_PORT (6379), ORDERLY_HTTP_PORT (8101 to 8105)
# ORDERLY_RUN_DIR (.run): logs, data, pids
# NAMESPACE (none): what stands before all topics, groups and keys; a second system beside the first has its own, and its own
# run folder
set -euo pipefail
# shellcheck source=deploy/local/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

only_infra=no
case "${1:-}" in
    '') ;;
    --only-infra) only_infra=yes ;;
    -h | --help) sed -n '2,11s/^# \{0,1\}//p' "$0"; exit 0 ;;
    *) die "unknown argument $1; see --help" ;;
esac

build_packages=(gcc libc6-dev cmake ninja-build pkg-config librdkafka-dev libhiredis-dev libjson-c-dev libmicrohttpd-dev libssl-dev)
infra_packages=(redis-server redis-tools kcat maven default-jre-headless curl)

build() {
    install_missing "${build_packages[@]}"
    (cd "$repo" && cmake --preset release && cmake --build --preset release) >"$run_dir/build.log" 2>&1 ||
        { tail -n 30 "$run_dir/build.log" >&2; die "the build failed; its log: $run_dir/build.log"; }
}

is_ready() { curl -fsS -m 2 "http://127.0.0.1:$1/readyz"; }

start_services() {
    local i name
    for i in "${!services[@]}"; do
        name=${services[i]}
        is_running "$name" && continue
        need_free_port $((http_port + i)) "the health of $name" ORDERLY_HTTP_PORT
        HTTP_PORT=$((http_port + i)) INSTANCE_ID=$name-1 start "$name" "$bin_dir/orderly-$name"
    done
    for i in "${!services[@]}"; do
        wait_until "${services[i]}" is_ready $((http_port + i))
    done
}

mkdir -p "$run_dir"
own_infra=yes
if [ -n "${KAFKA_BOOTSTRAP_SERVERS:-}" ] && [ -n "${REDIS_URL:-}" ]; then
    own_infra=no
elif [ -n "${KAFKA_BOOTSTRAP_SERVERS:-}${REDIS_URL:-}" ]; then
    die "only one of KAFKA_BOOTSTRAP_SERVERS and REDIS_URL is set: set both, or none to have both started here"
fi
install_missing "${infra_packages[@]}"
[ "$only_infra" = yes ] || build
if [ "$own_infra" = yes ]; then
    start_infrastructure
fi
read_redis_url "$REDIS_URL"
if [ "$only_infra" = yes ]; then
    say "Kafka on $KAFKA_BOOTSTRAP_SERVERS, Redis on $redis_shown; logs in $run_dir"
    exit 0
fi
"$bin_dir/orderly" topics create >"$run_dir/topics.log" || die "the topics could not be created"
"$bin_dir/orderly" catalog load "$repo/deploy/catalog.json" || die "the catalog could not be loaded"
start_services
say "Orderly is up: Kafka on $KAFKA_BOOTSTRAP_SERVERS, Redis on $redis_shown; logs in $run_dir"
