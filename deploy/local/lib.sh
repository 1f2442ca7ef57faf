# lib.sh - what up.sh, down.sh and demo.sh share: packages, processes, Redis and Kafka on loopback. Sourced, not run.
# shellcheck shell=bash disable=SC2034

repo=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
run_dir=${ORDERLY_RUN_DIR:-$repo/.run}
kafka_port=${ORDERLY_KAFKA_PORT:-9092}
controller_port=$((kafka_port + 1))
redis_port=${ORDERLY_REDIS_PORT:-6379}
http_port=${ORDERLY_HTTP_PORT:-8101}
kafka_tier=1 # of the JVM's compilers: 1 starts fastest, 4 (Java's own default) is faster after the first minute
services=(validator payment inventory fulfillment orchestrator)
bin_dir=$repo/build/release/bin

start_wait_seconds=90 # nothing takes that long to start unless it never will
stop_wait_seconds=30

say() { printf '%s\n' "$*"; }
die() { printf 'orderly: %s\n' "$*" >&2; exit 1; }

# ---- packages ----

as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi; }

is_installed() { dpkg-query -W -f '${Status}' "$1" 2>/dev/null | grep -q '^install ok installed$'; }

# install_missing PACKAGE...: installs what is not there. A server that comes with a package is not started as a system service.
install_missing() {
    local package policy=/usr/sbin/policy-rc.d made_policy=no missing=()
    for package; do is_installed "$package" || missing+=("$package"); done
    ((${#missing[@]})) || return 0
    say "Installing: ${missing[*]}"
    if [ ! -e "$policy" ]; then
        printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
        as_root chmod 755 "$policy"
        made_policy=yes
    fi
    # Slim images have no folder for man pages, and the JRE's package does not install without it.
    [ -d /usr/share/man/man1 ] || as_root mkdir -p /usr/share/man/man1
    as_root apt-get update -qq
    local failed=no
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" \
        </dev/null >"$run_dir/apt.log" 2>&1 || failed=yes
    [ "$made_policy" = no ] || as_root rm -f "$policy"
    [ "$failed" = no ] || { tail -n 20 "$run_dir/apt.log" >&2; die "the packages could not be installed"; }
}

# ---- processes: each has a file with its pid and the time it was started, so that nobody else's process is ever ended ----

started_at() { awk '{print $22}' "/proc/$1/stat" 2>/dev/null || true; }

# is_running NAME: whether the process that was started under this name still runs.
is_running() {
    local pid started
    [ -f "$run_dir/$1.pid" ] || return 1
    read -r pid started <"$run_dir/$1.pid"
    [ -n "$started" ] && [ "$(started_at "$pid")" = "$started" ] && grep -q '^State:[[:space:]]*[^Z[:space:]]' "/proc/$pid/status" 2>/dev/null
}

# start NAME COMMAND...: in the background, with a log of its own.
start() {
    local name=$1
    shift
    setsid "$@" </dev/null >>"$run_dir/$name.log" 2>&1 &
    local pid=$!
    printf '%s %s\n' "$pid" "$(started_at "$pid")" >"$run_dir/$name.pid"
}

# stop NAME: SIGTERM, and SIGKILL when that is not enough.
stop() {
    local pid _ tenths
    if is_running "$1"; then
        read -r pid _ <"$run_dir/$1.pid"
        kill "$pid" 2>/dev/null || true
        for ((tenths = 0; tenths < stop_wait_seconds * 10; tenths++)); do
            is_running "$1" || break
            sleep 0.1
        done
        ! is_running "$1" || { say "$1 does not stop: killed"; kill -KILL "$pid" 2>/dev/null || true; }
    fi
    rm -f "$run_dir/$1.pid"
}

# wait_until NAME COMMAND...: until the command succeeds; gives up when the process has ended, or takes too long.
wait_until() {
    local name=$1 tenths
    shift
    for ((tenths = 0; tenths < start_wait_seconds * 10; tenths++)); do
        "$@" >/dev/null 2>&1 && return 0
        is_running "$name" || break
        sleep 0.1
    done
    tail -n 20 "$run_dir/$name.log" >&2 || true
    if is_running "$name"; then die "$name is not ready in $start_wait_seconds s; its log: $run_dir/$name.log"; fi
    die "$name ended; its log: $run_dir/$name.log"
}

# need_free_port PORT WHAT VARIABLE
need_free_port() {
    if (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; then
        die "port $1 for $2 is taken by another program; choose another with $3=PORT"
    fi
}

# ---- a Redis of the user's ----

undo_percent() { local text=${1//\\/\\\\}; printf '%b' "${text//%/\\x}"; }

# read_redis_url URL: by the rules of common/redis/store_address.h. Sets redis_options (how redis-cli gets there), redis_shown
# (the URL without who signs in), and, when there is a password, REDISCLI_AUTH for redis-cli: everybody can read a command line.
read_redis_url() {
    local scheme=${1%%://*} rest=${1#*://} place path user=''
    place=${rest%%/*}
    path=${rest#"$place"}
    unset REDISCLI_AUTH
    if [[ $place == *@* ]]; then
        rest=${place%@*}
        place=${place##*@}
        user=$(undo_percent "${rest%%:*}")
        REDISCLI_AUTH=$(undo_percent "${rest#*:}")
        export REDISCLI_AUTH
    fi
    redis_shown=$scheme://$place$path
    if [ "$scheme" = unix ]; then
        redis_options=(-s "$path")
    else
        [[ $place =~ ^\[(.*)\](:([0-9]+))?$ || $place =~ ^([^:]*)(:([0-9]+))?$ ]] || die "REDIS_URL can't be read"
        redis_options=(-h "${BASH_REMATCH[1]}" -p "${BASH_REMATCH[3]:-6379}")
        [ "${path#/}" = '' ] || redis_options+=(-n "${path#/}")
        [ "$scheme" != rediss ] || redis_options+=(--tls)
    fi
    [ -z "$user" ] || redis_options+=(--user "$user")
}

# ---- Redis and Kafka ----

# Half of the machine: a Redis that is full refuses writes and the orders wait; one that takes the last of the memory is killed.
redis_memory() { awk '/^MemTotal:/ {printf "%dkb", $2 / 2}' /proc/meminfo; }

start_redis() {
    is_running redis && return 0
    need_free_port "$redis_port" Redis ORDERLY_REDIS_PORT
    mkdir -p "$run_dir/redis"
    start redis redis-server "$repo/deploy/redis/redis.conf" --bind 127.0.0.1 --port "$redis_port" --dir "$run_dir/redis" \
        --maxmemory "$(redis_memory)"
}

redis_answers() { [ "$(redis-cli -h 127.0.0.1 -p "$redis_port" ping 2>/dev/null)" = PONG ]; }

fetch_kafka() {
    [ -f "$run_dir/kafka-lib/complete" ] && return 0
    say "Fetching Kafka ..."
    rm -rf "$run_dir/kafka-lib"
    mvn -q -B -C -f "$repo/deploy/local/kafka/pom.xml" org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies \
        -DoutputDirectory="$run_dir/kafka-lib" >"$run_dir/maven.log" 2>&1 || { tail -n 20 "$run_dir/maven.log" >&2; die "Kafka could not be fetched"; }
    touch "$run_dir/kafka-lib/complete"
}

kafka_java() { # kafka_java OPTION... CLASS ARGUMENT...
    printf '%s\0' java -Xmx256m -XX:+UseSerialGC -XX:TieredStopAtLevel="$kafka_tier" -cp "$run_dir/kafka-lib/*" "$@"
}

start_kafka() {
    local command
    is_running kafka && return 0
    need_free_port "$kafka_port" Kafka ORDERLY_KAFKA_PORT
    need_free_port "$controller_port" "Kafka's controller (the port behind Kafka's)" ORDERLY_KAFKA_PORT
    fetch_kafka
    sed -e "s|@PORT@|$kafka_port|g; s|@CONTROLLER_PORT@|$controller_port|g; s|@DATA@|$run_dir/kafka|g" \
        "$repo/deploy/local/kafka/server.properties" >"$run_dir/server.properties"
    if [ ! -f "$run_dir/kafka/meta.properties" ]; then
        mapfile -d '' command < <(kafka_java kafka.tools.StorageTool format -t orderly-local-kafka-0A -c "$run_dir/server.properties")
        "${command[@]}" >"$run_dir/kafka-format.log" 2>&1 || { tail -n 5 "$run_dir/kafka-format.log" >&2; die "Kafka's folder could not be made"; }
    fi
    # The first start leaves an archive of loaded classes behind; with it the next ones are seconds faster.
    local archive=(-XX:+AutoCreateSharedArchive "-XX:SharedArchiveFile=$run_dir/kafka.jsa")
    java "${archive[@]}" -version >/dev/null 2>&1 || archive=()
    mapfile -d '' command < <(kafka_java "${archive[@]}" kafka.Kafka "$run_dir/server.properties")
    start kafka "${command[@]}"
}

kafka_answers() { kcat -b "127.0.0.1:$kafka_port" -L -m 2 2>/dev/null | grep -q '1 brokers'; }

# start_infrastructure: both, at the same time. Sets KAFKA_BOOTSTRAP_SERVERS and REDIS_URL for what is started next.
start_infrastructure() {
    start_redis
    start_kafka
    wait_until redis redis_answers
    wait_until kafka kafka_answers
    export KAFKA_BOOTSTRAP_SERVERS=127.0.0.1:$kafka_port REDIS_URL=redis://127.0.0.1:$redis_port
}
