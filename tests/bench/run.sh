#!/usr/bin/env bash
# run.sh - measures the whole system on this machine, started natively on its own ports: throughput, latency, CPU and memory,
# and the floor beside them.
#
#   run.sh          the full programme: some minutes on a quiet machine
#   run.sh --quick  the same with small numbers, to see that everything works
#
# ORDERLY_BENCH_ORDERS (100000): how many orders the large scenarios place
#
# Prints Markdown for docs/performance.md on standard output, progress on standard error. Ends with 1 when an order did not end
# as it had to.
# ORDERLY_KAFKA_PORT (29492, and the one behind it), ORDERLY_REDIS_PORT (29379), ORDERLY_HTTP_PORT (28201 and the next 20)
# ORDERLY_RUN_DIR (.run/bench): logs and data; the data are removed first
set -euo pipefail
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cd "$top"

export ORDERLY_KAFKA_PORT=${ORDERLY_KAFKA_PORT:-29492} ORDERLY_REDIS_PORT=${ORDERLY_REDIS_PORT:-29379}
export ORDERLY_HTTP_PORT=${ORDERLY_HTTP_PORT:-28201} ORDERLY_RUN_DIR=${ORDERLY_RUN_DIR:-$top/.run/bench}
export KAFKA_BOOTSTRAP_SERVERS=127.0.0.1:$ORDERLY_KAFKA_PORT REDIS_URL=redis://127.0.0.1:$ORDERLY_REDIS_PORT FLOOR_REDIS_PORT=$ORDERLY_REDIS_PORT
mkdir -p "$ORDERLY_RUN_DIR"
# shellcheck source=tests/bench/lib.sh
source tests/bench/lib.sh

if [ "${1:-}" = start-services ]; then # what the backlog's `orderly bench --once-placed` calls
    start_services "$2"
    exit 0
fi

many=${ORDERLY_BENCH_ORDERS:-100000}
case "${1:-}" in
    '') ;;
    --quick) quick=yes ;;
    -h | --help) sed -n '2,12s/^# \{0,1\}//p' "$0"; exit 0 ;;
    *) die "unknown argument $1; see --help" ;;
esac

# ---- measuring ----

floor() {
    local file=$results/$1.json
    shift
    if ! "$bin_dir/bench_floor" --json "$@" >"$file"; then
        failures=$((failures + 1))
        note "**** failed: bench_floor $*"
    fi
}

# Resident kilobytes of every service, a line each.
idle_memory() {
    local service pid
    for service in "${services[@]}"; do
        read -r pid _ <"$run_dir/$service-0.pid"
        printf '%s %s\n' "$service" "$(awk '/^VmRSS:/ {print $2}' "/proc/$pid/status")"
    done
}

# ---- the programme ----

measure_idle() {
    start_services 1
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
    note "Slow ..."
    bench slow --orders "$(n 400 60)" --rate 20
    floor floor-slow --orders "$(n 400 60)" --rate 20
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
    local began
    note "The first order after a start ..."
    stop_services
    began=$(now_ms)
    start_services 1
    printf '%s\n' $(($(now_ms) - began)) >"$results/start-ms"
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
prepare_system
measure_idle
note "Warming up ..." # Kafka's compiler is busy for a minute
bench warm --orders "$(n 100000 1000)"
bench warm-slow --orders "$(n 2000 200)" --rate 200
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
