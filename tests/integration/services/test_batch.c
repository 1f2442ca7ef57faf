/* A batch and what is kept of it in memory, against a real Redis: two members that take turns with a saga never lose a record
 * of it. */
#include "batch.h"
#include "contrary_redis.h"
#include "policy.h"
#include "redis_process.h"

#include <criterion/criterion.h>

#define TIME_MS INT64_C(1700000000000)
#define SECONDS_TO_LIVE 777

static struct redis_process *redis;
static struct store *store;
static struct arena *arena;
static struct saga_cache *ours, *theirs;
static int64_t offset;

static void set_up(void)
{
    static const struct store_script *const scripts[] = {&transition_script};

    redis = redis_process_start(NULL);
    arena = arena_create();
    ours = saga_cache_create();
    theirs = saga_cache_create();
    cr_assert_eq(store_open(redis_process_url(redis), 2, scripts, COUNT_OF(scripts), &store), STATUS_OK);
}

static void tear_down(void)
{
    store_close(store);
    saga_cache_destroy(ours);
    saga_cache_destroy(theirs);
    arena_destroy(arena);
    redis_process_stop(redis);
}

TestSuite(batch, .init = set_up, .fini = tear_down, .timeout = 60);

/* A batch of one record, handled by the member that has this cache. Gives what came of it. */
static enum hearing hear(struct saga_cache *cache, struct inbox_record message, int64_t at)
{
    struct batch batch = batch_in(arena, cache, 1);
    struct record record = {.partition = 2, .offset = at, .timestamp_ms = TIME_MS + at * 10};

    message.order_id = TEXT("ORD-1");
    batch_add(&batch, &record, &message);
    cr_assert_eq(batch_settle(&batch, store, SECONDS_TO_LIVE), STATUS_OK, "%s", store_problem(store));
    return batch.groups[0].heard[0].hearing;
}

static struct inbox_record order(void)
{
    struct policy policy = policy_default();

    return (struct inbox_record){.kind = TEXT("order"),
                                 .order = TEXT("{\"orderId\":\"ORD-1\"}"),
                                 .source = TEXT("{}"),
                                 .policy = policy_text(arena, &policy)};
}

static struct inbox_record success(const char *type)
{
    return (struct inbox_record){.kind = TEXT("reply"),
                                 .reply = {.command_id = text_format(arena, "ORD-1/%s", type),
                                           .order_id = TEXT("ORD-1"),
                                           .type = text_of(type),
                                           .attempt = 1,
                                           .outcome = TEXT("succeeded")}};
}

static const char *status(void)
{
    size_t number;

    store_begin(store);
    number = store_queue(store, TEXT("saga:ORD-1"), (struct text[]){TEXT("HGET"), TEXT("saga:ORD-1"), TEXT("status")}, 3);
    cr_assert_eq(store_flush(store), STATUS_OK);
    return text_copy(arena, store_text(store_value(store, number))).at;
}

Test(batch, what_was_kept_is_folded_on)
{
    offset = 0;
    cr_expect_eq(hear(ours, order(), ++offset), HEARING_CHANGED);
    cr_expect_eq(hear(ours, success("order.validate"), ++offset), HEARING_CHANGED);
    cr_expect_eq(hear(ours, success("payment.authorize"), ++offset), HEARING_CHANGED);
    cr_expect_str_eq(status(), "allocating_inventory");
    cr_expect_eq(hear(ours, success("payment.authorize"), offset), HEARING_REDELIVERED);
}

/* The copy says that something else is waited for; Redis knows better. */
Test(batch, an_answer_that_an_overtaken_copy_does_not_wait_for_is_heard)
{
    offset = 0;
    cr_expect_eq(hear(ours, order(), ++offset), HEARING_CHANGED);
    cr_expect_eq(hear(theirs, success("order.validate"), ++offset), HEARING_CHANGED);
    cr_expect_eq(hear(ours, success("payment.authorize"), ++offset), HEARING_CHANGED);
    cr_expect_str_eq(status(), "allocating_inventory");
    cr_expect_eq(hear(theirs, success("inventory.allocate"), ++offset), HEARING_CHANGED);
    cr_expect_str_eq(status(), "fulfilling");
}

/* Both have a copy that waits for this very answer: the one that comes second is refused by Redis, and finds that it was
 * heard. */
Test(batch, an_overtaken_copy_writes_nothing)
{
    offset = 0;
    cr_expect_eq(hear(ours, order(), ++offset), HEARING_CHANGED);
    cr_expect_eq(hear(theirs, success("order.validate"), ++offset), HEARING_CHANGED);
    cr_expect_eq(hear(ours, success("order.validate"), offset), HEARING_REDELIVERED);
    cr_expect_str_eq(status(), "authorizing_payment");
}

