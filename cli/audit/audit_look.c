/* audit_look.c - everything about some orders. The saga is read first and its version again last: what was read between the two
 * belongs to that version when they are the same. */
#include "audit.h"
#include "events.h"
#include "inventory.h"
#include "saga_load.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

/* Where the indexes begin: the statuses of the forward steps share one. */
#define FIRST_INDEX SAGA_CAPTURING_PAYMENT

enum cli_exit audit_read_clock(struct audit *audit) { return cli_redis_clock(audit->store, &audit->now_ms); }

/* One order on its way through the three round trips. */
struct look {
    const struct audit_subject *subject;
    struct audit_seen *seen;
    struct text warehouse; /* of the order */
    bool looks_elsewhere;  /* also at the subject's warehouse */
};

/* ---- the saga ---- */

static void take_saga(struct arena *arena, struct look *look, const struct store_value *reply)
{
    struct text values[SAGA_FIELD_COUNT] = {{NULL, 0}};
    struct audit_order *order = &look->seen->order;
    enum status status = saga_take(arena, reply, order->order_id, values, &order->saga);
    struct order lines;

    order->is_readable = status == STATUS_OK;
    order->has_saga = !order->is_readable || order->saga.version > 0;
    look->seen->version = order->is_readable ? order->saga.version : 0;
    look->warehouse = text_is_there(look->subject->warehouse) ? look->subject->warehouse : TEXT(WAREHOUSE_DEFAULT);
    if (!order->is_readable || !order->has_saga)
        return;
    look->warehouse = order_warehouse(arena, order->saga.order);
    look->looks_elsewhere = text_is_there(look->subject->warehouse) && !text_equals(look->subject->warehouse, look->warehouse);
    if (order_read(arena, order->saga.order, &lines) == STATUS_OK)
        order->expected_items = items_text(arena, &lines);
}

/* ---- what belongs to it ---- */

static void queue(struct audit *audit, struct text words[], size_t count) { store_queue(audit->store, words[1], words, count); }

static void queue_listings(struct audit *audit, const struct look *look, bool everywhere)
{
    const struct audit_order *order = &look->seen->order;
    uint64_t shard = timer_shard(order->order_id);

    for (enum saga_status status = FIRST_INDEX; status < SAGA_STATUS_COUNT; status++) {
        struct text key = key_index(audit->arena, status);
        if (everywhere || (order->is_readable && audit_index_bit(order->saga.status) == audit_index_bit(status)))
            queue(audit, (struct text[]){TEXT("ZSCORE"), key, order->order_id}, 3);
    }
    for (uint64_t i = 0; i < TIMER_SHARDS; i++) {
        struct text key = key_timers(audit->arena, i);
        if (everywhere || i == shard)
            queue(audit, (struct text[]){TEXT("ZSCORE"), key, order->order_id}, 3);
    }
    if (everywhere)
        queue(audit, (struct text[]){TEXT("SISMEMBER"), key_broken(audit->arena), order->order_id}, 3);
}

static void queue_parts(struct audit *audit, const struct look *look, bool everywhere)
{
    struct text id = look->seen->order.order_id;
    struct text payment = key_payment(audit->arena, id);
    struct text shipment = key_shipment(audit->arena, id);
    struct text history = key_history(audit->arena, id);

    queue(audit, (struct text[]){TEXT("HMGET"), payment, TEXT("status"), TEXT("amount"), TEXT("currency")}, 5);
    queue(audit,
          (struct text[]){TEXT("HMGET"), key_reservation(audit->arena, look->warehouse, id), TEXT("status"), TEXT("items")}, 4);
    queue(audit, (struct text[]){TEXT("HMGET"), shipment, TEXT("status")}, 3);
    queue(audit, (struct text[]){TEXT("LINDEX"), history, TEXT("-1")}, 3);
    queue_listings(audit, look, everywhere);
    if (look->looks_elsewhere)
        queue(audit, (struct text[]){TEXT("EXISTS"), key_reservation(audit->arena, look->subject->warehouse, id)}, 2);
}

/* A member of a hash; a key that is no hash has a status that nobody knows. */
static struct text member(struct audit *audit, const struct store_value *reply, size_t i)
{
    if (store_count(reply) > i)
        return text_copy(audit->arena, store_text(store_element(reply, i)));
    return i == 0 ? TEXT("(no hash)") : TEXT_NONE;
}

static int64_t score_ms(const struct store_value *reply)
{
    char digits[32];

    snprintf(digits, sizeof(digits), "%.*s", TEXT_ARG(store_text(reply)));
    return (int64_t)strtod(digits, NULL);
}

static void take_history(struct audit *audit, struct audit_order *order, const struct store_value *reply)
{
    struct text line = text_copy(audit->arena, store_text(reply));
    struct saga_event event;

    order->has_history = text_is_there(line) || text_is_there(store_error(reply));
    if (text_is_there(line) && event_of_history_line(audit->arena, line, &event) == STATUS_OK)
        order->history_version = event.version;
}

