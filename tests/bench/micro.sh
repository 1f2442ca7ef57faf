#!/usr/bin/env bash
# micro.sh [BIN]: instructions of one operation, as callgrind counts them: the same on a quiet machine and a busy one. A
# case is run a few times and many times, and the difference is divided: what the start costs falls out. BIN: the folder of
# bench_micro (build/bench/bin).
set -euo pipefail
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
bin=${1:-$top/build/bench/bin}

few=2
declare -A many=([batch-500]=12) # the others: many_default
many_default=202

instructions() { # instructions CASE TIMES
    valgrind --tool=callgrind --callgrind-out-file=/dev/null "$bin/bench_micro" "$1" "$2" 2>&1 |
        sed -n 's/^.*Collected : \([0-9]*\).*$/\1/p'
}

command -v valgrind >/dev/null || { printf 'micro: valgrind is missing (Debian package valgrind)\n' >&2; exit 1; }
printf '| case | instructions |\n|---|---:|\n'
for name in $("$bin/bench_micro"); do
    times=${many[$name]:-$many_default}
    a=$(instructions "$name" "$few")
    b=$(instructions "$name" "$times")
    if [ -z "$a" ] || [ -z "$b" ]; then
        printf 'micro: %s could not be counted\n' "$name" >&2
        exit 1
    fi
    printf '| %s | %d |\n' "$name" $(((b - a) / (times - few)))
done
