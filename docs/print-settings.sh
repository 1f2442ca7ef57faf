#!/usr/bin/env bash
# print-settings.sh BIN - prints docs/settings.md from the programs' own tables.
# shellcheck disable=SC2016 # the backquotes are Markdown's
set -euo pipefail
bin=$1
printf '# Settings\n\nPrinted by `docs/print-settings.sh build/dev/bin` from the tables in the programs; do not edit.\n\n'
printf 'Settings come from the environment. `NAME_FILE=/path` reads `NAME` from a file, without a byte-order mark and the line\n'
printf 'ends behind it. `RDKAFKA_<NAME>` sets a property of librdkafka (`RDKAFKA_SECURITY_PROTOCOL=ssl` sets\n'
printf '`security.protocol`); those that carry the guarantees are refused.\n'
for service in validator payment inventory fulfillment orchestrator; do
    printf '\n## orderly-%s\n\n' "$service"
    "$bin/orderly-$service" --print-settings
done
printf '\n## orderly\n\n'
"$bin/orderly" --print-settings