/* Reads in which shards the order has a timer. Gives the number of the next reply. */
static size_t take_timers(struct audit *audit, struct audit_order *order, bool everywhere, size_t number)
{
    uint64_t shard = timer_shard(order->order_id);

    for (uint64_t i = 0; i < TIMER_SHARDS; i++) {
        const struct store_value *reply;
        if (!everywhere && i != shard)
            continue;
        reply = store_value(audit->store, number++);
        if (!text_is_there(store_text(reply)))
            continue;
        order->has_timer = order->has_timer || i == shard;
        order->has_stray_timer = order->has_stray_timer || i != shard;
        if (i == shard)
            order->timer_ms = score_ms(reply);
    }
    return number;
}

/* The replies in the order of queue_listings(). Gives the number of the next. */
static size_t take_listings(struct audit *audit, struct audit_order *order, bool everywhere, size_t number)
{
    for (enum saga_status status = FIRST_INDEX; status < SAGA_STATUS_COUNT; status++)
        if (everywhere || (order->is_readable && audit_index_bit(order->saga.status) == audit_index_bit(status)))
            if (text_is_there(store_text(store_value(audit->store, number++))))
                order->indexes |= audit_index_bit(status);
    number = take_timers(audit, order, everywhere, number);
    if (everywhere)
        order->is_set_aside = store_number(store_value(audit->store, number++)) == 1;
    return number;
}

/* The replies in the order of queue_parts(). Gives the number of the next. */
static size_t take_parts(struct audit *audit, struct look *look, bool everywhere, size_t number)
{
    struct audit_order *order = &look->seen->order;
    const struct store_value *payment = store_value(audit->store, number++);
    const struct store_value *reservation = store_value(audit->store, number++);

    order->payment = member(audit, payment, 0);
    order->amount = member(audit, payment, 1);
    order->currency = member(audit, payment, 2);
    order->reservation = member(audit, reservation, 0);
    order->items = member(audit, reservation, 1);
    order->shipment = member(audit, store_value(audit->store, number++), 0);
    take_history(audit, order, store_value(audit->store, number++));
    number = take_listings(audit, order, everywhere, number);
    if (look->looks_elsewhere)
        order->reserved_elsewhere = store_number(store_value(audit->store, number++)) == 1;
    return number;
}

/* ---- the round trips ---- */

static enum cli_exit read_sagas(struct audit *audit, struct look looks[], size_t count)
{
    store_begin(audit->store);
    for (size_t i = 0; i < count; i++)
        saga_queue_load(audit->store, audit->arena, looks[i].subject->order_id);
    CLI_TRY(cli_flush(audit->store));
    for (size_t i = 0; i < count; i++)
        take_saga(audit->arena, &looks[i], store_value(audit->store, i));
    return CLI_DONE;
}

static enum cli_exit read_parts(struct audit *audit, struct look looks[], size_t count, bool everywhere)
{
    size_t number = 0;

    store_begin(audit->store);
    for (size_t i = 0; i < count; i++)
        queue_parts(audit, &looks[i], everywhere);
    CLI_TRY(cli_flush(audit->store));
    for (size_t i = 0; i < count; i++)
        number = take_parts(audit, &looks[i], everywhere, number);
    return CLI_DONE;
}

static void take_version(struct audit_seen *seen, const struct store_value *reply)
{
    int64_t version = 0;

    (void)!text_to_number(store_text(reply), &version);
    seen->moved = seen->order.is_readable && version != seen->version;
    if (seen->moved)
        seen->violations = 0;
}

/* Looks whether the orders that look wrong have moved meanwhile. */
static enum cli_exit read_versions(struct audit *audit, struct look looks[], size_t count)
{
    size_t number = 0;

    store_begin(audit->store);
    for (size_t i = 0; i < count; i++) {
        struct text key = key_saga(audit->arena, looks[i].subject->order_id);
        if (looks[i].seen->violations != 0)
            queue(audit, (struct text[]){TEXT("HGET"), key, TEXT("version")}, 3);
    }
    CLI_TRY(cli_flush(audit->store));
    for (size_t i = 0; i < count; i++)
        if (looks[i].seen->violations != 0)
            take_version(looks[i].seen, store_value(audit->store, number++));
    return CLI_DONE;
}

enum cli_exit audit_look(struct audit *audit, const struct audit_subject subjects[], size_t count, bool everywhere,
                         struct audit_seen out_seen[])
{
    struct look looks[AUDIT_LOOK_MAX];

    assert(count <= AUDIT_LOOK_MAX);
    for (size_t i = 0; i < count; i++) {
        out_seen[i] = (struct audit_seen){.order = {.order_id = subjects[i].order_id}};
        looks[i] = (struct look){.subject = &subjects[i], .seen = &out_seen[i]};
    }
    CLI_TRY(read_sagas(audit, looks, count));
    CLI_TRY(read_parts(audit, looks, count, everywhere));
    for (size_t i = 0; i < count; i++)
        out_seen[i].violations = audit_judge(&out_seen[i].order, audit->now_ms, audit->retention_ms);
    return read_versions(audit, looks, count);
}
