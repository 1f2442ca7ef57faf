#!/usr/bin/env bash
# run.sh [TOOLS] - /metrics of the five real services: orders that end in every way, rubbish, a command twice, Redis away
# for a while; the numbers add up, and what is printed is read by promtool and by Prometheus' own Python client (from PyPI,
# into the folder TOOLS). On its own ports and run folder.
set -euo pipefail
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cd "$top"

work=$(mktemp -d "${TMPDIR:-/tmp}/orderly-metrics.XXXXXX")
tools=${1:-$work/tools}
export ORDERLY_RUN_DIR=$work/run ORDERLY_KAFKA_PORT=${ORDERLY_KAFKA_PORT:-30592} ORDERLY_REDIS_PORT=${ORDERLY_REDIS_PORT:-30379}
export ORDERLY_HTTP_PORT=${ORDERLY_HTTP_PORT:-30101}
unset KAFKA_BOOTSTRAP_SERVERS REDIS_URL
mkdir -p "$ORDERLY_RUN_DIR"
# shellcheck source=deploy/local/lib.sh
source deploy/local/lib.sh

clean_up() {
    deploy/local/down.sh >/dev/null 2>&1 || true
    rm -rf "$work"
}
trap clean_up EXIT
trap 'exit 130' INT TERM

kafka() { kcat -b "127.0.0.1:$ORDERLY_KAFKA_PORT" "$@"; }
place() { # place ID QUANTITY
    printf '{"orderId":"%s","customerId":"C-1","items":[{"productId":"KEYBOARD","quantity":%s}],"paymentMethod":"tok_visa"}\n' "$1" "$2" |
        kafka -P -t orders
}
# Waits until the metrics are what they should be after this part of the story, or fails and says what is not.
expect() { "$tools/bin/python3" tests/metrics/check.py "$ORDERLY_HTTP_PORT" "$1"; }

promtool_reads_all() {
    local i
    for i in "${!services[@]}"; do
        curl -fsS "http://127.0.0.1:$((ORDERLY_HTTP_PORT + i))/metrics" | promtool check metrics
    done
}

install_missing prometheus curl python3 python3-venv
[ -d "$tools/lib" ] || python3 -m venv "$tools"
"$tools/bin/pip" install --quiet --disable-pip-version-check prometheus-client
promtool check config deploy/prometheus/prometheus.yml
promtool test rules tests/metrics/alerts_test.yml

deploy/local/demo.sh >"$work/demo.log" || { cat "$work/demo.log"; exit 1; }
expect orders
promtool_reads_all

# An order, the same again, another one under its id; what is no JSON; and a command that Kafka delivers twice.
place METRICS-1 1
expect one_more
place METRICS-1 1
place METRICS-1 2
printf 'rubbish\n' | kafka -P -t orders
printf 'rubbish\n' | kafka -P -t payment.commands
kafka -C -t payment.commands -o beginning -e -q >"$work/commands"
grep -m 1 METRICS-1/payment.authorize "$work/commands" | kafka -P -t payment.commands -k METRICS-1
expect rubbish

stop redis
place METRICS-2 1
place METRICS-3 1
expect redis_away
start_redis
expect redis_back
promtool_reads_all
printf 'metrics: good\n'
