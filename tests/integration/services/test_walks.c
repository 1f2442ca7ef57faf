/* Timers, reconciler and sweep against a real Redis and a real Kafka: what is due is taken once, what is lost is found, what
 * ended long ago goes, and nothing else is touched. */
#include "clock.h"
#include "json.h"
#include "measures.h"
#include "outbox.h"
#include "policy.h"
#include "redis_process.h"
#include "sweep.h"
#include "system.h"
#include "timers.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define DAY_MS INT64_C(86400000)
#define STEPS_MAX 10000

static struct redis_process *redis;
static struct store *store;
static struct arena *arena;
static struct bus *bus;
static struct metrics *metrics;
static char prefix[64];
static int64_t now_ms;

static const struct store_script *const scripts[] = {&due_script, &sweep_script, NULL};
static const char *const sends_to[] = {"saga.inbox", NULL};
static const struct service service = {.name = "orchestrator"};
static const struct service_settings settings = {.batch_max = 500, .retention_days = 7};

static void set_up(void)
{
    char problem[256] = "", printed[512];
    struct bus_options options = {
        .bootstrap = getenv("ORDERLY_TEST_KAFKA"), .client_id = "orderly-test", .sends_to = sends_to, .batch_max = 10};
    struct metric_table table = measures_table();
    metrics = metrics_create(&table, 1);
    redis = redis_process_start(NULL);
    arena = arena_create();
    cr_assert_eq(store_open(redis_process_url(redis), 2, scripts, 2, &store), STATUS_OK);
    cr_assert_not_null(options.bootstrap, "ORDERLY_TEST_KAFKA is not set: run tests/run.sh");
    cr_assert_eq(
        system_run_orderly(redis_process_url(redis), (const char *[]){"topics", "create", NULL}, NULL, printed, sizeof(printed)),
        0, "%s", printed);
    cr_assert_eq(bus_open(&options, problem, sizeof(problem), &bus), STATUS_OK, "%s", problem);
    now_ms = clock_wall_ms() / 1000 * 1000;
    snprintf(prefix, sizeof(prefix), "walk-%lld.%d", (long long)now_ms, (int)getpid());
}

static void tear_down(void)
{
    bus_close(bus);
    store_close(store);
    metrics_destroy(metrics);
    arena_destroy(arena);
    redis_process_stop(redis);
}

TestSuite(walks, .init = set_up, .fini = tear_down);

static struct run run_here(void)
{
    return (struct run){
        .service = &service, .settings = &settings, .bus = bus, .store = store, .arena = arena, .metrics = metrics};
}

/* Runs a command written with spaces between its words; gives its text, or its number as text, or "" for nil. */
static const char *redis_do(const char *format, ...)
{
    char line[2048];
    struct text words[32];
    size_t count = 0;
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(line, sizeof(line), format, arguments);
    va_end(arguments);
    for (char *word = strtok(line, " "); word != NULL; word = strtok(NULL, " "))
        words[count++] = text_of(word);
    store_begin(store);
    store_queue(store, words[1], words, count);
    cr_assert_eq(store_flush(store), STATUS_OK, "%s", store_problem(store));
    const struct store_value *value = store_value(store, 0);
    cr_assert_eq(store_error(value).length, 0, "%s: %.*s", line, TEXT_ARG(store_error(value)));
    if (text_is_there(store_text(value)))
        return text_copy(arena, store_text(value)).at;
    return store_number(value) == 0 && store_count(value) == 0 ? ""
                                                               : text_format(arena, "%lld", (long long)store_number(value)).at;
}

static const char *id_of(const char *name) { return text_format(arena, "%s-%s", prefix, name).at; }

static const char *timer_key(const char *id) { return text_copy(arena, key_timers(arena, timer_shard(text_of(id)))).at; }

/* The step of a status, or that it may have been undoing; and what is then waited for. */
static int step_of(enum saga_status status)
{
    for (int step = 0; step < STEP_COUNT; step++)
        if (step_at(step)->status == status || step_at(step)->refused_as == status)
            return step;
    return 1;
}

