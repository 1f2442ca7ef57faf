#!/usr/bin/env bash
# run.sh - installs what is missing, builds with gcc, clang and the sanitizers, and runs every suite, on Redis and Kafka of its
# own. The suites mostly wait: they run on two sides at once, each with its own Redis and Kafka, and each suite is printed whole
# when it is done.
# Ends with "N passed, N failed", and non-zero when anything failed.
set -euo pipefail
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$top"

unset KAFKA_BOOTSTRAP_SERVERS REDIS_URL NAMESPACE # the suites have their own
work=$(mktemp -d "${TMPDIR:-/tmp}/orderly-tests.XXXXXX")
export TMPDIR=$work ORDERLY_RUN_DIR=$work/run
mkdir -p "$ORDERLY_RUN_DIR"
# shellcheck source=deploy/local/lib.sh
source deploy/local/lib.sh

break_off_seconds=60
passed=0 failed=0
declare -A sides=() # by name: the id of the process, which is that of its group too

# break_off NAME: ends all that a side has started and that is in its group still: Redis and Kafka are not.
break_off() {
    local group=${sides[$1]} tenths
    [ ! -f "$work/$1.counts" ] || return 0 # it has ended
    kill -TERM -- "-$group" 2>/dev/null || return 0
    for ((tenths = 0; tenths < break_off_seconds * 10; tenths++)); do
        kill -0 -- "-$group" 2>/dev/null || return 0
        sleep 0.1
    done
    kill -KILL -- "-$group" 2>/dev/null || true
}

clean_up() {
    local side run
    trap '' INT TERM
    for side in "${!sides[@]}"; do break_off "$side"; done
    for run in "$work"/*/run "$work"/*/*/run; do
        [ ! -d "$run" ] || ORDERLY_RUN_DIR=$run deploy/local/down.sh >/dev/null 2>&1 || true
    done
    rm -rf "$work"
}
trap clean_up EXIT
trap 'exit 130' INT TERM

heading() { printf '\n==== %s\n' "$*"; }

# check NAME COMMAND...: counts as one test.
check() {
    local name=$1
    shift
    heading "$name"
    if "$@"; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        printf '**** failed: %s\n' "$name"
    fi
}

