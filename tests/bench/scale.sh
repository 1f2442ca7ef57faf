#!/usr/bin/env bash
# scale.sh - measures whether an order costs the same however many finished ones lie in Redis, and how many bytes each of them
# takes.
#
#   scale.sh          10,000, 100,000 and 1,000,000 of them: some 10 minutes on a quiet machine, 4 GB of memory, 8 GB of disk
#   scale.sh --quick  the same with small numbers, to see that everything works
#
# ORDERLY_SCALE_SIZES ("10000 100000 1000000"): how many, ascending
# ORDERLY_BENCH_ORDERS (20000): how many orders are placed at each size
#
# One real order that completed is written again under other ids, all its keys; everything else is as tests/bench/run.sh has it.
# Prints Markdown for docs/performance.md on standard output, progress on standard error. Ends with 1 when an order did not end
# as it had to.
# ORDERLY_KAFKA_PORT (29496, and the one behind it), ORDERLY_REDIS_PORT (29381), ORDERLY_HTTP_PORT (28231 and the next 20)
# ORDERLY_RUN_DIR (.run/scale): logs, results and data; the data are removed first and last
set -euo pipefail
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cd "$top"

export ORDERLY_KAFKA_PORT=${ORDERLY_KAFKA_PORT:-29496} ORDERLY_REDIS_PORT=${ORDERLY_REDIS_PORT:-29381}
export ORDERLY_HTTP_PORT=${ORDERLY_HTTP_PORT:-28231} ORDERLY_RUN_DIR=${ORDERLY_RUN_DIR:-$top/.run/scale}
export KAFKA_BOOTSTRAP_SERVERS=127.0.0.1:$ORDERLY_KAFKA_PORT REDIS_URL=redis://127.0.0.1:$ORDERLY_REDIS_PORT
mkdir -p "$ORDERLY_RUN_DIR"
# shellcheck source=tests/bench/lib.sh
source tests/bench/lib.sh
fulfillment=3 # in services
idle_seconds=10

# fact FILE NAME NUMBER
fact() { printf '%s %s\n' "$2" "$3" >>"$results/$1.facts"; }

kept() { redis_says zcard sagas:completed; }

# ---- one order ----

# key_bytes KIND KEY
key_bytes() { printf '%s %s\n' "$1" "$(redis_says memory usage "$2" samples 0 | sed 's/^$/0/')"; }

# order_bytes FILE ID INDEX: what each key of an order takes, as MEMORY USAGE has it.
order_bytes() {
    {
        key_bytes saga "saga:$2"
        key_bytes history "{saga:$2}:history"
        key_bytes payment "payment:$2"
        key_bytes reservation "{stock:main}:reservation:$2"
        key_bytes shipment "shipment:$2"
        printf 'index %s\n' $(($(redis_says memory usage "$3" samples 0) / $(redis_says zcard "$3")))
    } >"$results/$1.facts"
}

are_shipping() {
    [ "$(redis_says zrange sagas:running 0 -1 | sed 's/.*/HGET saga:& status/' | redis_says | grep -c '^fulfilling$')" = "$1" ]
}

timer_bytes() {
    local shard all=0
    for ((shard = 0; shard < 16; shard++)); do
        all=$((all + $(redis_says memory usage "sagas:timers:$shard" samples 0 | sed 's/^$/0/')))
    done
    printf '%s' "$all"
}

# measure_waiting COUNT BYTES: what `orderly bench --once-placed` calls: so many orders are placed, BYTES is what Redis took
# before.
measure_waiting() {
    local all
    wait_until orchestrator-0 are_shipping "$1"
    all=$(redis_bytes)
    order_bytes live "$(redis_says zrange sagas:running 0 0)" sagas:running
    fact live timer $(($(timer_bytes) / $1))
    fact live used_memory $(((all - $2) / $1))
    start_service "$fulfillment" 0
}

if [ "${1:-}" = measure-waiting ]; then
    measure_waiting "$2" "$3"
    exit 0
fi