static enum ask pending_of(enum saga_status status)
{
    const struct saga_step *step = step_at(step_of(status));

    if (saga_status_is_terminal(status))
        return ASK_NOTHING;
    return status == SAGA_COMPENSATING || status == SAGA_COMPENSATION_FAILED ? step->undo : step->ask;
}

/* A saga in this status, in its index since then, with a timer if it waits for something. */
static const char *put_saga(const char *name, const char *status, int64_t since_ms)
{
    const char *id = id_of(name);
    enum saga_status read = saga_status_of(text_of(status));
    struct policy policy = policy_default();
    struct saga saga = {
        .order_id = text_of(id),
        .version = 3,
        .status = read,
        .since_ms = since_ms,
        .order = text_format(arena, "{\"orderId\":\"%s\",\"warehouse\":\"west\"}", id),
        .results = TEXT("{}"),
        .policy = policy_text(arena, &policy),
        .source = TEXT("{}"),
        .ends_as = read == SAGA_COMPENSATING || read == SAGA_COMPENSATION_FAILED ? SAGA_FAILED : SAGA_NONE,
        .step = step_of(read),
        .pending = pending_of(read),
        .attempt = saga_status_is_terminal(read) ? 0 : 1,
        .created_ms = since_ms,
        .updated_ms = since_ms,
        .deadline_ms = since_ms + 1000,
    };
    struct text values[SAGA_FIELD_COUNT], words[2 * SAGA_FIELD_COUNT + 2] = {TEXT("HSET"), key_saga(arena, saga.order_id)};
    size_t count = 2;

    saga_write(arena, &saga, values);
    for (size_t i = 0; i < SAGA_FIELD_COUNT; i++)
        if (text_is_there(values[i])) {
            words[count++] = saga_field_names()[i];
            words[count++] = values[i];
        }
    store_begin(store);
    store_queue(store, words[1], words, count);
    cr_assert_eq(store_flush(store), STATUS_OK);
    redis_do("ZADD sagas:%s %lld %s", saga_status_index(read), (long long)since_ms, id);
    if (!saga_status_is_terminal(read) && !saga_status_is_parked(read))
        redis_do("ZADD %s %lld %s", timer_key(id), (long long)(now_ms + DAY_MS), id);
    return id;
}

/* ---- what was nudged ---- */

struct seen_nudges {
    char ids[4096]; /* with a space behind each, without the prefix */
    size_t count;
};

static void see_nudge(const struct record *record, void *context)
{
    struct seen_nudges *seen = context;
    struct text type, time, traceparent;
    int64_t time_ms;

    if (!text_begins(record->key, text_of(prefix)))
        return;
    struct text value = text_format(arena, "{\"kind\":\"nudge\",\"orderId\":\"%.*s\"}", TEXT_ARG(record->key));
    cr_expect(text_equals(record->value, value), "%.*s", TEXT_ARG(record->value));
    cr_expect(record_header(record, "ce_type", &type) && text_equals(type, TEXT("order.nudge")));
    cr_expect(record_header(record, "ce_time", &time) && time_read(time, &time_ms), "%.*s", TEXT_ARG(time));
    cr_expect(record_header(record, "traceparent", &traceparent));
    strncat(seen->ids, record->key.at + strlen(prefix) + 1, record->key.length - strlen(prefix) - 1);
    strcat(seen->ids, " ");
    seen->count++;
}

static struct seen_nudges nudges(void)
{
    struct seen_nudges seen = {.count = 0};

    cr_assert_eq(bus_flush(bus, NULL), STATUS_OK, "%s", bus_problem(bus));
    read_topic("saga.inbox", see_nudge, &seen);
    return seen;
}

/* ---- due.lua ---- */

static void take_due(void)
{
    struct run run = run_here();
    struct due due;
    uint32_t misread = 0;

    store_begin(store);
    timers_queue(store, arena, TIMER_BATCH_MAX, &due);
    cr_assert_eq(store_flush(store), STATUS_OK, "%s", store_problem(store));
    cr_assert_eq(timers_nudge(&run, &due, &misread), STATUS_OK);
}

