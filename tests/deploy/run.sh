#!/usr/bin/env bash
# run.sh - docker compose for real: up from nothing, an order in and its state out, scaled, killed, restarted, rebuilt,
# taken down with nothing left. Needs an engine that answers; has a project and ports of its own, and cleans up after itself
# also when it fails.
set -euo pipefail
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cd "$top"

if ! docker version --format '{{.Server.Version}}' >/dev/null 2>&1 || ! docker compose version >/dev/null 2>&1; then
    printf 'No Docker engine with compose answers here: the containers are not tested.\n'
    exit 0
fi

export COMPOSE_PROJECT_NAME=orderly-test-$$
export ORDERLY_KAFKA_PORT=${ORDERLY_TEST_KAFKA_PORT:-19392} ORDERLY_REDIS_PORT=${ORDERLY_TEST_REDIS_PORT:-16679}
export ORDERLY_TEST_KAFKA=127.0.0.1:$ORDERLY_KAFKA_PORT ORDERLY_TEST_REDIS=redis://127.0.0.1:$ORDERLY_REDIS_PORT
bin=${ORDERLY_TEST_PROGRAMS:-$top/build/dev/bin}
if [ ! -x "$bin/deploy_test_containers" ]; then
    printf 'Build the tests first: cmake --preset dev && cmake --build --preset dev\n' >&2
    exit 1
fi
work=$(mktemp -d "${TMPDIR:-/tmp}/orderly-deploy.XXXXXX")
wait_seconds=90
passed=0 failed=0

clean_up() {
    docker compose --profile cli down -v --remove-orphans >/dev/null 2>&1 || true
    rm -rf "$work"
}
trap clean_up EXIT
trap 'exit 130' INT TERM

# check NAME COMMAND...: in a shell of its own, so that the first command that fails in a function fails the check.
check() {
    local name=$1 code=0
    shift
    set +e
    (set -e; "$@") >"$work/check.log" 2>&1
    code=$?
    set -e
    if [ "$code" = 0 ]; then
        passed=$((passed + 1))
        printf 'ok      %s\n' "$name"
    else
        failed=$((failed + 1))
        printf 'FAILED  %s\n' "$name"
        tail -n 30 "$work/check.log"
    fi
}

compose() { docker compose "$@"; }
redis() { compose exec -T redis redis-cli "$@"; }
orderly() { compose run --rm -T orderly "$@"; }
order() { printf '{"orderId":"%s","customerId":"C-1","items":[{"productId":"KEYBOARD","quantity":1}],"paymentMethod":"tok_visa"}\n' "$1"; }
up() { compose up -d --wait "$@"; }

until_true() {
    local tenths
    for ((tenths = 0; tenths < wait_seconds * 5; tenths++)); do
        "$@" >/dev/null 2>&1 && return 0
        sleep 0.2
    done
    return 1
}

is_completed() { [ "$(redis HGET "saga:$1" status)" = completed ]; }

# ---- what is checked ----

console_producer() {
    order "$1" | compose exec -T kafka /opt/kafka/bin/kafka-console-producer.sh --bootstrap-server localhost:9092 --topic orders
    until_true is_completed "$1"
    redis HGETALL "saga:$1" | grep '^completed' >/dev/null
}

from_host() {
    order ORD-HOST | kcat -b "localhost:$ORDERLY_KAFKA_PORT" -P -t orders
    until_true is_completed ORD-HOST
    [ "$(redis-cli -p "$ORDERLY_REDIS_PORT" HGET saga:ORD-HOST status)" = completed ]
}

command_line() {
    order ORD-CLI | orderly submit --wait -
    orderly get ORD-CLI | grep 'payment.captured' >/dev/null
}

only_loopback() {
    compose ps --format '{{.Ports}}' | tr ',' '\n' | grep -- '->' >"$work/ports"
    [ "$(wc -l <"$work/ports")" = 2 ] && ! grep -v '^ *127\.0\.0\.1:' "$work/ports"
}

# Each of these would lose a day's orders, or open a way to.
redis_refuses() {
    local words
    for words in FLUSHALL FLUSHDB 'KEYS saga:?' 'DEBUG SLEEP 0' 'CONFIG SET appendonly no' 'SHUTDOWN NOSAVE' 'ACL SETUSER default +@all' \
        "EVAL redis.call('FLUSHALL') 0"; do
        # shellcheck disable=SC2086 # the words of the command
        redis $words 2>&1 | grep "NOPERM\|not allowed\|can't run" >/dev/null || { printf 'not refused: %s\n' "$words"; return 1; }
    done
    is_completed ORD-HOST
}

hardened() {
    local service id
    for service in validator payment inventory fulfillment orchestrator; do
        for id in $(compose ps -q "$service"); do
            docker inspect --format '{{.Config.User}} {{.HostConfig.ReadonlyRootfs}} {{.HostConfig.CapDrop}} {{.HostConfig.SecurityOpt}} {{gt .HostConfig.Memory 0}}' "$id" |
                grep '^10001:10001 true \[ALL\] \[no-new-privileges:true\] true$' >/dev/null || return 1
        done
    done
}

