/* How far behind a member of the group is: what is not handled counts, also before the first record, and while all is paused. */
#include "bus_reader.h"
#include "system.h"
#include "transaction.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define BATCH 100
#define PARTITIONS 3
#define WAIT_MS 30000

static char topic[64], group[80];
static const char *topics[] = {topic, NULL};
static struct record records[BATCH];
static size_t record_count;

static struct bus *open_as(const char *group_id)
{
    struct bus_options options = {
        .bootstrap = getenv("ORDERLY_TEST_KAFKA"),
        .client_id = "orderly-test",
        .group_id = group_id,
        .topics = topics,
        .sends_to = topics,
        .batch_max = BATCH,
    };
    char problem[256] = "";
    struct bus *bus = NULL;

    cr_assert_not_null(options.bootstrap, "ORDERLY_TEST_KAFKA is not set: run tests/run.sh");
    cr_assert_eq(bus_open(&options, problem, sizeof(problem), &bus), STATUS_OK, "%s", problem);
    return bus;
}

static void set_up(void)
{
    static const char *const config[] = {"message.timestamp.type", "LogAppendTime", NULL};
    char dead[80], problem[256];
    enum topic_result results[2];

    snprintf(topic, sizeof(topic), "lag.%lld.%d", (long long)test_now_ms(), (int)getpid());
    snprintf(group, sizeof(group), "group.%s", topic);
    snprintf(dead, sizeof(dead), "%s.dlq", topic);
    struct bus *bus = open_as(NULL);
    cr_assert_eq(bus_create_topics(bus, (struct topic_plan[]){{topic, PARTITIONS, 1, config}, {dead, 1, 1, config}}, 2, WAIT_MS,
                                   results, problem, sizeof(problem)),
                 STATUS_OK, "%s", problem);
    bus_close(bus);
}

TestSuite(bus_lag, .init = set_up);

/* To partition 1 of the topic. */
static void send_records(size_t count)
{
    struct bus *bus = open_as(NULL);

    for (size_t i = 0; i < count; i++)
        cr_assert_eq(bus_send(bus, &(struct outgoing){.topic = topic, .partition = 1, .value = TEXT("x")}), STATUS_OK);
    cr_assert_eq(bus_flush(bus, NULL), STATUS_OK, "%s", bus_problem(bus));
    bus_close(bus);
}

/* Takes records until there are at least count of them; they stay unhandled. */
static void take(struct bus *bus, size_t count)
{
    for (int64_t end_ms = test_now_ms() + WAIT_MS; record_count < count;) {
        size_t more;
        cr_assert_lt(test_now_ms(), end_ms, "%zu came: %s", record_count, bus_problem(bus));
        cr_assert_eq(bus_poll(bus, 100, records + record_count, &more), STATUS_OK);
        record_count += more;
    }
}

static void finish(struct bus *bus)
{
    bus_store_offsets(bus, records, record_count);
    bus_release(bus, records, record_count);
    record_count = 0;
}

/* Whether all partitions are known, and partition 1 lags by this, the others by nothing. */
static bool lags_by(struct bus *bus, int64_t wanted, bool told)
{
    struct bus_lag lags[2 * PARTITIONS];
    size_t count = bus_lags(bus, lags, COUNT_OF(lags));
    bool right = count == PARTITIONS;

    for (size_t i = 0; i < count; i++) {
        cr_expect_str_eq(lags[i].topic, topic);
        right = right && lags[i].records == (lags[i].partition == 1 ? wanted : 0);
        if (told)
            fprintf(stderr, "%s %d: %lld\n", lags[i].topic, (int)lags[i].partition, (long long)lags[i].records);
    }
    return right;
}

/* Polls, or idles, until the lag is this; nothing may come. */
static void expect_lag(struct bus *bus, int64_t wanted, bool idles)
{
    for (int64_t end_ms = test_now_ms() + WAIT_MS; !lags_by(bus, wanted, false) && test_now_ms() < end_ms;) {
        size_t more = 0;
        cr_assert_eq(idles ? bus_idle(bus, 50) : bus_poll(bus, 50, records + record_count, &more), STATUS_OK);
        cr_assert_eq(more, 0);
    }
    cr_expect(lags_by(bus, wanted, true), "not %lld", (long long)wanted);
}

Test(bus_lag, what_is_taken_and_not_handled_is_behind)
{
    struct bus *bus = open_as(group);

    expect_lag(bus, 0, false);
    send_records(30);
    take(bus, 30);
    expect_lag(bus, 30, false);
    finish(bus);
    cr_expect(lags_by(bus, 0, true));
    send_records(5);
    expect_lag(bus, 5, true);
    send_records(5);
    expect_lag(bus, 10, true);
    take(bus, 10);
    finish(bus);
    expect_lag(bus, 0, false);
    bus_close(bus);
}