Test(walks, what_is_due_is_nudged_and_leased)
{
    const char *due = id_of("due"), *later = id_of("later");

    redis_do("ZADD %s 5 %s", timer_key(due), due);
    redis_do("ZADD %s %lld %s", timer_key(later), (long long)(now_ms + DAY_MS), later);
    take_due();
    take_due();
    struct seen_nudges seen = nudges();
    cr_expect_str_eq(seen.ids, "due ", "once, as long as the lease holds");
    int64_t leased_ms = atoll(redis_do("ZSCORE %s %s", timer_key(due), due));
    cr_expect(leased_ms > now_ms && leased_ms < now_ms + TIMER_LEASE_MS + SYSTEM_WAIT_MS, "%lld", (long long)leased_ms);
    cr_expect_eq(atoll(redis_do("ZSCORE %s %s", timer_key(later), later)), now_ms + DAY_MS);
    redis_do("ZADD %s 5 %s", timer_key(due), due); /* the lease ran out */
    take_due();
    seen = nudges();
    cr_expect_eq(seen.count, 2);
}

/* Handling a nudge would not take it out: it would be due again after each lease. */
Test(walks, what_stands_in_a_shard_that_is_not_its_own_is_taken_out)
{
    const char *astray = id_of("astray"), *at_home = id_of("home");
    int other = strcmp(timer_key(astray), "sagas:timers:3") == 0 ? 4 : 3;

    redis_do("ZADD sagas:timers:%d 1 not{an}id", other);
    redis_do("ZADD sagas:timers:%d 2 a/%s", other, prefix);
    redis_do("ZADD sagas:timers:%d 3 %s", other, astray);
    redis_do("ZADD %s 4 %s", timer_key(at_home), at_home);
    take_due();
    cr_expect_str_eq(redis_do("ZSCORE sagas:timers:%d not{an}id", other), "");
    cr_expect_str_eq(redis_do("ZSCORE sagas:timers:%d a/%s", other, prefix), "");
    cr_expect_str_eq(redis_do("ZSCORE sagas:timers:%d %s", other, astray), "");
    cr_expect_str_neq(redis_do("ZSCORE %s %s", timer_key(at_home), at_home), "");
    struct seen_nudges seen = nudges();
    cr_expect_not_null(strstr(seen.ids, "astray "), "its timer is written where it belongs");
    cr_expect_not_null(strstr(seen.ids, "home "));
    cr_expect_eq(seen.count, 2, "%s", seen.ids);
}

Test(walks, of_what_is_due_by_redis_clock_alone_few_go_the_oldest_first)
{
    struct run run = run_here();
    struct due due;
    uint32_t misread = 0;

    cr_expect_eq(timers_limit(0), TIMER_BATCH_MAX);
    cr_expect_eq(timers_limit(TIMER_AHEAD_MAX_MS), TIMER_BATCH_MAX);
    cr_expect_eq(timers_limit(-DAY_MS), TIMER_BATCH_MAX);
    cr_assert_eq(timers_limit(TIMER_AHEAD_MAX_MS + 1), TIMER_TRICKLE);
    for (int i = 0; i < 200; i++) {
        const char *id = text_format(arena, "%s-%d", prefix, i).at;
        redis_do("ZADD %s %d %s", timer_key(id), i + 1, id);
    }
    store_begin(store);
    timers_queue(store, arena, timers_limit(DAY_MS), &due);
    cr_assert_eq(store_flush(store), STATUS_OK);
    cr_assert_eq(timers_nudge(&run, &due, &misread), STATUS_OK);
    struct seen_nudges seen = nudges();
    cr_expect_eq(seen.count, TIMER_SHARDS * TIMER_TRICKLE, "%zu", seen.count);
    cr_expect_not_null(strstr(seen.ids, "0 "), "%s", seen.ids);
}

