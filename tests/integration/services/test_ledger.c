/* The orchestrator's transitions against a real Redis: compare-and-set, history, expiry, indexes and timers. */
#include "ledger.h"
#include "policy.h"
#include "redis_process.h"

#include <criterion/criterion.h>

#define TIME_MS INT64_C(1700000000000)
#define SECONDS_TO_LIVE 777

static struct redis_process *redis;
static struct store *store;
static struct arena *arena;

static void set_up(void)
{
    static const struct store_script *const scripts[] = {&transition_script};

    redis = redis_process_start(NULL);
    arena = arena_create();
    cr_assert_eq(store_open(redis_process_url(redis), 2, scripts, COUNT_OF(scripts), &store), STATUS_OK);
}

static void tear_down(void)
{
    store_close(store);
    arena_destroy(arena);
    redis_process_stop(redis);
}

TestSuite(ledger, .init = set_up, .fini = tear_down);

struct loaded {
    struct text values[SAGA_FIELD_COUNT];
    struct saga saga;
    enum status status;
};

static struct loaded load(void)
{
    struct loaded loaded;
    size_t number;

    store_begin(store);
    number = saga_queue_load(store, arena, TEXT("ORD-1"));
    cr_assert_eq(store_flush(store), STATUS_OK, "%s", store_problem(store));
    loaded.status = saga_take(arena, store_value(store, number), TEXT("ORD-1"), loaded.values, &loaded.saga);
    return loaded;
}

/* Hears one record and writes what came of it, from the state that was loaded before. */
static enum status hear(const struct loaded *before, const struct inbox_record *message, int64_t offset)
{
    struct saga saga = before->saga;
    struct effects effects = {0};
    struct heard heard = {.message = message, .input = {2, offset, TIME_MS + offset * 10}};
    struct text values[SAGA_FIELD_COUNT];
    struct ledger_change change = {
        .old_values = before->values, .values = values, .old_status = before->saga.status, .saga = &saga, .effects = &effects};
    size_t number;

    cr_assert_eq(saga_hear(arena, &saga, &heard, &effects), HEARING_CHANGED);
    store_begin(store);
    number = ledger_queue_transition(store, arena, &change, SECONDS_TO_LIVE);
    ledger_queue_indexes(store, arena, &change, 1);
    cr_assert_eq(store_flush(store), STATUS_OK, "%s", store_problem(store));
    return ledger_transition_result(store_value(store, number));
}

static struct inbox_record order(void)
{
    struct policy policy = policy_default();

    return (struct inbox_record){.kind = TEXT("order"),
                                 .order_id = TEXT("ORD-1"),
                                 .order = TEXT("{\"orderId\":\"ORD-1\"}"),
                                 .source = TEXT("{}"),
                                 .policy = policy_text(arena, &policy)};
}

static struct inbox_record refusal(const char *command_id)
{
    return (struct inbox_record){.kind = TEXT("reply"),
                                 .order_id = TEXT("ORD-1"),
                                 .reply = {.command_id = text_of(command_id), .attempt = 1, .outcome = TEXT("refused")}};
}

static int64_t number_of(struct text a, struct text b, struct text c)
{
    store_begin(store);
    store_queue(store, b, (struct text[]){a, b, c}, text_is_there(c) ? 3 : 2);
    cr_assert_eq(store_flush(store), STATUS_OK);
    const struct store_value *value = store_value(store, 0);
    int64_t number = store_number(value);
    return text_is_there(store_text(value)) && text_to_number(store_text(value), &number) ? number : store_number(value);
}

Test(ledger, a_saga_comes_ends_and_expires)
{
    struct loaded none = load();
    struct inbox_record admitted = order(), refused = refusal("ORD-1/order.validate");

    cr_assert_eq(none.status, STATUS_OK);
    cr_expect_eq(none.saga.version, 0);
    cr_assert_eq(hear(&none, &admitted, 1), STATUS_OK);
    struct loaded first = load();
    cr_expect_eq(first.saga.version, 1);
    cr_expect_eq(first.saga.status, SAGA_VALIDATING);
    cr_expect_eq(number_of(TEXT("ZSCORE"), TEXT("sagas:running"), TEXT("ORD-1")), first.saga.created_ms);
    cr_expect_eq(number_of(TEXT("TTL"), TEXT("saga:ORD-1"), TEXT_NONE), -1, "what is not terminal never expires");
    cr_expect_eq(number_of(TEXT("ZCARD"), key_timers(arena, timer_shard(TEXT("ORD-1"))), TEXT_NONE), 1);

    cr_assert_eq(hear(&first, &refused, 2), STATUS_OK);
    struct loaded last = load();
    cr_expect_eq(last.saga.status, SAGA_REJECTED);
    cr_expect_eq(last.saga.pending, ASK_NOTHING);
    cr_expect_null(last.values[12].at, "what does not apply any more is removed");
    cr_expect_eq(number_of(TEXT("HSTRLEN"), TEXT("saga:ORD-1"), TEXT("policy")), 2, "{}");
    cr_expect_eq(number_of(TEXT("HEXISTS"), TEXT("saga:ORD-1"), TEXT("deadlineAt")), 0);
    cr_expect_eq(number_of(TEXT("ZCARD"), TEXT("sagas:running"), TEXT_NONE), 0);
    cr_expect_eq(number_of(TEXT("ZCARD"), TEXT("sagas:rejected"), TEXT_NONE), 1);
    cr_expect_eq(number_of(TEXT("ZCARD"), key_timers(arena, timer_shard(TEXT("ORD-1"))), TEXT_NONE), 0);
    cr_expect_eq(number_of(TEXT("TTL"), TEXT("saga:ORD-1"), TEXT_NONE), SECONDS_TO_LIVE);
    cr_expect_eq(number_of(TEXT("TTL"), TEXT("{saga:ORD-1}:history"), TEXT_NONE), SECONDS_TO_LIVE);
    cr_expect_eq(number_of(TEXT("LLEN"), TEXT("{saga:ORD-1}:history"), TEXT_NONE), 2);
}

