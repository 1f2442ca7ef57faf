/* What the orchestrator measures, with sagas that are folded and written for real. */
#include "measures.h"
#include "policy.h"
#include "redis_process.h"

#include <criterion/criterion.h>
#include <stdlib.h>

#define TIME_MS INT64_C(1700000000000)
#define RECORDS_MAX 8

static struct redis_process *redis;
static struct store *store;
static struct arena *arena;
static struct metrics *metrics;
static char *text;
static int64_t next_offset;

static void set_up(void)
{
    static const struct store_script *const scripts[] = {&transition_script, &memory_script};
    struct metric_table table = measures_table();

    redis = redis_process_start(NULL);
    arena = arena_create();
    metrics = metrics_create(&table, 1);
    cr_assert_eq(store_open(redis_process_url(redis), 2, scripts, COUNT_OF(scripts), &store), STATUS_OK);
}

static void tear_down(void)
{
    store_close(store);
    free(text);
    metrics_destroy(metrics);
    arena_destroy(arena);
    redis_process_stop(redis);
}

TestSuite(measures, .init = set_up, .fini = tear_down);

static bool shows(const char *line)
{
    char wanted[256];
    size_t length;

    free(text);
    text = metrics_text(metrics, &length);
    snprintf(wanted, sizeof(wanted), "\n%s\n", line);
    return strstr(text, wanted) != NULL;
}

static struct inbox_record order(const char *json)
{
    struct policy policy = policy_default();

    return (struct inbox_record){
        .kind = TEXT("order"), .order = text_of(json), .source = TEXT("{}"), .policy = policy_text(arena, &policy)};
}

static struct inbox_record reply(enum ask ask, const char *outcome)
{
    return (struct inbox_record){.kind = TEXT("reply"),
                                 .reply = {.command_id = saga_command_id(arena, &(struct saga){.order_id = TEXT("ORD-1")}, ask),
                                           .attempt = 1,
                                           .outcome = text_of(outcome)}};
}

/* One batch of ORD-1 with this record, at after_ms behind the first moment. */
static void hear_at(struct inbox_record message, int64_t offset, int64_t after_ms)
{
    struct batch batch = batch_in(arena, NULL, 1);
    struct heard heard = {.message = &message, .input = {2, offset, TIME_MS + after_ms}};

    message.order_id = TEXT("ORD-1");
    batch.groups[0] = (struct group){.order_id = message.order_id, .heard = &heard, .heard_count = 1};
    batch.group_count = 1;
    cr_assert_eq(batch_settle(&batch, store, 60), STATUS_OK, "%s", store_problem(store));
    measure_group(metrics, &batch.groups[0]);
    metrics_publish(metrics);
}

static void hear(struct inbox_record message, int64_t after_ms) { hear_at(message, ++next_offset, after_ms); }

Test(measures, an_order_that_completes)
{
    static const enum ask asks[] = {ASK_VALIDATE, ASK_AUTHORIZE, ASK_ALLOCATE, ASK_SHIP, ASK_CAPTURE};

    cr_expect(shows("orderly_saga_transitions_total{status=\"completed\"} 0"), "there from the start");
    hear(order("{\"a\":1}"), 0);
    for (size_t i = 0; i < COUNT_OF(asks); i++)
        hear(reply(asks[i], "succeeded"), (int64_t)(i + 1) * 100);
    cr_expect(shows("orderly_records_total{kind=\"order\",hearing=\"changed\"} 1"));
    cr_expect(shows("orderly_records_total{kind=\"reply\",hearing=\"changed\"} 5"));
    cr_expect(shows("orderly_saga_transitions_total{status=\"validating\"} 1"));
    cr_expect(shows("orderly_saga_transitions_total{status=\"completed\"} 1"));
    cr_expect(shows("orderly_step_seconds_sum{type=\"payment.capture\"} 0.1"));
    cr_expect(shows("orderly_step_seconds_count{type=\"order.validate\"} 1"));
    cr_expect(shows("orderly_order_seconds_sum{status=\"completed\"} 0.5"));
    cr_expect(shows("orderly_order_seconds_count{status=\"failed\"} 0"));
    cr_expect(shows("orderly_command_retries_total{type=\"payment.capture\"} 0"));

    hear(order("{\"a\":1}"), 600);
    hear(order("{\"a\":2}"), 700);
    hear(reply(ASK_CAPTURE, "succeeded"), 800);
    cr_expect(shows("orderly_records_total{kind=\"order\",hearing=\"duplicate\"} 1"));
    cr_expect(shows("orderly_records_total{kind=\"order\",hearing=\"conflict\"} 1"));
    cr_expect(shows("orderly_records_total{kind=\"reply\",hearing=\"ignored\"} 1"));
    cr_expect(shows("orderly_order_seconds_count{status=\"completed\"} 1"), "it ended once");
}