Test(walks, a_shard_gives_no_more_than_a_batch_and_the_oldest_first)
{
    char command[64 + TIMER_BATCH_MAX];
    struct text answer_key = TEXT("sagas:timers:3");
    const struct store_value *answer;

    for (int i = 0; i < TIMER_BATCH_MAX + 5; i++) {
        snprintf(command, sizeof(command), "ZADD sagas:timers:3 %d n-%d", i + 1, i);
        redis_do("%s", command);
    }
    store_begin(store);
    store_call(store, &due_script, 1, (struct text[]){answer_key, text_format(arena, "%d", TIMER_BATCH_MAX), TEXT("10000")}, 3);
    cr_assert_eq(store_flush(store), STATUS_OK);
    answer = store_value(store, 0);
    cr_assert_eq(store_count(answer), TIMER_BATCH_MAX + 1);
    cr_expect(text_equals(store_text(store_element(answer, 1)), TEXT("n-0")));
    cr_expect_eq(atoll(redis_do("ZCOUNT sagas:timers:3 -inf %d", TIMER_BATCH_MAX + 10)), 5, "the others are still due");
}

/* ---- the reconciler ---- */

/* Both walks, to their ends. */
static void reconcile_all(void)
{
    struct reconcile reconcile = {.indexes = {.resume_ms = 0}};
    struct reconcile_rules rules = {.here_ms = 1, .now_ms = now_ms, .rest_ms = DAY_MS, .listed_ms = 7 * DAY_MS};
    struct run run = run_here();
    size_t steps = 0;

    while (reconcile.indexes.resume_ms == 0 || reconcile.keys.resume_ms == 0) {
        cr_assert_lt(++steps, STEPS_MAX, "it comes to an end");
        cr_assert_eq(reconcile_step(&run, &reconcile, &rules), STATUS_OK);
    }
    cr_assert_eq(reconcile_step(&run, &reconcile, &rules), STATUS_OK, "and rests");
}

Test(walks, a_running_saga_without_a_timer_gets_one_and_others_keep_theirs)
{
    const char *lost = put_saga("lost", "validating", now_ms - DAY_MS),
               *undoing = put_saga("undoing", "compensating", now_ms - 2 * DAY_MS);
    const char *fine = put_saga("fine", "fulfilling", now_ms - DAY_MS);

    redis_do("ZREM %s %s", timer_key(lost), lost);
    redis_do("ZREM %s %s", timer_key(undoing), undoing);
    reconcile_all();
    cr_expect_eq(atoll(redis_do("ZSCORE %s %s", timer_key(lost), lost)), now_ms - DAY_MS, "due at once");
    cr_expect_eq(atoll(redis_do("ZSCORE %s %s", timer_key(undoing), undoing)), now_ms - 2 * DAY_MS);
    cr_expect_eq(atoll(redis_do("ZSCORE %s %s", timer_key(fine), fine)), now_ms + DAY_MS);
    take_due();
    struct seen_nudges seen = nudges();
    cr_expect_not_null(strstr(seen.ids, "lost "));
    cr_expect_not_null(strstr(seen.ids, "undoing "));
    cr_expect_null(strstr(seen.ids, "fine "));
}

Test(walks, a_saga_that_is_in_no_index_is_nudged)
{
    static const char *const statuses[] = {"authorizing_payment", "compensating", "needs_attention", "compensation_failed",
                                           "completed"};
    const char *old = put_saga("old", "completed", now_ms - 8 * DAY_MS);

    for (size_t i = 0; i < COUNT_OF(statuses); i++) {
        const char *id = put_saga(statuses[i], statuses[i], now_ms - DAY_MS);
        redis_do("ZREM sagas:%s %s", saga_status_index(saga_status_of(text_of(statuses[i]))), id);
    }
    put_saga("whole", "failed", now_ms - DAY_MS);
    put_saga("fresh", "validating", now_ms); /* it is being handled: index and timer may be on their way */
    redis_do("ZREM sagas:running %s", id_of("fresh"));
    redis_do("ZREM sagas:completed %s", old); /* the sweep has taken it out: that is no loss */
    reconcile_all();
    struct seen_nudges seen = nudges();
    cr_expect_eq(seen.count, COUNT_OF(statuses), "%s", seen.ids);
    for (size_t i = 0; i < COUNT_OF(statuses); i++)
        cr_expect_not_null(strstr(seen.ids, statuses[i]), "%s", seen.ids);
}

