# lib.sh - what run.sh and scale.sh share: one build, the services on ports of their own, one run of `orderly bench`. Sourced,
# not run; whoever does has set $top and the ports.
# shellcheck shell=bash disable=SC2034,SC2154

# shellcheck source=deploy/local/lib.sh
source "$top/deploy/local/lib.sh"
bin_dir=$top/build/bench/bin
kafka_tier=4 # as Kafka runs where nobody waits for it to start
results=$run_dir/results
replicas_max=4
failures=0
quick=no

note() { printf '%s\n' "$*" >&2; }

# n FULL QUICK: how many.
n() { if [ "$quick" = yes ]; then printf '%s' "$2"; else printf '%s' "$1"; fi; }

now_ms() { date +%s%3N; }

# ---- what is measured ----

# prepare_system: builds, and starts Kafka and Redis without any data.
prepare_system() {
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

is_ready() { curl -fsS -m 2 "http://127.0.0.1:$1/readyz"; }

# port_of I K: of the K-th replica of the I-th service.
port_of() { printf '%s' $((http_port + replicas_max * $1 + $2)); }

# start_service I K
start_service() {
    local name=${services[$1]}-$2
    HTTP_PORT=$(port_of "$1" "$2") INSTANCE_ID=$name start "$name" "$bin_dir/orderly-${services[$1]}"
}

# start_services REPLICAS: so many of each, and waits until all are ready.
start_services() {
    local i k
    for i in "${!services[@]}"; do
        for ((k = 0; k < $1; k++)); do
            start_service "$i" "$k"
        done
    done
    for i in "${!services[@]}"; do
        for ((k = 0; k < $1; k++)); do
            wait_until "${services[i]}-$k" is_ready "$(port_of "$i" "$k")"
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

redis_says() { redis-cli -p "$redis_port" "$@"; }

# redis_info SECTION FIELD
redis_info() { redis_says info "$1" | sed -n "s/^$2:\([0-9]*\).*/\1/p"; }

redis_bytes() { redis_info memory used_memory; }