logs_rotate() {
    local id
    for id in $(compose ps -aq); do
        docker inspect --format '{{index .HostConfig.LogConfig.Config "max-size"}} {{index .HostConfig.LogConfig.Config "max-file"}}' "$id" | grep '^10m 3$' >/dev/null || return 1
    done
}

topic_config() { compose exec -T kafka /opt/kafka/bin/kafka-configs.sh --bootstrap-server localhost:9092 --describe --entity-type topics --entity-name "$1"; }

retention() {
    local ttl
    topic_config orders | tee "$work/config"
    grep -q 'retention.ms=604800000 ' "$work/config" && grep -q 'segment.ms=21600000 ' "$work/config" &&
        grep -q 'message.timestamp.type=LogAppendTime ' "$work/config" && grep -q 'flush.messages=1 ' "$work/config" || return 1
    topic_config orders.dlq | grep 'retention.ms=2592000000 ' >/dev/null || return 1
    ttl=$(redis TTL saga:ORD-HOST)
    printf 'ttl %s\n' "$ttl"
    [ "$ttl" -gt 777000 ] && [ "$ttl" -le 777600 ]
}

redis_keeps() {
    [ "$(redis CONFIG GET appendonly | tail -n 1)" = yes ] && [ "$(redis CONFIG GET appendfsync | tail -n 1)" = always ] &&
        [ "$(redis CONFIG GET maxmemory-policy | tail -n 1)" = noeviction ] &&
        [ "$(redis CONFIG GET maxmemory | tail -n 1)" -gt 0 ]
}

scaled() {
    up --scale payment=3 --scale orchestrator=2
    [ "$(compose ps -q payment | wc -l)" = 3 ] && [ "$(compose ps -q orchestrator | wc -l)" = 2 ]
    order ORD-SCALED | kcat -b "localhost:$ORDERLY_KAFKA_PORT" -P -t orders
    until_true is_completed ORD-SCALED
}

# thousand_orders DISTURBANCE...: places them, disturbs meanwhile, waits for all of them, and audits.
thousand_orders() {
    local crowd
    (cd "$top" && exec "$bin/deploy_test_containers" --jobs 1) >"$work/crowd.log" 2>&1 &
    crowd=$!
    "$@"
    wait "$crowd" || { cat "$work/crowd.log"; return 1; }
}

kill_each() {
    local service
    for service in validator payment inventory fulfillment orchestrator redis kafka; do
        printf '== %s killed at %s\n' "$service" "$(date +%T)"
        compose kill -s KILL "$service"
        up --scale payment=3 --scale orchestrator=2
    done
}

restart_all() { compose restart; }

rebuild_each() {
    local service
    for service in validator payment inventory fulfillment orchestrator; do
        ORDERLY_REVISION=rebuilt-$$ compose build --quiet "$service"
        case $service in
            payment) ORDERLY_REVISION=rebuilt-$$ up --no-deps --scale payment=3 payment ;;
            orchestrator) ORDERLY_REVISION=rebuilt-$$ up --no-deps --scale orchestrator=2 orchestrator ;;
            *) ORDERLY_REVISION=rebuilt-$$ up --no-deps "$service" ;;
        esac
    done
    docker inspect --format '{{index .Config.Labels "org.opencontainers.image.revision"}}' "$(compose ps -q validator)" | grep "^rebuilt-$$\$" >/dev/null
}

down_and_up() {
    compose down
    up
    is_completed ORD-HOST
    order ORD-AGAIN | kcat -b "localhost:$ORDERLY_KAFKA_PORT" -P -t orders
    until_true is_completed ORD-AGAIN
}

nothing_left() {
    local filter="label=com.docker.compose.project=$COMPOSE_PROJECT_NAME"
    compose --profile cli down -v
    [ -z "$(docker ps -aq --filter "$filter")" ] && [ -z "$(docker volume ls -q --filter "$filter")" ] && [ -z "$(docker network ls -q --filter "$filter")" ]
}

memory() { compose ps -q | xargs docker stats --no-stream --format '{{.Name}} {{.MemUsage}}' | sort; }

began=$SECONDS
check 'up from nothing' up --build
[ "$failed" = 0 ] || exit 1
printf '        in %s s\n' $((SECONDS - began))
check 'an order through the console producer, its state by redis-cli' console_producer ORD-CONSOLE
check 'kcat and redis-cli from the host' from_host
check 'the command line' command_line
check 'ports on 127.0.0.1 only' only_loopback
check 'Redis refuses what would lose the orders' redis_refuses
check 'Redis keeps what it acknowledges' redis_keeps
check 'non-root, read-only, no capabilities, memory limit' hardened
check 'logs rotate' logs_rotate
check 'retention of topics and sagas' retention
check 'the catalog of the tests' orderly catalog load - <tests/support/catalog.json
check 'scaled' scaled
check 'each service, Redis and Kafka killed in the middle of 1,000 orders' thousand_orders kill_each
check 'everything restarted in the middle of 1,000 orders' thousand_orders restart_all
check 'rebuilt one service at a time in the middle of 1,000 orders' thousand_orders rebuild_each
memory
check 'down, and up again with what was there' down_and_up
check 'down -v leaves nothing' nothing_left

printf '\n%s passed, %s failed\n' "$passed" "$failed"
[ "$failed" = 0 ]