Test(ledger, two_replicas_can_not_both_win)
{
    struct loaded none = load();
    struct inbox_record admitted = order();

    cr_assert_eq(hear(&none, &admitted, 1), STATUS_OK);
    cr_expect_eq(hear(&none, &admitted, 1), STATUS_CONFLICT, "it decided on a saga that was not there, and now is");
    struct loaded first = load(), same = load();
    struct inbox_record refused = refusal("ORD-1/order.validate");
    cr_assert_eq(hear(&first, &refused, 2), STATUS_OK);
    cr_expect_eq(hear(&same, &refused, 2), STATUS_CONFLICT);
    cr_expect_eq(number_of(TEXT("LLEN"), TEXT("{saga:ORD-1}:history"), TEXT_NONE), 2, "the loser wrote nothing");
}

Test(ledger, a_hash_that_was_edited_to_nonsense_is_broken)
{
    struct loaded none = load();
    struct inbox_record admitted = order();

    cr_assert_eq(hear(&none, &admitted, 1), STATUS_OK);
    store_begin(store);
    store_queue(store, TEXT("saga:ORD-1"), (struct text[]){TEXT("HSET"), TEXT("saga:ORD-1"), TEXT("status"), TEXT("dreaming")},
                4);
    cr_assert_eq(store_flush(store), STATUS_OK);
    cr_expect_eq(load().status, STATUS_BROKEN);
    store_begin(store);
    store_queue(store, TEXT("saga:ORD-1"), (struct text[]){TEXT("SET"), TEXT("saga:ORD-1"), TEXT("x")}, 3);
    cr_assert_eq(store_flush(store), STATUS_OK);
    cr_expect_eq(load().status, STATUS_BROKEN);
}

/* A nudge about a saga that is not there: what is left of it goes, but for the entry by which the sweep finds what belonged to
 * it. */
Test(ledger, of_a_saga_that_is_gone_only_the_entry_for_the_sweep_stays)
{
    static const char *const indexes[] = {"sagas:running", "sagas:compensating", "sagas:needs_attention", "sagas:completed"};
    struct saga saga = {.order_id = TEXT("ORD-1")};
    struct effects effects = {0};
    struct inbox_record nudge = {.kind = TEXT("nudge"), .order_id = TEXT("ORD-1")};
    struct heard heard = {.message = &nudge, .input = {2, 1, TIME_MS}};
    struct ledger_change change = {.saga = &saga, .effects = &effects};
    struct text timers = key_timers(arena, timer_shard(TEXT("ORD-1")));

    store_begin(store);
    for (size_t i = 0; i < COUNT_OF(indexes); i++)
        store_queue(store, text_of(indexes[i]), (struct text[]){TEXT("ZADD"), text_of(indexes[i]), TEXT("5"), TEXT("ORD-1")}, 4);
    store_queue(store, timers, (struct text[]){TEXT("ZADD"), timers, TEXT("5"), TEXT("ORD-1")}, 4);
    cr_assert_eq(store_flush(store), STATUS_OK);
    cr_expect_eq(saga_hear(arena, &saga, &heard, &effects), HEARING_IGNORED);
    store_begin(store);
    ledger_queue_indexes(store, arena, &change, 1);
    cr_assert_eq(store_flush(store), STATUS_OK);
    for (size_t i = 0; i < COUNT_OF(indexes); i++)
        cr_expect_eq(number_of(TEXT("ZCARD"), text_of(indexes[i]), TEXT_NONE), i == COUNT_OF(indexes) - 1 ? 1 : 0, "%s",
                     indexes[i]);
    cr_expect_eq(number_of(TEXT("ZCARD"), timers, TEXT_NONE), 0);
}

