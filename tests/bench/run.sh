#!/usr/bin/env bash
# run.sh - measures the whole system on this machine, started natively on its own ports: throughput, latency, CPU and memory, and the floor beside them.
#
#   run.sh          the full programme: some minutes on a quiet machine
#   run.sh --quick  the same with small numbers, to see that everything works
#
# ORDERLY_BENCH_ORDERS (100000): how many orders the large scenarios place
#
# Prints Markdown for docs/performance.md on standard output, progress on standard error. Ends with 1 when an order did not end as it had to.
# ORDERLY_KAFKA_PORT (29492, and the one behind it), ORDERLY_REDIS_PORT (29379), ORDERLY_HTTP_PORT (28201 and the next 20)
# ORDERLY_RUN_DIR (.run/bench): logs and data; the data are removed first
set -euo pipefail
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cd "$top"

export ORDERLY_KAFKA_PORT=${ORDERLY_KAFKA_PORT:-29492} ORDERLY_REDIS_PORT=${ORDERLY_REDIS_PORT:-29379}
export ORDERLY_HTTP_PORT=${ORDERLY_HTTP_PORT:-28201} ORDERLY_RUN_DIR=${ORDERLY_RUN_DIR:-$top/.run/bench}
export KAFKA_BOOTSTRAP_SERVERS=127.0.0.1:$ORDERLY_KAFKA_PORT REDIS_URL=redis://127.0.0.1:$ORDERLY_REDIS_PORT FLOOR_REDIS_PORT=$ORDERLY_REDIS_PORT
mkdir -p "$ORDERLY_RUN_DIR"
# shellcheck source=deploy/local/lib.sh
source deploy/local/lib.sh
bin_dir=$top/build/bench/bin
results=$run_dir/results
replicas_max=4
failures=0

note() { printf '%s\n' "$*" >&2; }

# ---- services ----

is_ready() { curl -fsS -m 2 "http://127.0.0.1:$1/readyz"; }

# start_services REPLICAS: so many of each, and waits until all are ready.
start_services() {
    local i k name
    for i in "${!services[@]}"; do
        for ((k = 0; k < $1; k++)); do
            name=${services[i]}-$k
            HTTP_PORT=$((http_port + replicas_max * i + k)) INSTANCE_ID=$name start "$name" "$bin_dir/orderly-${services[i]}"
        done
    done
    for i in "${!services[@]}"; do
        for ((k = 0; k < $1; k++)); do
            wait_until "${services[i]}-$k" is_ready $((http_port + replicas_max * i + k))
        done
    done
}

stop_services() {
    local service k stopping=()
    for service in "${services[@]}"; do
        for ((k = 0; k < replicas_max; k++)); do
            stop "$service-$k" &
            stopping+=($!)
        done
    done
    wait "${stopping[@]}" # and not for Kafka and Redis, which are children too
}

restart_services() {
    stop_services
    start_services "$1"
}

if [ "${1:-}" = start-services ]; then # what the backlog's `orderly bench --once-placed` calls
    start_services "$2"
    exit 0
fi

quick=no
many=${ORDERLY_BENCH_ORDERS:-100000}
case "${1:-}" in
    '') ;;
    --quick) quick=yes ;;
    -h | --help) sed -n '2,12s/^# \{0,1\}//p' "$0"; exit 0 ;;
    *) die "unknown argument $1; see --help" ;;
esac

# n FULL QUICK: how many.
n() { if [ "$quick" = yes ]; then printf '%s' "$2"; else printf '%s' "$1"; fi; }

clean_up() {
    stop_services
    stop kafka
    stop redis
}

# ---- measuring ----

# bench FILE ARGUMENT...: the results as JSON in a file.
bench() {
    local file=$results/$1.json
    shift
    if ! "$bin_dir/orderly" bench --json --no-audit --timeout 120 "$@" >"$file"; then
        failures=$((failures + 1))
        note "**** failed: orderly bench $*"
    fi
}

floor() {
    local file=$results/$1.json
    shift
    if ! "$bin_dir/bench_floor" --json "$@" >"$file"; then
        failures=$((failures + 1))
        note "**** failed: bench_floor $*"
    fi
}

redis_bytes() { redis-cli -p "$redis_port" info memory | sed -n 's/^used_memory:\([0-9]*\).*/\1/p'; }

# Resident kilobytes of every service, a line each.
idle_memory() {
    local service pid
    for service in "${services[@]}"; do
        read -r pid _ <"$run_dir/$service-0.pid"
        printf '%s %s\n' "$service" "$(awk '/^VmRSS:/ {print $2}' "/proc/$pid/status")"
    done
}

now_ms() { date +%s%3N; }

# ---- the programme ----

prepare() {
    install_missing gcc libc6-dev cmake ninja-build pkg-config librdkafka-dev libhiredis-dev libjson-c-dev libmicrohttpd-dev libssl-dev \
        libcriterion-dev redis-server redis-tools kcat maven default-jre-headless curl python3 git >&2
    note "Building ..."
    { cmake --preset bench && cmake --build --preset bench; } >"$run_dir/build.log" 2>&1 ||
        { tail -n 30 "$run_dir/build.log" >&2; die "the build failed; its log: $run_dir/build.log"; }
    rm -rf "$run_dir/kafka" "$run_dir/redis" "$results"
    mkdir -p "$results"
    start_infrastructure >&2
    "$bin_dir/orderly" topics create >"$run_dir/topics.log"
    "$bin_dir/orderly" catalog load deploy/catalog.json >&2
}

measure_start() {
    local began
    began=$(now_ms)
    start_services 1
    printf '%s\n' $(($(now_ms) - began)) >"$results/start-ms"
    idle_memory >"$results/idle-memory"
}

measure_flat_out() {
    local before
    note "Flat out ..."
    before=$(redis_bytes)
    bench flat --orders "$(n "$many" 5000)"
    printf '%s\n' $((($(redis_bytes) - before) / $(n "$many" 5000))) >"$results/redis-bytes"
    note "The floor, flat out ..."
    floor floor-flat --orders "$(n "$many" 5000)"
}

measure_steady() {
    note "Steady ..."
    bench steady --orders "$(n 4000 600)" --rate 200
    note "The floor, steady ..."
    floor floor-steady --orders "$(n 4000 600)" --rate 200
}

measure_shapes() {
    note "Burst, mix, hot product, five lines ..."
    sleep "$(n 5 1)" # idle is part of the story
    bench burst --orders "$(n 10000 1000)"
    bench mix --orders "$(n "$many" 2000)" --mix completed=95,refused=5
    bench hot --orders "$(n "$many" 2000)" --products 1
    bench lines --orders "$(n "$many" 2000)" --items 5
}

measure_first() {
    note "The first order after a start ..."
    restart_services 1
    bench first --orders 1
}

measure_backlog() {
    note "Backlog ..."
    stop_services
    bench backlog --orders "$(n "$many" 3000)" --once-placed "'$top/tests/bench/run.sh' start-services 1"
}

measure_replicas() {
    local count
    for count in 2 4; do
        note "$count replicas of each service ..."
        restart_services "$count"
        bench "replicas-$count" --orders "$(n "$many" 3000)"
    done
}

trap clean_up EXIT
trap 'exit 130' INT TERM
prepare
measure_start
note "Warming up ..."
bench warm --orders "$(n 20000 1000)"
measure_flat_out
measure_steady
measure_shapes
measure_first
measure_backlog
measure_replicas
note "The books ..."
"$bin_dir/orderly" audit >&2 || failures=$((failures + 1))
tests/bench/table.py "$results" "$run_dir"
[ "$failures" = 0 ] || die "$failures scenarios failed"
