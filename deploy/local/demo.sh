#!/usr/bin/env bash
# demo.sh - the whole way on a fresh machine: installs what is missing, builds, starts everything on loopback, places a dozen
# orders that end in every way, and shows what became of them. Leaves the system up. Exits non-zero if an order ended otherwise
# than it should.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
"$here/up.sh"
# shellcheck source=deploy/local/lib.sh
source "$here/lib.sh"

wait_seconds=60
kafka=${KAFKA_BOOTSTRAP_SERVERS:-127.0.0.1:$kafka_port}
redis_url=${REDIS_URL:-redis://127.0.0.1:$redis_port}
read_redis_url "$redis_url"
run=$(date +%s)
# Several systems may share Kafka and Redis, each with a NAMESPACE before its names.
topics=${NAMESPACE:+$NAMESPACE.} keys=${NAMESPACE:+$NAMESPACE:}

redis() { redis-cli "${redis_options[@]}" "$@"; }
show_stock() { KAFKA_BOOTSTRAP_SERVERS=$kafka REDIS_URL=$redis_url "$bin_dir/orderly" stock; }

# story | how it ends | why | the order without its id
stories=(
    'two keyboards|completed||"items":[{"productId":"KEYBOARD","quantity":2}],"paymentMethod":"tok_visa"'
    'a whole desk|completed||"items":[{"productId":"DESK","quantity":1},{"productId":"MONITOR","quantity":2},{"productId":"CABLE","quantity":3}],"paymentMethod":"tok_visa","shipTo":{"name":"Ada","line1":"1 Main St","city":"Turin","postalCode":"10121","country":"IT"}'
    'a free sticker|completed||"items":[{"productId":"STICKER","quantity":1}],"paymentMethod":"pm_account"'
    'paid in euros|completed||"items":[{"productId":"ESPRESSO","quantity":4}],"paymentMethod":"tok_sepa"'
    'nothing in it|rejected|validation_failed|"items":[],"paymentMethod":"tok_visa"'
    'half a mouse|rejected|validation_failed|"items":[{"productId":"MOUSE","quantity":0.5}],"paymentMethod":"tok_visa"'
    'not in the catalog|rejected|validation_failed|"items":[{"productId":"UNICORN","quantity":1}],"paymentMethod":"tok_visa"'
    'two currencies|rejected|validation_failed|"items":[{"productId":"MOUSE","quantity":1},{"productId":"ESPRESSO","quantity":1}],"paymentMethod":"tok_visa"'
    'a card number|rejected|validation_failed|"items":[{"productId":"MOUSE","quantity":1}],"paymentMethod":"4111 1111 1111 1111"'
    'declined|failed|payment_declined|"items":[{"productId":"MOUSE","quantity":1}],"paymentMethod":"tok_decline_funds"'
    'out of stock|failed|insufficient_inventory|"items":[{"productId":"MOUSE","quantity":1},{"productId":"FIRST-EDITION","quantity":10000}],"paymentMethod":"tok_visa"'
    'to Antarctica|failed|fulfillment_refused|"items":[{"productId":"KEYBOARD","quantity":1}],"paymentMethod":"tok_visa","shipTo":{"name":"Robert","country":"AQ"}'
)

order_id() { printf 'DEMO-%s-%02d' "$run" "$1"; }

place_orders() {
    local i rest
    for i in "${!stories[@]}"; do
        IFS='|' read -r _ _ _ rest <<<"${stories[i]}"
        printf '{"orderId":"%s","customerId":"C-42",%s}\n' "$(order_id "$i")" "$rest"
    done | kcat -b "$kafka" -P -t "${topics}orders"
}

# Waits until an order is done, prints its status. All of them together have wait_seconds.
ending_of() {
    local status=''
    while ((SECONDS < give_up_at)); do
        status=$(redis HGET "${keys}saga:$1" status)
        case "$status" in completed | rejected | failed | cancelled) break ;; esac
        sleep 0.05
    done
    printf '%s\n' "$status"
}

payment_of() {
    local status amount currency
    { read -r status && read -r amount && read -r currency; } < <(redis HMGET "${keys}payment:$1" status amount currency) || true
    [ -z "$status" ] || printf '%s %s %s' "$status" "$amount" "$currency"
}

print_endings() {
    local i story expected reason id status why verdict wrong=0
    printf '\n%-20s %-22s %-12s %-24s %-24s %s\n' ORDER STORY STATUS REASON PAYMENT ''
    for i in "${!stories[@]}"; do
        IFS='|' read -r story expected reason _ <<<"${stories[i]}"
        id=$(order_id "$i")
        status=$(ending_of "$id")
        why=$(redis HGET "${keys}saga:$id" reason)
        verdict=ok
        if [ "$status" != "$expected" ] || [ "$why" != "$reason" ]; then
            verdict="should be $expected $reason"
            wrong=$((wrong + 1))
        fi
        printf '%-20s %-22s %-12s %-24s %-24s %s\n' "$id" "$story" "${status:--}" "${why:--}" "$(payment_of "$id")" "$verdict"
    done
    return $((wrong > 0))
}

say
say "Stock before:"
show_stock
place_orders
give_up_at=$((SECONDS + wait_seconds))
failed=no
print_endings || failed=yes
say
say "Stock after:"
show_stock
say
say "Undo in reverse order, step by step:"
KAFKA_BOOTSTRAP_SERVERS=$kafka REDIS_URL=$redis_url "$bin_dir/orderly" get "$(order_id 11)"
hints=''
if [ -z "${REDIS_URL:-}" ] && [ "$kafka_port $redis_port" != '9092 6379' ]; then
    hints="  export KAFKA_BOOTSTRAP_SERVERS=$kafka REDIS_URL=$redis_url"$'\n'
fi
cat <<END

Everything is still up. Look around:
$hints\
  $bin_dir/orderly list
  $bin_dir/orderly get $(order_id 1)
  ${REDISCLI_AUTH:+REDISCLI_AUTH=PASSWORD }redis-cli ${redis_options[*]} HGETALL ${keys}saga:$(order_id 1)
  kcat -b $kafka -C -t ${topics}order.events -e
Logs are in $run_dir. Take it down with deploy/local/down.sh
END
[ "$failed" = no ] || die "an order ended otherwise than it should"