Test(batch, what_somebody_removed_from_redis_is_gone)
{
    offset = 0;
    cr_expect_eq(hear(ours, order(), ++offset), HEARING_CHANGED);
    store_begin(store);
    store_queue(store, TEXT("saga:ORD-1"), (struct text[]){TEXT("DEL"), TEXT("saga:ORD-1")}, 2);
    cr_assert_eq(store_flush(store), STATUS_OK);
    cr_expect_eq(hear(ours, success("order.validate"), ++offset), HEARING_IGNORED);
    cr_expect_str_eq(status() == NULL ? "" : status(), "");
}

/* ---- what was edited, lost, or is changed again and again by somebody else ---- */

static void command(struct text a, struct text b, struct text c, struct text d)
{
    struct text words[] = {a, b, c, d};

    store_begin(store);
    store_queue(store, b, words, text_is_there(d) ? 4 : text_is_there(c) ? 3 : 2);
    cr_assert_eq(store_flush(store), STATUS_OK, "%s", store_problem(store));
}

Test(batch, a_version_is_compared_as_it_stands_in_redis)
{
    static const char *const edited[] = {"04", "00000000000000000000004", "4"};

    for (size_t i = 0; i < COUNT_OF(edited); i++) {
        command(TEXT("DEL"), TEXT("saga:ORD-1"), TEXT_NONE, TEXT_NONE);
        offset = 0;
        cr_expect_eq(hear(ours, order(), ++offset), HEARING_CHANGED);
        command(TEXT("HSET"), TEXT("saga:ORD-1"), TEXT("version"), text_of(edited[i]));
        cr_expect_eq(hear(ours, success("order.validate"), ++offset), HEARING_CHANGED);
        cr_expect_str_eq(status(), "authorizing_payment", "%s", edited[i]);
        cr_expect_eq(hear(NULL, success("payment.authorize"), ++offset), HEARING_CHANGED);
        cr_expect_str_eq(status(), "allocating_inventory", "%s", edited[i]);
    }
}

/* A batch of one record about a saga whose key is broken: it is set aside, and called broken, so that the record gets a
 * dead letter. */
static void expect_broken(struct inbox_record message)
{
    struct batch batch = batch_in(arena, ours, 1);
    struct record record = {.partition = 2};

    record.offset = ++offset;
    record.timestamp_ms = TIME_MS + offset * 10;
    command(TEXT("DEL"), TEXT("sagas:broken"), TEXT_NONE, TEXT_NONE);
    message.order_id = TEXT("ORD-1");
    batch_add(&batch, &record, &message);
    cr_assert_eq(batch_settle(&batch, store, SECONDS_TO_LIVE), STATUS_OK, "%s", store_problem(store));
    cr_expect(batch.groups[0].broken);
    cr_expect(batch.groups[0].settled);
    cr_assert_eq(batch_gather_events(&batch, store), STATUS_OK);
    cr_expect_eq(batch.groups[0].event_count, 0);
    command(TEXT("SISMEMBER"), TEXT("sagas:broken"), TEXT("ORD-1"), TEXT_NONE);
    cr_expect_eq(store_number(store_value(store, 0)), 1);
    command(TEXT("ZCARD"), key_timers(arena, timer_shard(TEXT("ORD-1"))), TEXT_NONE, TEXT_NONE);
    cr_expect_eq(store_number(store_value(store, 0)), 0, "its timer is away");
}

Test(batch, a_key_that_is_no_hash_is_set_aside)
{
    offset = 0;
    command(TEXT("SET"), TEXT("saga:ORD-1"), TEXT("x"), TEXT_NONE);
    expect_broken(order());
    expect_broken(success("order.validate"));
    command(TEXT("DEL"), TEXT("saga:ORD-1"), TEXT_NONE, TEXT_NONE);
    cr_expect_eq(hear(ours, order(), ++offset), HEARING_CHANGED, "mended");
}

Test(batch, a_key_that_is_no_hash_any_more_is_set_aside_though_a_copy_makes_sense)
{
    offset = 0;
    cr_expect_eq(hear(ours, order(), ++offset), HEARING_CHANGED);
    command(TEXT("SET"), TEXT("saga:ORD-1"), TEXT("x"), TEXT_NONE);
    expect_broken(success("order.validate"));
    expect_broken(success("order.validate"));
}

Test(batch, a_history_that_is_no_list_sets_the_saga_aside)
{
    offset = 0;
    command(TEXT("SET"), TEXT("{saga:ORD-1}:history"), TEXT("x"), TEXT_NONE);
    expect_broken(order());
    command(TEXT("DEL"), TEXT("{saga:ORD-1}:history"), TEXT_NONE, TEXT_NONE);
    cr_expect_eq(hear(ours, order(), ++offset), HEARING_CHANGED, "mended");
    command(TEXT("SET"), TEXT("{saga:ORD-1}:history"), TEXT("x"), TEXT_NONE);
    expect_broken(success("order.validate"));
}