# suite PRESET LABELS: every ctest of these labels counts.
suite() {
    local log=$work/ctest-$1.log ran bad
    heading "$1: $2"
    export ORDERLY_TEST_BIN=$top/build/$1/bin
    ctest --preset "$1" -L "$2" 2>&1 | tee "$log" || true
    ran=$(sed -n 's/.*tests passed, \([0-9]*\) tests\{0,1\} failed out of \([0-9]*\).*/\1 \2/p' "$log" | tail -n 1)
    if [ -z "$ran" ]; then
        failed=$((failed + 1))
        printf '**** failed: no test was run\n'
        return 0
    fi
    bad=${ran% *}
    failed=$((failed + bad))
    passed=$((passed + ${ran#* } - bad))
}

build() {
    if ! { cmake --preset "$1" && cmake --build --preset "$1"; } >"$work/$1.log" 2>&1; then
        tail -n 40 "$work/$1.log"
        return 1
    fi
}

metrics_are_current() { diff docs/metrics.md <(docs/print-metrics.sh build/dev/bin); }

settings_are_current() { diff docs/settings.md <(docs/print-settings.sh build/dev/bin); }

installs() {
    local prefix=$work/prefix
    cmake --install build/dev --prefix "$prefix" >"$work/install.log" && groff -ww -man -Tascii "$prefix/share/man/man1/orderly.1" >/dev/null &&
        bash -c "source '$prefix/share/bash-completion/completions/orderly' && complete -p orderly"
}

scripts() {
    git ls-files '*.sh' .ci/run | xargs shellcheck -x
}

# A port that nobody listens on, and neither on the next.
free_port() {
    local port
    for ((port = $1; port < $1 + 1000; port += 2)); do
        if ! (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null && ! (exec 3<>"/dev/tcp/127.0.0.1/$((port + 1))") 2>/dev/null; then
            printf '%s' "$port"
            return 0
        fi
    done
    die "no free port from $1 on"
}

# whole COMMAND...: what it prints comes in one piece when it is done; so two of them can run at the same time.
whole() {
    local log code=0
    log=$(mktemp "$work/said.XXXXXX")
    "$@" >"$log" 2>&1 || code=$?
    flock "$work/printing" cat "$log"
    rm -f "$log"
    return "$code"
}

# start_own NAME KAFKA_PORT REDIS_PORT: a Kafka and a Redis for this side alone, on these ports or the next that are free; all
# below those that tests take for themselves (tests/support/free_port.c). One side after the other: both fetch Kafka into the
# same cache.
start_own() {
    export TMPDIR=$work/$1 ORDERLY_RUN_DIR=$work/$1/run
    mkdir -p "$ORDERLY_RUN_DIR"
    ORDERLY_KAFKA_PORT=$(free_port "$2")
    ORDERLY_REDIS_PORT=$(free_port "$3")
    export ORDERLY_KAFKA_PORT ORDERLY_REDIS_PORT
    flock -o "$work/fetching" deploy/local/up.sh --only-infra
    export ORDERLY_TEST_KAFKA=127.0.0.1:$ORDERLY_KAFKA_PORT ORDERLY_TEST_REDIS=redis://127.0.0.1:$ORDERLY_REDIS_PORT
    export ORDERLY_TEST_PYTHON=$work/contract/bin/python
}

plain_side() {
    start_own plain 14092 16379
    whole suite dev 'unit|integration|e2e'
    whole check 'contract: every record that the suites left' \
        tests/contract/run.sh "$work/contract" --records "$ORDERLY_TEST_KAFKA"
    deploy/local/down.sh
}

# The last two have a Kafka and a Redis of their own, and build into the same folder: one after the other.
strict_side() {
    start_own strict 17092 18379
    export ORDERLY_HTTP_PORT=12101 # of the services of the last two
    whole suite asan 'unit|integration'
    deploy/local/down.sh
    whole suite fuzz fuzz
    whole check 'local: demo, kcat, taken ports, take-down' tests/local/run.sh
    whole check 'metrics: five services, every ending, read by promtool and a client library' \
        tests/metrics/run.sh "$work/metrics-tools"
}

# run_side NAME: writes down what it has counted.
run_side() {
    local passed=0 failed=0
    "$1_side"
    printf '%s %s\n' "$passed" "$failed" >"$work/$1.counts"
}

# start_side NAME: in the background, as a group of processes of its own.
start_side() {
    set -m
    run_side "$1" </dev/null &
    set +m
    sides[$1]=$!
}

# end_side NAME: waits for it, and counts what it has counted; a side that broke off is a failure.
end_side() {
    local side_passed=0 side_failed=1
    wait "${sides[$1]}" || true
    unset "sides[$1]"
    if [ -f "$work/$1.counts" ]; then
        read -r side_passed side_failed <"$work/$1.counts"
    else
        printf '**** failed: the %s side broke off\n' "$1"
    fi
    passed=$((passed + side_passed))
    failed=$((failed + side_failed))
}

side_by_side() {
    heading 'two sides at once: dev, records; and asan, fuzz, local, metrics'
    start_side plain
    start_side strict
    end_side plain
    end_side strict
}

install_missing gcc libc6-dev cmake ninja-build pkg-config librdkafka-dev libhiredis-dev libjson-c-dev libmicrohttpd-dev \
    libssl-dev libcriterion-dev clang clang-format libclang-rt-dev shellcheck redis-server redis-tools kcat maven default-jre-headless curl git python3 python3-venv \
    prometheus groff-base

command -v npm >/dev/null || install_missing nodejs npm # another Node.js than Debian's will do

check 'scripts: shellcheck' scripts
check 'the rules of the house' tests/tidy.sh
check 'containers: Dockerfile, compose file, YAML' tests/deploy/static.sh "$work/tools"
check 'contract: AsyncAPI, schemas, examples, quoted code' tests/contract/run.sh "$work/contract"
check 'build: gcc' build dev
check 'build: clang' build dev-clang
check 'build: sanitizers' build asan
check 'build: fuzz harnesses' build fuzz
check 'docs: settings.md is current' settings_are_current
check 'docs: metrics.md is current' metrics_are_current
check 'install: programs, man page, completion' installs

side_by_side
printf '\n%s passed, %s failed\n' "$passed" "$failed"
[ "$failed" = 0 ]
