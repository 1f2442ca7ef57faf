#!/usr/bin/env bash
# run.sh - installs what is missing, builds with gcc, clang and the sanitizers, starts a Redis and a Kafka of its own, and runs
# every suite.
# Ends with "N passed, N failed", and non-zero when anything failed.
set -euo pipefail
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$top"

unset KAFKA_BOOTSTRAP_SERVERS REDIS_URL NAMESPACE # the suites have their own
work=$(mktemp -d "${TMPDIR:-/tmp}/orderly-tests.XXXXXX")
export TMPDIR=$work ORDERLY_RUN_DIR=$work/infra
mkdir -p "$ORDERLY_RUN_DIR"
# shellcheck source=deploy/local/lib.sh
source deploy/local/lib.sh

passed=0 failed=0
clean_up() {
    deploy/local/down.sh >/dev/null 2>&1 || true
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
    local log=$work/ctest.log ran bad
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

ORDERLY_KAFKA_PORT=$(free_port 19092)
ORDERLY_REDIS_PORT=$(free_port 16379)
export ORDERLY_KAFKA_PORT ORDERLY_REDIS_PORT
deploy/local/up.sh --only-infra
export ORDERLY_TEST_KAFKA=127.0.0.1:$ORDERLY_KAFKA_PORT ORDERLY_TEST_REDIS=redis://127.0.0.1:$ORDERLY_REDIS_PORT
export ORDERLY_TEST_PYTHON=$work/contract/bin/python

suite dev 'unit|integration|e2e'
check 'contract: every record that the suites left' tests/contract/run.sh "$work/contract" --records "$ORDERLY_TEST_KAFKA"
suite asan 'unit|integration'
suite fuzz fuzz
deploy/local/down.sh

check 'local: demo, kcat, taken ports, take-down' tests/local/run.sh
check 'metrics: five services, every ending, read by promtool and a client library' tests/metrics/run.sh "$work/metrics-tools"

printf '\n%s passed, %s failed\n' "$passed" "$failed"
[ "$failed" = 0 ]