Test(measures, a_command_that_is_sent_again)
{
    hear(order("{}"), 0);
    hear_at(order("{}"), next_offset, 0);
    cr_expect(shows("orderly_records_total{kind=\"order\",hearing=\"redelivered\"} 1"));
    cr_expect(shows("orderly_command_retries_total{type=\"order.validate\"} 1"), "for a redelivery");
    hear(reply(ASK_VALIDATE, "failed"), 100);
    cr_expect(shows("orderly_command_retries_total{type=\"order.validate\"} 1"), "it backs off");
    hear((struct inbox_record){.kind = TEXT("nudge")}, 5000);
    cr_expect(shows("orderly_command_retries_total{type=\"order.validate\"} 2"), "the second attempt");
    hear((struct inbox_record){.kind = TEXT("nudge")}, 60000);
    cr_expect(shows("orderly_command_retries_total{type=\"order.validate\"} 3"), "to a silent worker");
    hear(reply(ASK_VALIDATE, "succeeded"), 61000);
    cr_expect(shows("orderly_command_retries_total{type=\"order.validate\"} 3"));
    cr_expect(shows("orderly_command_retries_total{type=\"payment.authorize\"} 0"), "the next command is a new one");
}

Test(measures, a_deadline_is_counted_once_with_the_status_it_found)
{
    static const enum ask asks[] = {ASK_VALIDATE, ASK_AUTHORIZE, ASK_ALLOCATE, ASK_SHIP};
    const int64_t deadline_ms = policy_default().saga_deadline_seconds * 1000;

    hear(order("{}"), 0);
    for (size_t i = 0; i < COUNT_OF(asks); i++)
        hear(reply(asks[i], "succeeded"), (int64_t)(i + 1) * 100);
    hear(reply(ASK_CAPTURE, "failed"), deadline_ms - 1);
    cr_expect(shows("orderly_deadline_exceeded_total{status=\"capturing_payment\"} 0"));
    hear((struct inbox_record){.kind = TEXT("nudge")}, deadline_ms + 5000);
    cr_expect(shows("orderly_deadline_exceeded_total{status=\"capturing_payment\"} 1"));
    hear((struct inbox_record){.kind = TEXT("nudge")}, deadline_ms + 500000);
    hear(reply(ASK_CAPTURE, "succeeded"), deadline_ms + 600000);
    hear(order("{\"other\":1}"), deadline_ms + 700000);
    cr_expect(shows("orderly_deadline_exceeded_total{status=\"capturing_payment\"} 1"), "%s", text);
    cr_expect(shows("orderly_order_seconds_bucket{status=\"completed\",le=\"3600\"} 0"));
    cr_expect(shows("orderly_order_seconds_count{status=\"completed\"} 1"));
}

static void command(const char *line)
{
    struct text words[8];
    size_t count = 0;
    char *copy = strdup(line);

    for (char *word = strtok(copy, " "); word != NULL; word = strtok(NULL, " "))
        words[count++] = text_of(word);
    store_begin(store);
    store_queue(store, words[1], words, count);
    cr_assert_eq(store_flush(store), STATUS_OK);
    cr_assert_eq(store_error(store_value(store, 0)).length, 0);
    free(copy);
}