orders=${ORDERLY_BENCH_ORDERS:-20000}
read -ra sizes <<<"${ORDERLY_SCALE_SIZES:-10000 100000 1000000}"
case "${1:-}" in
    '') ;;
    --quick) quick=yes orders=${ORDERLY_BENCH_ORDERS:-1000}; read -ra sizes <<<"${ORDERLY_SCALE_SIZES:-3000 10000 30000}" ;;
    -h | --help) sed -n '2,15s/^# \{0,1\}//p' "$0"; exit 0 ;;
    *) die "unknown argument $1; see --help" ;;
esac

# ---- many orders ----

# Writes the append-only file anew, as Redis would sooner or later, and waits for it.
rewrite() {
    local began
    began=$(now_ms)
    redis_says bgrewriteaof >/dev/null
    while [ "$(redis_info persistence aof_rewrite_in_progress)" != 0 ] || [ "$(redis_info persistence aof_rewrite_scheduled)" != 0 ]; do
        sleep 0.1
    done
    fact "$1" rewrite_ms $(($(now_ms) - began))
    fact "$1" fork_us "$(redis_info stats latest_fork_usec)"
}

# fill SIZE: brings Redis to so many finished orders, without a sync for each.
fill() {
    local before first count
    before=$(redis_bytes)
    first=$(kept)
    count=$(($1 - first))
    ((count > 0)) || die "$first orders are kept already: the sizes have to ascend by more than what is placed at each"
    redis_says config set appendfsync no >/dev/null
    tests/bench/scale.py copies "$redis_port" "$model" "$first" "$count" | redis_says --pipe >"$run_dir/pipe.log"
    grep -q 'errors: 0,' "$run_dir/pipe.log" || die "the copies could not be written; see $run_dir/pipe.log"
    redis_says config set appendfsync always >/dev/null
    fact "$1" kept "$(kept)"
    fact "$1" bytes "$(redis_bytes)"
    fact "$1" bytes_a_copy $((($(redis_bytes) - before) / count))
}

# cpu_ms NAME...: what these processes have used.
cpu_ms() {
    local name pid _ stats=()
    for name; do
        read -r pid _ <"$run_dir/$name.pid"
        stats+=("/proc/$pid/stat")
    done
    awk -v ticks="$(getconf CLK_TCK)" '{ all += $14 + $15 } END { printf "%d", all * 1000 / ticks }' "${stats[@]}"
}

measure_idle() {
    local redis_before services_before
    redis_before=$(cpu_ms redis)
    services_before=$(cpu_ms "${services[@]/%/-0}")
    sleep "$idle_seconds"
    fact "$1" idle_redis $((($(cpu_ms redis) - redis_before) / idle_seconds))
    fact "$1" idle_services $((($(cpu_ms "${services[@]/%/-0}") - services_before) / idle_seconds))
}

# The walk of the reconciler begins with the orchestrator: with many orders it goes on while everything is measured.
measure_size() {
    local before
    note "$1 finished orders ..."
    fill "$1"
    rewrite "$1"
    restart_services 1
    bench "warm-$1" --orders 1000
    before=$(redis_bytes)
    bench "$1" --orders "$orders"
    fact "$1" bytes_an_order $((($(redis_bytes) - before) / orders))
    measure_idle "$1"
}

measure_live() {
    local count
    count=$(n 1500 500) # below the orchestrator's window: all are let in
    note "$count orders that wait for their shipment ..."
    stop fulfillment-0
    bench live --orders "$count" --once-placed "'$top/tests/bench/scale.sh' measure-waiting $count $(redis_bytes)"
}

remove_data() {
    clean_up
    rm -rf "$run_dir/kafka" "$run_dir/redis"
}

trap remove_data EXIT
trap 'exit 130' INT TERM
prepare_system
redis_says config set auto-aof-rewrite-percentage 0 >/dev/null # rewritten once at each size, and never while something is measured
start_services 1
note "Warming up ..."
bench warm --orders "$(n 5000 1000)"
model=$(redis_says zrange sagas:completed -1 -1)
order_bytes finished "$model" sagas:completed
for size in "${sizes[@]}"; do
    measure_size "$size"
    if [ "$size" = "${sizes[0]}" ]; then
        note "The books, copies and all ..."
        "$bin_dir/orderly" audit >&2 || failures=$((failures + 1))
        measure_live
    fi
done
tests/bench/scale.py table "$results" "$run_dir"
[ "$failures" = 0 ] || die "$failures scenarios failed"