/* A member that comes later knows where it stands before it has taken anything. */
Test(bus_lag, counts_from_what_the_group_has_committed)
{
    struct bus *bus = open_as(group);

    send_records(20);
    take(bus, 20);
    finish(bus);
    bus_close(bus);
    bus = open_as(group);
    expect_lag(bus, 0, false);
    bus_close(bus);
    send_records(7);
    bus = open_as(group);
    expect_lag(bus, 7, true);
    bus_close(bus);
}

static size_t known(struct bus *bus)
{
    struct bus_lag lags[2 * PARTITIONS];

    return bus_lags(bus, lags, COUNT_OF(lags));
}

Test(bus_lag, partitions_that_another_member_got_are_not_told)
{
    struct bus *first = open_as(group), *second;
    size_t count, assignments;

    expect_lag(first, 0, false);
    assignments = bus_assignments(first);
    cr_expect_gt(assignments, 0);
    second = open_as(group);
    for (int64_t end_ms = test_now_ms() + WAIT_MS; known(first) + known(second) != PARTITIONS || known(second) == 0;) {
        cr_assert_lt(test_now_ms(), end_ms, "%zu and %zu", known(first), known(second));
        cr_assert_eq(bus_poll(first, 50, records, &count), STATUS_OK);
        cr_assert_eq(bus_poll(second, 50, records, &count), STATUS_OK);
    }
    cr_expect_gt(known(first), 0);
    cr_expect_gt(bus_assignments(first), assignments, "who has others in between learns it");
    bus_close(second);
    bus_close(first);
}

/* ---- records that are never delivered ---- */

/* What the group has committed of partition 1. */
static struct bus_span committed_span(void)
{
    struct bus_options options = {.bootstrap = getenv("ORDERLY_TEST_KAFKA"), .client_id = "orderly-test", .group_id = group};
    CLEANUP(bus_reader_close) struct bus_reader *reader = NULL;
    static struct bus_span spans[BUS_PARTITIONS_MAX];
    char problem[256] = "";
    size_t count;

    cr_assert_eq(bus_reader_open(&options, problem, sizeof(problem), &reader), STATUS_OK, "%s", problem);
    cr_assert_eq(bus_reader_spans(reader, topic, WAIT_MS, spans, &count), STATUS_OK, "%s", bus_reader_problem(reader));
    return spans[1];
}

/* Polls until the group has committed this; nothing may come. */
static void expect_committed(struct bus *bus, int64_t wanted)
{
    size_t more = 0;

    for (int64_t end_ms = test_now_ms() + WAIT_MS; committed_span().committed != wanted && test_now_ms() < end_ms;) {
        cr_assert_eq(bus_poll(bus, 50, records + record_count, &more), STATUS_OK);
        cr_assert_eq(more, 0);
    }
    cr_expect_eq(committed_span().committed, wanted, "nobody who looks at the group sees them wait");
}

Test(bus_lag, what_was_aborted_is_not_behind)
{
    struct bus *bus = open_as(group);

    expect_lag(bus, 0, false);
    transaction_send(topic, 1, 300, false);
    expect_committed(bus, 301); /* three hundred and what says that they were aborted */
    expect_lag(bus, 0, false);
    bus_close(bus);
}

Test(bus_lag, what_ends_a_transaction_is_not_behind)
{
    struct bus *bus = open_as(group);

    transaction_send(topic, 1, 20, true);
    take(bus, 20);
    finish(bus);
    expect_committed(bus, 21);
    expect_lag(bus, 0, false);
    bus_close(bus);
}

/* Where the partition ends is known before what came earlier is handled: it must not be committed before. */
Test(bus_lag, the_end_waits_for_what_is_not_handled)
{
    struct bus *bus = open_as(group);
    size_t more;

    send_records(30);
    transaction_send(topic, 1, 50, false);
    take(bus, 30);
    for (int i = 0; i < 10; i++)
        cr_assert_eq(bus_poll(bus, 50, records + record_count, &more), STATUS_OK);
    cr_expect(lags_by(bus, 81, true), "thirty that are not handled, and what lies behind them");
    bus_release(bus, records, record_count);
    record_count = 0;
    bus_close(bus);
    cr_expect_lt(committed_span().committed, 0);
    bus = open_as(group);
    take(bus, 30);
    finish(bus);
    expect_committed(bus, 81);
    expect_lag(bus, 0, false);
    bus_close(bus);
}
