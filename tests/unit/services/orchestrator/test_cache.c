/* The sagas under way that are kept in memory: found as they were written, forgotten when they end, bounded. */
#include "cache.h"

#include <criterion/criterion.h>

static struct arena *arena;
static struct saga_cache *cache;

static void set_up(void)
{
    arena = arena_create();
    cache = saga_cache_create();
}

static void tear_down(void)
{
    saga_cache_destroy(cache);
    arena_destroy(arena);
}

TestSuite(cache, .init = set_up, .fini = tear_down);

static struct saga example(size_t number, size_t order_bytes)
{
    struct buffer order = buffer_in(arena, order_bytes + 16);

    buffer_add(&order, TEXT("{\"x\":\""));
    for (size_t i = 0; i < order_bytes; i++)
        buffer_add(&order, TEXT("x"));
    buffer_add(&order, TEXT("\"}"));
    return (struct saga){
        .order_id = text_format(arena, "ORD-%zu", number),
        .version = 3,
        .status = SAGA_FULFILLING,
        .since_ms = INT64_C(1700000000001),
        .step = 3,
        .order = buffer_text(&order),
        .results = TEXT("{\"order.validate\":{}}"),
        .policy = TEXT("{}"),
        .pending = ASK_SHIP,
        .attempt = 1,
        .next_due_ms = INT64_C(1700000010000),
        .last_input = {5, (int64_t)number, INT64_C(1700000000123)},
        .created_ms = INT64_C(1700000000001),
        .updated_ms = INT64_C(1700000000123),
        .total = 100,
        .currency = TEXT("USD"),
    };
}

static void keep(const struct saga *saga)
{
    struct text values[SAGA_FIELD_COUNT];

    saga_write(arena, saga, values);
    saga_cache_keep(cache, saga, values);
}

/* What is found is what would have been read from Redis, field by field. */
static void expect_found(const struct saga *saga)
{
    struct text expected[SAGA_FIELD_COUNT], values[SAGA_FIELD_COUNT], again[SAGA_FIELD_COUNT];
    struct saga found;

    saga_write(arena, saga, expected);
    cr_assert(saga_cache_find(cache, arena, saga->order_id, values, &found), "%.*s", TEXT_ARG(saga->order_id));
    saga_write(arena, &found, again);
    cr_expect(text_equals(found.order_id, saga->order_id));
    for (size_t i = 0; i < SAGA_FIELD_COUNT; i++) {
        cr_expect_eq(text_is_there(values[i]), text_is_there(expected[i]), "%.*s", TEXT_ARG(saga_field_names()[i]));
        cr_expect(text_equals(values[i], expected[i]), "%.*s", TEXT_ARG(saga_field_names()[i]));
        cr_expect(text_equals(again[i], expected[i]), "%.*s", TEXT_ARG(saga_field_names()[i]));
    }
}

static bool is_found(const struct saga *saga)
{
    struct text values[SAGA_FIELD_COUNT];
    struct saga found;

    return saga_cache_find(cache, arena, saga->order_id, values, &found);
}

Test(cache, finds_what_was_kept_last)
{
    struct saga saga = example(1, 10), other = example(2, 500);

    cr_expect(!is_found(&saga));
    keep(&saga);
    keep(&other);
    expect_found(&saga);
    saga.version = 4;
    saga.results = TEXT("{\"order.validate\":{},\"payment.authorize\":{\"amount\":100}}");
    saga.reason = TEXT("");
    keep(&saga);
    expect_found(&saga);
    expect_found(&other);
}

Test(cache, what_was_found_outlives_the_entry)
{
    struct saga saga = example(1, 10), bigger = example(1, 900);
    struct text values[SAGA_FIELD_COUNT];
    struct saga found;

    keep(&saga);
    cr_assert(saga_cache_find(cache, arena, saga.order_id, values, &found));
    keep(&bigger);
    saga_cache_drop(cache, saga.order_id);
    cr_expect(text_equals(found.order, saga.order));
    cr_expect(text_equals(found.results, saga.results));
}

Test(cache, forgets_what_ended_or_is_parked_or_is_too_large)
{
    static const enum saga_status gone[] = {SAGA_COMPLETED,           SAGA_REJECTED,       SAGA_FAILED, SAGA_CANCELLED,
                                            SAGA_COMPENSATION_FAILED, SAGA_NEEDS_ATTENTION};
    struct saga large = example(1, SAGA_CACHE_BYTES_MAX);

    for (size_t i = 0; i < COUNT_OF(gone); i++) {
        struct saga saga = example(1, 10);
        keep(&saga);
        saga.status = gone[i];
        keep(&saga);
        cr_expect(!is_found(&saga), "%s", saga_status_text(gone[i]));
    }
    keep(&large);
    cr_expect(!is_found(&large));
}

Test(cache, drops_on_request)
{
    struct saga saga = example(1, 10);

    saga_cache_drop(cache, saga.order_id);
    keep(&saga);
    saga_cache_drop(cache, saga.order_id);
    cr_expect(!is_found(&saga));
}

Test(cache, forgets_everything_at_once)
{
    struct saga one = example(1, 10), other = example(2, 10);

    keep(&one);
    keep(&other);
    saga_cache_clear(cache);
    cr_expect(!is_found(&one));
    cr_expect(!is_found(&other));
    keep(&one);
    expect_found(&one);
}

Test(cache, is_bounded_and_keeps_the_latest)
{
    size_t found = 0, count = 3 * SAGA_CACHE_ENTRIES;

    for (size_t i = 0; i < count; i++) {
        struct saga saga = example(i, 0);
        keep(&saga);
        expect_found(&saga);
    }
    for (size_t i = 0; i < count; i++) {
        struct saga saga = example(i, 0);
        found += is_found(&saga);
    }
    cr_expect_gt(found, SAGA_CACHE_ENTRIES / 2);
    cr_expect_leq(found, SAGA_CACHE_ENTRIES);
}