Test(measures, a_saga_that_makes_no_sense_is_counted_as_broken)
{
    hear(order("{}"), 0);
    command("HSET saga:ORD-1 status dreaming");
    hear(reply(ASK_VALIDATE, "succeeded"), 100);
    cr_expect(shows("orderly_records_total{kind=\"reply\",hearing=\"broken\"} 1"));
    cr_expect(shows("orderly_records_total{kind=\"reply\",hearing=\"changed\"} 0"));
    cr_expect(shows("orderly_saga_transitions_total{status=\"authorizing_payment\"} 0"));
}

static double value_behind(const char *start)
{
    const char *at;
    size_t length;

    free(text);
    text = metrics_text(metrics, &length);
    at = strstr(text, start);
    cr_assert_not_null(at);
    return strtod(at + strlen(start), NULL);
}

Test(measures, the_memory_of_redis_and_its_limit)
{
    struct run run = {.store = store, .metrics = metrics, .arena = arena};

    measure_ledger(&run, 0);
    cr_expect_gt(value_behind("\norderly_redis_memory_bytes "), 500000.0);
    cr_expect(shows("orderly_redis_memory_max_bytes 0"), "no limit");
    command("CONFIG SET maxmemory 900000"); /* less than an empty one uses: what is read can be measured all the same */
    measure_ledger(&run, 0);
    cr_expect(shows("orderly_redis_memory_max_bytes 900000"));
    cr_expect_gt(value_behind("\norderly_redis_memory_bytes "), 900000.0);
    command("CONFIG SET maxmemory 0");
}

/* A user who may not ask INFO loses these two gauges, not the others and not its connections. */
Test(measures, the_memory_of_a_redis_that_does_not_tell)
{
    struct run run = {.store = store, .metrics = metrics, .arena = arena};

    command("ZADD sagas:needs_attention 1 A");
    command("ACL SETUSER default -info");
    measure_ledger(&run, 0);
    cr_expect(shows("orderly_sagas{status=\"needs_attention\"} 1"));
    cr_expect(shows("orderly_redis_memory_bytes 0"));
    cr_expect_str_empty(store_problem(store));
}

Test(measures, what_lies_in_redis)
{
    struct run run = {.store = store, .metrics = metrics, .arena = arena};
    const int64_t now_ms = INT64_C(1760000000000);

    measure_ledger(&run, now_ms);
    cr_expect(shows("orderly_sagas{status=\"running\"} 0"));
    cr_expect(shows("orderly_oldest_running_saga_seconds 0"));
    hear(order("{}"), 0); /* in 2023: its timer is due */
    command("ZADD sagas:running 32503680000000 LATER");
    command("ZADD sagas:needs_attention 1 A 2 B 3 C");
    command("SADD sagas:broken X");
    command("ZADD sagas:timers:0 1 A 32503680000000 B");
    command("ZADD sagas:timers:15 2 C");
    measure_ledger(&run, now_ms);
    cr_expect(shows("orderly_sagas{status=\"running\"} 2"));
    cr_expect(shows("orderly_sagas{status=\"needs_attention\"} 3"));
    cr_expect(shows("orderly_sagas{status=\"completed\"} 0"));
    cr_expect(shows("orderly_sagas{status=\"broken\"} 1"));
    cr_expect(shows("orderly_timers_due 3"));
    cr_expect_gt(value_behind("\norderly_oldest_running_saga_seconds "), 60.0 * 60 * 24 * 365);
    redis_process_kill(redis);
    measure_ledger(&run, now_ms);
    cr_expect(shows("orderly_timers_due 3"), "what was seen last stays");
}

Test(measures, nudges_and_forwarded_records)
{
    measure_nudges(metrics, 3);
    measure_forwarded(metrics, TEXT("retry"));
    measure_mended(metrics, reply_member(REPLY_MEMBERS - 1));
    cr_expect(shows("orderly_nudges_total 0"));
    metrics_publish(metrics);
    cr_expect(shows("orderly_nudges_total 3"));
    cr_expect(shows("orderly_records_total{kind=\"retry\",hearing=\"forwarded\"} 1"));
    cr_expect(shows("orderly_reply_members_mended_total{member=\"result\"} 1"));
}
