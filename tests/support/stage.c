#include "stage.h"

#include "json.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define TIMER_SHARDS 16

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

void stage_start(const char *const settings[])
{
    stage.services = system_start(
        &(struct system_options){.redis_url = redis_process_url(stage.redis), .static_members = true, .settings = settings},
        "tests/support/catalog.json");
}

/* ---- orders ---- */

const char *unique(const char *name)
{
    return text_format(stage.arena, "%s-%lld.%d", name, (long long)time(NULL), (int)getpid()).at;
}

struct text order_to(const char *id, const char *country)
{
    return text_format(
        stage.arena,
        "{\"orderId\":\"%s\",\"customerId\":\"C-1\",\"items\":[{\"productId\":\"HOT\",\"quantity\":2}],\"paymentMethod\":"
        "\"tok_visa\",\"shipTo\":{\"country\":\"%s\"}}",
        id, country);
}

void send_order(const char *id, const char *country)
{
    struct text order = order_to(id, country);

    system_send("orders", NULL, order.at, order.length);
}

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

const char *saga_field(const char *id, const char *field)
{
    return hash_field(stage.store, text_format(stage.arena, "saga:%s", id).at, field);
}

const char *payment_field(const char *id, const char *field)
{
    return hash_field(stage.store, text_format(stage.arena, "payment:%s", id).at, field);
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

const char *timer_key(const char *id)
{
    return text_format(stage.arena, "sagas:timers:%u", (unsigned)(text_hash(text_of(id)) % TIMER_SHARDS)).at;
}

size_t sagas_under_way(void)
{
    return (size_t)(store_number(REDIS(TEXT("ZCARD"), TEXT("sagas:running"))) +
                    store_number(REDIS(TEXT("ZCARD"), TEXT("sagas:compensating"))));
}

const char *history(const char *id)
{
    struct text key = text_format(stage.arena, "{saga:%s}:history", id);
    const struct store_value *lines = REDIS(TEXT("LRANGE"), key, TEXT("0"), TEXT("-1"));
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