/* What the nudge of a running saga writes: its entry back, and no other. */
Test(ledger, a_nudge_puts_a_saga_back_where_it_belongs)
{
    struct loaded none = load();
    struct inbox_record admitted = order(), nudge = {.kind = TEXT("nudge"), .order_id = TEXT("ORD-1")};

    cr_assert_eq(hear(&none, &admitted, 1), STATUS_OK);
    struct loaded first = load();
    store_begin(store);
    store_queue(store, TEXT("sagas:running"), (struct text[]){TEXT("ZREM"), TEXT("sagas:running"), TEXT("ORD-1")}, 3);
    store_queue(store, TEXT("sagas:failed"), (struct text[]){TEXT("ZADD"), TEXT("sagas:failed"), TEXT("5"), TEXT("ORD-1")}, 4);
    cr_assert_eq(store_flush(store), STATUS_OK);
    cr_assert_eq(hear(&first, &nudge, 5000), STATUS_OK);
    cr_expect_eq(number_of(TEXT("ZSCORE"), TEXT("sagas:running"), TEXT("ORD-1")), first.saga.since_ms);
    cr_expect_eq(number_of(TEXT("ZCARD"), TEXT("sagas:failed"), TEXT_NONE), 0);
}

Test(ledger, a_history_that_is_no_list_stops_the_transition)
{
    struct loaded none = load();
    struct inbox_record admitted = order();

    store_begin(store);
    store_queue(store, TEXT("saga:ORD-1"), (struct text[]){TEXT("SET"), TEXT("{saga:ORD-1}:history"), TEXT("x")}, 3);
    cr_assert_eq(store_flush(store), STATUS_OK);
    cr_expect_eq(hear(&none, &admitted, 1), STATUS_BROKEN);
    cr_expect_eq(load().saga.version, 0, "nothing was written");
}

Test(ledger, thousands_of_events_go_into_one_transition)
{
    struct loaded none = load();
    struct saga saga = none.saga;
    struct effects effects = {0};
    struct inbox_record admitted = order();
    struct heard heard = {.message = &admitted, .input = {2, 1, TIME_MS}};
    struct text values[SAGA_FIELD_COUNT];
    struct ledger_change change = {.old_values = none.values, .values = values, .saga = &saga, .effects = &effects};
    struct saga_event *events = arena_take(arena, 9000 * sizeof(*events));
    size_t number;

    cr_assert_eq(saga_hear(arena, &saga, &heard, &effects), HEARING_CHANGED);
    for (size_t i = 0; i < 9000; i++)
        events[i] = effects.events[0];
    effects.events = events;
    effects.event_count = 9000;
    store_begin(store);
    number = ledger_queue_transition(store, arena, &change, SECONDS_TO_LIVE);
    cr_assert_eq(store_flush(store), STATUS_OK, "%s", store_problem(store));
    cr_expect_eq(ledger_transition_result(store_value(store, number)), STATUS_OK);
    cr_expect_eq(number_of(TEXT("LLEN"), TEXT("{saga:ORD-1}:history"), TEXT_NONE), 9000);
}

#define HISTORY_MAX 20000 /* of transition.lua */

static void fill_history(size_t count)
{
    struct text *words = arena_take(arena, (count + 2) * sizeof(*words));

    words[0] = TEXT("RPUSH");
    words[1] = TEXT("{saga:ORD-1}:history");
    for (size_t i = 0; i < count; i++)
        words[i + 2] = TEXT("filler");
    store_begin(store);
    store_queue(store, words[1], words, count + 2);
    cr_assert_eq(store_flush(store), STATUS_OK);
}

/* The last line of the history. Borrows the store. */
static struct text last_line(void)
{
    struct text words[] = {TEXT("LINDEX"), TEXT("{saga:ORD-1}:history"), TEXT("-1")};

    store_begin(store);
    store_queue(store, words[1], words, COUNT_OF(words));
    cr_assert_eq(store_flush(store), STATUS_OK);
    return store_text(store_value(store, 0));
}

Test(ledger, a_history_without_end_keeps_its_end)
{
    struct loaded none = load(), first, last;
    struct inbox_record admitted = order(), refused = refusal("ORD-1/order.validate");
    struct saga_event event;

    cr_assert_eq(hear(&none, &admitted, 1), STATUS_OK);
    first = load();
    fill_history(HISTORY_MAX - 1);
    cr_expect_eq(number_of(TEXT("LLEN"), TEXT("{saga:ORD-1}:history"), TEXT_NONE), HISTORY_MAX);
    cr_assert_eq(hear(&first, &refused, 2), STATUS_OK);
    last = load();
    cr_expect_eq(number_of(TEXT("LLEN"), TEXT("{saga:ORD-1}:history"), TEXT_NONE), HISTORY_MAX);
    cr_assert_eq(event_of_history_line(arena, text_copy(arena, last_line()), &event), STATUS_OK);
    cr_expect_eq(event.version, last.saga.version);
}
