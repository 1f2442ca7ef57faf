#!/usr/bin/env bash
# print-metrics.sh BIN - prints docs/metrics.md from the programs' own tables and the alerts in deploy/prometheus.
# shellcheck disable=SC2016 # the backquotes are Markdown's
set -euo pipefail
bin=$1
alerts=$(dirname "${BASH_SOURCE[0]}")/../deploy/prometheus/alerts.yml

# The tables of a service: the first is of every service, the second its own.
common_table() { "$bin/orderly-$1" --print-metrics | sed '/^$/,$d'; }
own_table() { "$bin/orderly-$1" --print-metrics | sed '1,/^$/d'; }

printf '# Metrics\n\nPrinted by `docs/print-metrics.sh build/dev/bin` from the tables in the programs; do not edit.\n\n'
printf 'Every service answers `/metrics` on `HTTP_PORT`, in the text format of Prometheus. Counters begin at 0 with the process, and count a\n'
printf 'batch when it is done; one that is handled again counts once. The number of series is bounded: what would exceed it is counted under `other`.\n'
printf 'How long ago something was comes from the times of the records, as the broker wrote them.\n'
printf '\n## Every service\n\n'
common_table validator
printf '\n## The workers: validator, payment, inventory, fulfillment\n\n'
own_table validator
printf '\n## The orchestrator\n\n'
own_table orchestrator
printf '\n## Scraping and alerts\n\n'
printf '`deploy/prometheus/prometheus.yml` scrapes what `deploy/local/up.sh` starts; `deploy/prometheus/alerts.yml` beside it:\n\n'
printf '```yaml\n'
sed 's/[[:space:]]*$//' "$alerts"
printf '```\n'
