#include "stage.h"

#include "clock.h"
#include "keys.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <unistd.h>

struct stage stage;

void stage_set_up(void)
{
    stage.redis = redis_process_start(NULL);
    stage.arena = arena_create();
    cr_assert_eq(store_open(redis_process_url(stage.redis), 1, NULL, 0, &stage.store), STATUS_OK);
}

void stage_tear_down(void)
{
    system_stop(stage.services);
    store_close(stage.store);
    redis_process_stop(stage.redis);
    arena_destroy(stage.arena);
}

void stage_set_up_and_start(void)
{
    stage_set_up();
    stage_start((struct system_options){0});
}

void stage_start(struct system_options options)
{
    options.redis_url = redis_process_url(stage.redis);
    stage.services = system_start(&options, "tests/support/catalog.json");
}

void stage_stop(void)
{
    system_stop(stage.services);
    stage.services = NULL;
}

int run_orderly(const char *input, const char *const arguments[])
{
    return system_run_orderly(redis_process_url(stage.redis), arguments, input, stage.printed, sizeof(stage.printed));
}

/* ---- orders ---- */

const char *unique(const char *name)
{
    return text_format(stage.arena, "%s-%lld.%d", name, (long long)clock_wall_ms() / 1000, (int)getpid()).at;
}

struct text order_with(const char *id, const char *rest) { return text_format(stage.arena, "{\"orderId\":\"%s\",%s}", id, rest); }

struct text order_to(const char *id, const char *country)
{
    return order_with(id, text_format(stage.arena, REST("HOT", "2", "tok_visa", "%s"), country).at);
}

static void send_value(struct text order) { system_send("orders", NULL, order.at, order.length); }

void send_order_with(const char *id, const char *rest) { send_value(order_with(id, rest)); }

void send_order(const char *id, const char *country) { send_value(order_to(id, country)); }

void send_orders(const char *name, const char *ids[], size_t count)
{
    const char **values = arena_take(stage.arena, count * sizeof(*values));

    for (size_t i = 0; i < count; i++) {
        ids[i] = text_format(stage.arena, "%s-%zu", unique(name), i).at;
        values[i] = order_to(ids[i], "IT").at;
    }
    system_send_orders(values, count);
}

void send_signal(const char *kind, const char *id)
{
    struct text value = text_format(stage.arena, "{\"kind\":\"%s\",\"orderId\":\"%s\",\"requestedBy\":\"tester\"}", kind, id);

    system_send("saga.inbox", id, value.at, value.length);
}

/* ---- Redis ---- */

static const char *field_of(struct text key, const char *field)
{
    return hash_field(stage.store, text_copy(stage.arena, key).at, field);
}

const char *saga_field(const char *id, const char *field) { return field_of(key_saga(stage.arena, text_of(id)), field); }

const char *payment_field(const char *id, const char *field) { return field_of(key_payment(stage.arena, text_of(id)), field); }

const char *shipment_field(const char *id, const char *field) { return field_of(key_shipment(stage.arena, text_of(id)), field); }

const char *reservation_field(const char *id, const char *field)
{
    return field_of(key_reservation(stage.arena, TEXT("main"), text_of(id)), field);
}

const struct store_value *redis_do(const struct text words[], size_t count)
{
    store_begin(stage.store);
    store_queue(stage.store, words[1], words, count);
    cr_assert_eq(store_flush(stage.store), STATUS_OK, "%s", store_problem(stage.store));
    return store_value(stage.store, 0);
}

bool key_exists(const char *key) { return store_number(REDIS(TEXT("EXISTS"), text_of(key))) == 1; }

bool is_listed(const char *index, const char *id)
{
    return text_is_there(store_text(REDIS(TEXT("ZSCORE"), text_of(index), text_of(id))));
}

const char *timer_key(const char *id) { return text_copy(stage.arena, key_timers(stage.arena, timer_shard(text_of(id)))).at; }

size_t sagas_under_way(void)
{
    return (size_t)(store_number(REDIS(TEXT("ZCARD"), TEXT("sagas:running"))) +
                    store_number(REDIS(TEXT("ZCARD"), TEXT("sagas:compensating"))));
}

const char *history(const char *id)
{
    const struct store_value *lines = REDIS(TEXT("LRANGE"), key_history(stage.arena, text_of(id)), TEXT("0"), TEXT("-1"));
    struct buffer events = buffer_in(stage.arena, 0);

    for (size_t i = 0; i < store_count(lines); i++) {
        const struct json *root;
        cr_assert_eq(json_read(stage.arena, text_copy(stage.arena, store_text(store_element(lines, i))), &root), STATUS_OK);
        buffer_add(&events, json_string(stage.arena, json_member(root, TEXT("event"))));
        buffer_add(&events, TEXT(" "));
    }
    return text_copy(stage.arena, buffer_text(&events)).at;
}

void wait_for_all(const char *const ids[], size_t count, const char *status)
{
    for (size_t i = 0; i < count; i++)
        wait_for_status(stage.store, ids[i], status);
}

/* ---- topics ---- */

struct look {
    struct text prefix, type;
    struct seen *seen;
};

static void see(const struct record *record, void *context)
{
    struct look *look = context;
    struct seen_record found = {.time_ms = record->timestamp_ms};

    if (!text_begins(record->key, look->prefix) || look->seen->count == SEEN_MAX ||
        json_read(stage.arena, text_copy(stage.arena, record->value), &found.value) != STATUS_OK ||
        !text_begins(seen_text(&found, "type"), look->type))
        return;
    found.key = text_copy(stage.arena, record->key);
    look->seen->list[look->seen->count++] = found;
}

const struct seen *see_topic(const char *topic, const char *prefix, const char *type)
{
    struct look look = {text_of(prefix), text_of(type), arena_take(stage.arena, sizeof(struct seen))};

    look.seen->count = 0;
    read_topic(topic, see, &look);
    return look.seen;
}

const struct seen *wait_for_replies(const char *prefix, const char *type, size_t count)
{
    const struct seen *replies;

    WAIT_UNTIL((replies = see_topic("saga.inbox", prefix, type))->count >= count);
    return replies;
}

struct text seen_text(const struct seen_record *record, const char *name)
{
    return json_string(stage.arena, json_member(record->value, text_of(name)));
}

const char *outcomes_of(const struct seen *replies)
{
    struct buffer told = buffer_in(stage.arena, 0);

    for (size_t i = 0; i < replies->count; i++)
        buffer_add_format(&told, "%.*s:%.*s ", TEXT_ARG(seen_text(&replies->list[i], "outcome")),
                          TEXT_ARG(seen_text(&replies->list[i], "reason")));
    return text_copy(stage.arena, buffer_text(&told)).at;
}