Test(walks, a_saga_that_has_changed_in_the_future_is_nudged)
{
    put_saga("ahead", "validating", now_ms + DAY_MS);
    put_saga("parked", "needs_attention", now_ms + DAY_MS);
    put_saga("ended", "completed", now_ms + DAY_MS);
    put_saga("soon", "validating", now_ms + 60000); /* clocks are never quite the same */
    reconcile_all();
    struct seen_nudges seen = nudges();
    cr_expect_not_null(strstr(seen.ids, "ahead "));
    cr_expect_not_null(strstr(seen.ids, "parked "));
    cr_expect_eq(seen.count, 2, "%s", seen.ids);
}

Test(walks, what_can_not_be_read_is_set_aside)
{
    const char *nonsense = put_saga("nonsense", "validating", now_ms - DAY_MS),
               *half = put_saga("half", "validating", now_ms - DAY_MS);
    const char *nameless = put_saga("nameless", "validating", now_ms - DAY_MS),
               *fine = put_saga("fine", "validating", now_ms - DAY_MS);
    const char *string = id_of("string");

    redis_do("HSET saga:%s status dreaming", nonsense);
    redis_do("HDEL saga:%s order", half);
    redis_do("HDEL saga:%s status", nameless);
    redis_do("SET saga:%s x", string);
    redis_do("SET saga:%s{} x", prefix); /* no id at all */
    reconcile_all();
    cr_expect_str_eq(redis_do("SCARD sagas:broken"), "4");
    cr_expect_str_eq(redis_do("SISMEMBER sagas:broken %s", nonsense), "1");
    cr_expect_str_eq(redis_do("SISMEMBER sagas:broken %s", half), "1");
    cr_expect_str_eq(redis_do("SISMEMBER sagas:broken %s", nameless), "1");
    cr_expect_str_eq(redis_do("SISMEMBER sagas:broken %s", string), "1");
    cr_expect_str_eq(redis_do("ZSCORE %s %s", timer_key(nonsense), nonsense), "", "it would fire again and again");
    cr_expect_str_neq(redis_do("ZSCORE %s %s", timer_key(fine), fine), "");
}

Test(walks, thousands_of_sagas_are_walked_page_by_page)
{
    enum { MANY = 3 * RECONCILE_PAGE };

    for (int i = 0; i < MANY; i++)
        redis_do("ZADD sagas:running %d %s-%d", i + 1, prefix, i);
    reconcile_all();
    size_t timers = 0;
    for (int shard = 0; shard < TIMER_SHARDS; shard++)
        timers += (size_t)atoll(redis_do("ZCARD sagas:timers:%d", shard));
    cr_expect_eq(timers, MANY);
}

/* ---- the sweep ---- */

/* From its beginning until it rests. */
static void sweep_by(bool clocks_agree)
{
    static struct sweep sweep;
    struct sweep_rules rules = {
        .here_ms = 1, .now_ms = now_ms, .rest_ms = DAY_MS, .ended_before_ms = now_ms - 8 * DAY_MS, .clocks_agree = clocks_agree};
    struct run run = run_here();

    sweep = (struct sweep){.resume_ms = 0};
    for (size_t steps = 0; sweep.resume_ms == 0; steps++) {
        cr_assert_lt(steps, STEPS_MAX, "it comes to an end");
        cr_assert_eq(sweep_step(&run, &sweep, &rules), STATUS_OK, "%s", store_problem(store));
    }
}

static void sweep_all(void) { sweep_by(true); }