/* Somebody always comes first: the batch goes back to the loop, which serves the group, looks at the stop flag and gives the
 * memory back. */
Test(batch, a_saga_that_is_never_won_is_handed_back)
{
    CLEANUP(contrary_redis_stop) struct contrary_redis *contrary = contrary_redis_start();
    CLEANUP(store_close) struct store *lost = NULL;
    static const struct store_script *const scripts[] = {&transition_script};
    struct batch batch = batch_in(arena, ours, 1);
    struct record record = {.partition = 2, .offset = 1, .timestamp_ms = TIME_MS};
    struct inbox_record message = order();

    cr_assert_eq(store_open(contrary_redis_url(contrary), 1, scripts, COUNT_OF(scripts), &lost), STATUS_OK);
    message.order_id = TEXT("ORD-1");
    batch_add(&batch, &record, &message);
    cr_expect_eq(batch_settle(&batch, lost, SECONDS_TO_LIVE), STATUS_CONFLICT, "%s", store_problem(lost));
    cr_expect_eq(contrary_redis_calls(contrary), BATCH_ROUNDS_MAX);
}

/* A failover lost the last transition, and another member brought the saga to the same version by another one. */
Test(batch, a_copy_of_the_same_version_with_other_content_writes_nothing)
{
    struct text kept;

    offset = 0;
    cr_expect_eq(hear(ours, order(), ++offset), HEARING_CHANGED);
    store_begin(store);
    store_queue(store, TEXT("saga:ORD-1"), (struct text[]){TEXT("DUMP"), TEXT("saga:ORD-1")}, 2);
    cr_assert_eq(store_flush(store), STATUS_OK);
    kept = text_copy(arena, store_text(store_value(store, 0)));
    cr_expect_eq(hear(ours, success("order.validate"), ++offset), HEARING_CHANGED);
    command(TEXT("DEL"), TEXT("saga:ORD-1"), TEXT_NONE, TEXT_NONE);
    command(TEXT("RESTORE"), TEXT("saga:ORD-1"), TEXT("0"), kept);
    cr_expect_eq(hear(theirs, (struct inbox_record){.kind = TEXT("cancel")}, ++offset), HEARING_CHANGED);
    cr_expect_str_eq(status(), "cancelled");
    cr_expect_eq(hear(ours, success("payment.authorize"), ++offset), HEARING_IGNORED);
    cr_expect_str_eq(status(), "cancelled");
}

#define MANY 300 /* several times what is sent to Redis at once */

/* One batch: the same kind of record for every saga, or every step-th one. answered NULL: the orders themselves. */
static void hear_many(struct saga_cache *cache, const char *answered, size_t step, int64_t at)
{
    struct batch batch = batch_in(arena, cache, MANY);

    for (size_t i = 0; i < MANY; i += step) {
        struct record *record = arena_take(arena, sizeof(*record));
        struct inbox_record *message = arena_take(arena, sizeof(*message));
        *record = (struct record){.partition = 2, .offset = at, .timestamp_ms = TIME_MS + at * 10};
        *message = answered == NULL ? order() : success(answered);
        message->order_id = message->reply.order_id = text_format(arena, "ORD-%zu", i);
        message->reply.command_id = text_format(arena, "ORD-%zu/%s", i, answered == NULL ? "" : answered);
        batch_add(&batch, record, message);
    }
    cr_assert_eq(batch_settle(&batch, store, SECONDS_TO_LIVE), STATUS_OK, "%s", store_problem(store));
    for (size_t i = 0; i < batch.group_count; i++)
        cr_assert(batch.groups[i].settled);
}

static int64_t running_count(const char *at_step)
{
    int64_t count = 0;

    for (size_t i = 0; i < MANY; i++) {
        struct text key = text_format(arena, "saga:ORD-%zu", i);
        store_begin(store);
        store_queue(store, key, (struct text[]){TEXT("HGET"), key, TEXT("status")}, 3);
        cr_assert_eq(store_flush(store), STATUS_OK);
        count += text_equals(store_text(store_value(store, 0)), text_of(at_step));
    }
    return count;
}

/* Every third was moved on by the other member: in the next batch of ours some are refused by Redis or loaded again, between
 * others that are not. */
Test(batch, the_overtaken_among_many_are_settled_with_the_others)
{
    hear_many(ours, NULL, 1, 1);
    hear_many(theirs, "order.validate", 3, 2);
    hear_many(ours, "order.validate", 1, 3);
    cr_expect_eq(running_count("authorizing_payment"), MANY);
    hear_many(theirs, "payment.authorize", 3, 4);
    hear_many(theirs, "inventory.allocate", 3, 5);
    hear_many(ours, "payment.authorize", 1, 6);
    cr_expect_eq(running_count("allocating_inventory"), MANY - MANY / 3);
    cr_expect_eq(running_count("fulfilling"), MANY / 3);
}
