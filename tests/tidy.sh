#!/usr/bin/env bash
# tidy.sh - the rules of the house that a machine can see. Prints every place that breaks one, and exits 1 when there is any.
# Needs only git, awk and, where it is there, clang-format 14 (Debian 12's: other versions lay out some lines differently).
set -euo pipefail
shopt -s lastpipe # breaks, the end of a pipe, sets a variable of this shell
cd "$(dirname "${BASH_SOURCE[0]}")/.."

columns_max=130
broken=0

# breaks RULE: the lines on standard input, if any, break it.
breaks() {
    local lines
    lines=$(cat)
    [ -n "$lines" ] || return 0
    broken=1
    printf '**** %s\n%s\n' "$1" "$lines"
}

sources() { git ls-files 'common/*.[ch]' 'services/*.[ch]' 'cli/*.[ch]'; }
all_code() { git ls-files '*.c' '*.h' '*.lua' '*.sh' '*.py' '*.cmake' '*CMakeLists.txt' .ci/run; }

# found PATTERN: lines of our sources, comments aside, that match; each as file:number:line.
found() { sources | xargs grep -nE "$1" | grep -vE '^[^:]*:[0-9]+: *(/\*|\*|//)' || true; }

# vendor HEADER ROOM: only there is it included.
vendor() { found "#include <$1" | grep -v "^$2" | breaks "$1 belongs into $2" || true; }

layout() {
    command -v clang-format >/dev/null && clang-format --version | grep -q 'version 14' || return 0
    git ls-files '*.c' '*.h' | xargs clang-format --dry-run -Werror 2>&1 | grep -E 'error:' || true
}

# A prototype begins a line and ends with ");". What stands right above it has to be the end of a comment.
undocumented() {
    git ls-files 'common/*.h' 'services/*.h' 'cli/*.h' | while read -r header; do
        awk -v name="$header" '
            in_prototype { if (/;[ \t]*(\/\*.*)?$/) in_prototype = 0; above = $0; next }
            /^(MUST_CHECK |const |struct |enum |unsigned |size_t |u?int[0-9]+_t |bool |int |void |char |pid_t |error_t )[^=]*\(/ && !/^(struct|enum) [a-z_]+ \{/ && !/\{$/ {
                if (above !~ /\*\/[ \t]*$/) printf "%s:%d: %s\n", name, NR, $0
                if (!/;[ \t]*(\/\*.*)?$/) in_prototype = 1
            }
            { above = $0 }' "$header"
    done
}

# Pages of docs/ that are named somewhere, and relative links of our documents, that lead nowhere.
lost_pages() {
    local page place link
    { all_code; git ls-files '*.md'; } | xargs grep -noE 'docs/[A-Za-z0-9_/.-]+\.(md|yaml|json|svg)' | while IFS=: read -r place number page; do
        [ -e "$page" ] || printf '%s:%s: %s\n' "$place" "$number" "$page"
    done
    git ls-files '*.md' | xargs grep -noE '\]\([A-Za-z0-9_./-]+' | while IFS=: read -r place number link; do
        link=${link#](}
        [ -e "$(dirname "$place")/$link" ] || printf '%s:%s: %s\n' "$place" "$number" "$link"
    done
}

vendor librdkafka/ common/kafka/
vendor hiredis/ common/redis/
vendor json-c/ common/text/
vendor microhttpd common/runtime/
found '\b(clock_gettime|clock_nanosleep|nanosleep|gettimeofday|u?sleep|time)\(' | grep -v '^common/clock/' |
    breaks 'a clock of this machine is read, and slept by, in common/clock alone' || true
layout | breaks 'clang-format lays it out differently'
# ("sagas:broken" with SCARD is the name of a check of the doctor.)
found '"[^"]*(saga|sagas|stock|payment|shipment):[^"]*"' |
    grep -vE '^common/domain/|: a warehouse is|: not an object|"sagas:broken", "SCARD"' |
    breaks 'keys of Redis are made in common/domain/keys.c' || true
found '"(saga\.inbox|order\.events|(orders|saga\.inbox)\.dlq|(validator|payment|inventory|fulfillment)\.commands)"|topic[^,;]*"orders"' |
    grep -v '^common/domain/' | breaks 'topics are named in common/domain/names.h' || true
found '\b(sprintf|strcpy|strcat|atoi|gets)\(' | breaks 'use snprintf, a text or text_to_number'
undocumented | breaks 'a prototype says shape, units, ownership, errors right above it'
# shellcheck disable=SC2016 # the program is in awk
git ls-files '*.c' '*.h' '*.lua' '*.cmake' '*CMakeLists.txt' |
    xargs awk -v max="$columns_max" 'length($0) > max { printf "%s:%d: %d columns\n", FILENAME, FNR, length($0) }' |
    breaks "no line is longer than $columns_max columns"
git grep -nw 'DESIGN[.]md' -- ':!tests/tidy.sh' | breaks 'there is no such page: docs/ and ARCHITECTURE.md say it' || true
lost_pages | breaks 'there is no such page'
exit "$broken"