/* Payment, shipment and an allocated reservation of 2 A and 3 B. */
static void put_marks(const char *id, const char *warehouse)
{
    redis_do("HSET payment:%s status captured", id);
    redis_do("HSET shipment:%s status shipped", id);
    redis_do("HSET {stock:%s}:reservation:%s status allocated items A=2", warehouse, id);
    store_begin(store);
    struct text key = text_format(arena, "{stock:%s}:reservation:%s", warehouse, id);
    store_queue(store, key, (struct text[]){TEXT("HSET"), key, TEXT("items"), TEXT("A=2 B=3")}, 4);
    cr_assert_eq(store_flush(store), STATUS_OK);
}

static void expect_marks(const char *id, const char *warehouse, bool there)
{
    const char *expected = there ? "1" : "";

    cr_expect_str_eq(redis_do("EXISTS payment:%s", id), expected, "payment:%s", id);
    cr_expect_str_eq(redis_do("EXISTS shipment:%s", id), expected, "shipment:%s", id);
    cr_expect_str_eq(redis_do("EXISTS {stock:%s}:reservation:%s", warehouse, id), expected, "reservation of %s", id);
}

Test(walks, what_ended_long_ago_is_swept_and_its_units_are_added_up)
{
    const char *done = put_saga("done", "completed", now_ms - 9 * DAY_MS),
               *failed = put_saga("failed", "failed", now_ms - 9 * DAY_MS);
    const char *recent = put_saga("recent", "completed", now_ms - 7 * DAY_MS);

    put_marks(done, "west");
    put_marks(recent, "west");
    put_marks(failed, "west");
    redis_do("HSET {stock:west}:reservation:%s status released", failed);
    sweep_all();
    expect_marks(done, "west", false);
    expect_marks(failed, "west", false);
    expect_marks(recent, "west", true);
    cr_expect_str_eq(redis_do("HGET {stock:west}:swept A"), "2", "what was released is not counted");
    cr_expect_str_eq(redis_do("HGET {stock:west}:swept B"), "3");
    cr_expect_str_eq(redis_do("ZCARD sagas:completed"), "1");
    cr_expect_str_eq(redis_do("ZCARD sagas:failed"), "");
    cr_expect_str_eq(redis_do("EXISTS saga:%s", done), "1", "the saga expires by itself");
    redis_do("ZADD sagas:completed 1 %s", done); /* a crash in the middle: all of it again */
    sweep_all();
    cr_expect_str_eq(redis_do("HGET {stock:west}:swept A"), "2");
    cr_expect_str_eq(redis_do("ZCARD sagas:completed"), "1");
}

Test(walks, an_order_whose_warehouse_is_null_has_its_reservation_in_main)
{
    const char *none = put_saga("none", "completed", now_ms - 9 * DAY_MS);

    redis_do("HSET saga:%s order {\"orderId\":\"%s\",\"warehouse\":null}", none, none);
    put_marks(none, "main");
    sweep_all();
    expect_marks(none, "main", false);
    cr_expect_str_eq(redis_do("HGET {stock:main}:swept A"), "2");
}

/* A script does not roll back: what was added before the number that makes no sense would be added again each time. */
Test(walks, what_can_not_be_added_up_is_not_swept_in_part_and_stops_nothing)
{
    const char *done = put_saga("done", "completed", now_ms - 9 * DAY_MS);
    const char *other = put_saga("other", "completed", now_ms - 9 * DAY_MS);

    put_marks(done, "west");
    put_marks(other, "west");
    redis_do("HSET {stock:west}:reservation:%s items C=2", other);
    redis_do("HSET {stock:west}:swept B 007");
    sweep_all();
    cr_expect_str_eq(redis_do("HGET {stock:west}:swept A"), "");
    cr_expect_str_eq(redis_do("HGET {stock:west}:swept B"), "007");
    cr_expect_str_eq(redis_do("EXISTS {stock:west}:reservation:%s", done), "1");
    expect_marks(other, "west", false);
    cr_expect_str_eq(redis_do("HGET {stock:west}:swept C"), "2");
}

