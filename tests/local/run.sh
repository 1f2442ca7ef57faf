#!/usr/bin/env bash
# run.sh - deploy/local as a user meets it: the demo twice, the README's order by kcat and its state by redis-cli, a taken
# port, and a take-down that leaves nothing behind. On its own ports and run folder.
set -euo pipefail
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cd "$top"

work=$(mktemp -d "${TMPDIR:-/tmp}/orderly-local.XXXXXX")
export ORDERLY_RUN_DIR=$work/run ORDERLY_KAFKA_PORT=${ORDERLY_KAFKA_PORT:-29392} ORDERLY_REDIS_PORT=${ORDERLY_REDIS_PORT:-26379}
export ORDERLY_HTTP_PORT=${ORDERLY_HTTP_PORT:-28101}
unset KAFKA_BOOTSTRAP_SERVERS REDIS_URL NAMESPACE
wait_seconds=30

# The same for a second system beside the first, on its Kafka and Redis.
beside() {
    env NAMESPACE=shop ORDERLY_RUN_DIR="$work/shop" ORDERLY_HTTP_PORT=$((ORDERLY_HTTP_PORT + 10)) \
        KAFKA_BOOTSTRAP_SERVERS="127.0.0.1:$ORDERLY_KAFKA_PORT" REDIS_URL="redis://127.0.0.1:$ORDERLY_REDIS_PORT" "$@"
}

clean_up() {
    beside deploy/local/down.sh >/dev/null 2>&1 || true
    deploy/local/down.sh >/dev/null 2>&1 || true
    rm -rf "$work"
}
trap clean_up EXIT
trap 'exit 130' INT TERM

fail() { printf 'local: %s\n' "$*" >&2; exit 1; }

# The lines of the README's tested block, with this run's ports in them.
readme_lines() {
    sed -n '/^<!-- tested: place and read -->$/,/^<!-- end -->$/p' README.md | grep -v '^<!--\|^.``' |
        sed "s/localhost:9092/127.0.0.1:$ORDERLY_KAFKA_PORT/; s/redis-cli /redis-cli -p $ORDERLY_REDIS_PORT /"
}

order_completes() {
    local tenths
    for ((tenths = 0; tenths < wait_seconds * 10; tenths++)); do
        [ "$(redis-cli -p "$ORDERLY_REDIS_PORT" HGET saga:ORD-1001 status)" = completed ] && return 0
        sleep 0.1
    done
    return 1
}

deploy/local/demo.sh
deploy/local/demo.sh >"$work/second.log" 2>&1 || { cat "$work/second.log"; fail 'the second demo failed'; }
! grep 'AUTH failed' "$work/second.log" || fail 'the demo signs in where no password is asked for'

# ---- a second system beside the first, on the same Kafka and Redis ----

beside deploy/local/demo.sh >"$work/shop.log" 2>&1 || { cat "$work/shop.log"; fail 'the demo with a namespace failed'; }
beside build/release/bin/orderly audit >"$work/shop.log" 2>&1 || { cat "$work/shop.log"; fail 'the audit with a namespace finds something'; }
beside deploy/local/down.sh
[ -n "$(redis-cli -p "$ORDERLY_REDIS_PORT" --scan --pattern 'shop:saga:*' | head -n 1)" ] || fail 'the second system has no keys of its own'

readme_lines >"$work/readme.sh"
[ "$(wc -l <"$work/readme.sh")" -ge 2 ] || fail 'the README has no tested lines'
bash -eu "$work/readme.sh" >"$work/readme.log"
order_completes || fail 'the order of the README does not complete'
bash -eu "$work/readme.sh" | grep -A 1 '^status$' | grep '^completed$' >/dev/null || fail 'the README does not read the state'

if ORDERLY_RUN_DIR=$work/other deploy/local/up.sh --only-infra >"$work/taken.log" 2>&1; then
    fail 'a taken port went unnoticed'
fi
grep -q 'is taken by another program' "$work/taken.log" || { cat "$work/taken.log"; fail 'a taken port has no clear message'; }

pids=$(awk '{print $1}' "$ORDERLY_RUN_DIR"/*.pid)
[ "$(wc -w <<<"$pids")" = 7 ] || fail "not 7 processes run but: $pids"
deploy/local/down.sh
deploy/local/down.sh
for pid in $pids; do
    # What has ended and only waits for its parent to notice is not left.
    [ ! -d "/proc/$pid" ] || grep -q '^State:[[:space:]]*Z' "/proc/$pid/status" || fail "process $pid is left"
done
for port in "$ORDERLY_KAFKA_PORT" "$ORDERLY_REDIS_PORT" "$ORDERLY_HTTP_PORT"; do
    if (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
        fail "somebody listens on $port still"
    fi
done

# ---- with a Redis that has a password: nobody sees it ----

password='hu@sh/100%' encoded='hu@sh%2F100%25'
deploy/local/up.sh --only-infra
mkdir "$work/seen"
read_url() (
    # shellcheck source=deploy/local/lib.sh
    source deploy/local/lib.sh
    read_redis_url "$1"
    printf '%s|%s|%s' "${redis_options[*]}" "${REDISCLI_AUTH:-}" "$redis_shown"
)
while read -r url wanted; do
    [ "$(read_url "$url")" = "$wanted" ] || fail "$url is read as $(read_url "$url")"
done <<'END'
redis://h -h h -p 6379||redis://h
redis://h:1/2 -h h -p 1 -n 2||redis://h:1/2
redis://:p@h:1 -h h -p 1|p|redis://h:1
redis://u:p%40%5C%25@q:@h -h h -p 6379 --user u|p@\%@q:|redis://h
rediss://u:p@[::1]:1 -h ::1 -p 1 --tls --user u|p|rediss://[::1]:1
unix:///a@b/s -s /a@b/s||unix:///a@b/s
unix://u:p@/s -s /s --user u|p|unix:///s
END
for program in redis-cli kcat curl; do
    printf '#!/bin/sh\nprintf "%%s\\n" "%s $*" >>"%s/arguments"\nexec %s "$@"\n' "$program" "$work/seen" "$(command -v "$program")" \
        >"$work/seen/$program"
    chmod 755 "$work/seen/$program"
done
redis-cli -p "$ORDERLY_REDIS_PORT" ACL SETUSER app on ">$password" '~*' '&*' +@all >/dev/null
redis-cli -p "$ORDERLY_REDIS_PORT" ACL SETUSER default off >/dev/null
with_password() {
    env PATH="$work/seen:$PATH" KAFKA_BOOTSTRAP_SERVERS="127.0.0.1:$ORDERLY_KAFKA_PORT" \
        REDIS_URL="redis://app:$encoded@127.0.0.1:$ORDERLY_REDIS_PORT" "$@"
}
{ with_password deploy/local/up.sh --only-infra && with_password deploy/local/demo.sh; } >"$work/seen/printed" 2>&1 ||
    { tail -n 30 "$work/seen/printed"; fail 'the demo with a password failed'; }
! grep 'AUTH failed' "$work/seen/printed" || fail 'the demo signs in with something else'
grep -q '^redis-cli .*HGET saga:' "$work/seen/arguments" || fail 'the commands of the demo went past the test'
while read -r pid _; do
    tr '\0' ' ' <"/proc/$pid/cmdline"
done < <(cat "$ORDERLY_RUN_DIR"/*.pid) >"$work/seen/running"
if grep -rF "${password%%/*}" "$work/seen" "$ORDERLY_RUN_DIR"/*.log; then
    fail 'the password of Redis can be seen'
fi
deploy/local/down.sh
printf 'local: good\n'