Test(walks, of_a_saga_that_has_expired_every_warehouse_is_swept)
{
    const char *gone = id_of("gone");

    redis_do("HSET stock:main A 1");
    redis_do("HSET stock:west A 1");
    for (int i = 0; i < 50; i++)
        redis_do("SET noise:%d x", i);
    redis_do("ZADD sagas:cancelled 5 %s", gone);
    put_marks(gone, "west");
    sweep_all();
    expect_marks(gone, "west", false);
    cr_expect_str_eq(redis_do("HGET {stock:west}:swept B"), "3");
    cr_expect_str_eq(redis_do("EXISTS {stock:main}:swept"), "");
    cr_expect_str_eq(redis_do("ZCARD sagas:cancelled"), "");
}

Test(walks, what_runs_or_is_parked_is_never_swept)
{
    static const char *const statuses[] = {"fulfilling", "compensating", "needs_attention", "compensation_failed"};

    for (size_t i = 0; i < COUNT_OF(statuses); i++) {
        const char *id = put_saga(statuses[i], statuses[i], now_ms - 100 * DAY_MS);
        put_marks(id, "west");
        redis_do("ZADD sagas:completed 7 %s", id); /* by a crash, or by hand */
    }
    const char *broken = put_saga("broken", "completed", now_ms - 100 * DAY_MS);
    put_marks(broken, "west");
    redis_do("HSET saga:%s status dreaming", broken);
    sweep_all();
    for (size_t i = 0; i < COUNT_OF(statuses); i++)
        expect_marks(id_of(statuses[i]), "west", true);
    expect_marks(broken, "west", true);
    cr_expect_str_eq(redis_do("SISMEMBER sagas:broken %s", broken), "1");
    cr_expect_str_eq(redis_do("ZCARD sagas:completed"), "");
    struct seen_nudges seen = nudges();
    cr_expect_eq(seen.count, COUNT_OF(statuses), "they are nudged, and listed where they belong: %s", seen.ids);
}

Test(walks, while_the_clocks_do_not_agree_nothing_is_swept_but_the_brokers_are_asked)
{
    const char *first = put_saga("first", "completed", now_ms - 30 * DAY_MS),
               *second = put_saga("second", "completed", now_ms - 20 * DAY_MS);

    put_marks(first, "west");
    put_marks(second, "west");
    sweep_by(false);
    expect_marks(first, "west", true);
    expect_marks(second, "west", true);
    cr_expect_str_eq(redis_do("ZCARD sagas:completed"), "2");
    struct seen_nudges seen = nudges();
    cr_expect_str_eq(seen.ids, "first ", "the answer to it tells the time");
    redis_do("DEL sagas:completed");
    sweep_by(false);
    seen = nudges();
    cr_expect_eq(seen.count, 1, "with nothing to sweep nobody is asked");
}

Test(walks, what_is_no_id_in_an_index_goes_and_nothing_else_with_it)
{
    const char *done = put_saga("done", "completed", now_ms - 9 * DAY_MS);

    redis_do("ZADD sagas:completed 1 not{an}id");
    redis_do("ZADD sagas:completed 2 ../%s", done);
    redis_do("SET payment:not{an}id x");
    redis_do("ZADD sagas:running 1 not{an}id");
    put_marks(done, "west");
    sweep_all();
    expect_marks(done, "west", false);
    cr_expect_str_eq(redis_do("ZCARD sagas:completed"), "");
    cr_expect_str_eq(redis_do("GET payment:not{an}id"), "x", "it is not ours");
    reconcile_all();
    cr_expect_str_eq(redis_do("ZCARD sagas:running"), "", "it would count as an order under way for ever");
    struct seen_nudges seen = nudges();
    cr_expect_eq(seen.count, 0, "%s", seen.ids);
}

Test(walks, more_than_a_batch_is_swept)
{
    enum { MANY = SWEEP_BATCH + 20 };

    for (int i = 0; i < MANY; i++) {
        redis_do("HSET saga:%s-%d status rejected since 2001-01-01T00:00:00.000Z order {}", prefix, i);
        redis_do("ZADD sagas:rejected %d %s-%d", i + 1, prefix, i);
    }
    sweep_all();
    cr_expect_str_eq(redis_do("ZCARD sagas:rejected"), "");
}
