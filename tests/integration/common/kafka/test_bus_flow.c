/* Holding one topic back while another goes on, and knowing how far a topic has been read; with a real Kafka. */
#include "bus_reader.h"
#include "system.h"
#include "topic_admin.h"
#include "transaction.h"

#include <criterion/criterion.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define BATCH 50
#define WAIT_MS 60000
#define MANY 400
#define FEW 10

static char held_topic[64], free_topic[64], group[80];
static const char *topics[] = {held_topic, free_topic, NULL};

static struct bus *open_as(bool consumes)
{
    struct bus_options options = {
        .bootstrap = getenv("ORDERLY_TEST_KAFKA"),
        .client_id = "orderly-test",
        .group_id = consumes ? group : NULL,
        .topics = consumes ? topics : NULL,
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
    char held_dead[80], free_dead[80], problem[256];
    enum topic_result results[4];
    struct bus *bus = open_as(false);

    snprintf(held_topic, sizeof(held_topic), "held.%lld.%d", (long long)test_now_ms(), (int)getpid());
    snprintf(free_topic, sizeof(free_topic), "free.%lld.%d", (long long)test_now_ms(), (int)getpid());
    snprintf(group, sizeof(group), "group.%s", held_topic);
    snprintf(held_dead, sizeof(held_dead), "%s.dlq", held_topic);
    snprintf(free_dead, sizeof(free_dead), "%s.dlq", free_topic);
    const struct topic_plan plans[] = {
        {held_topic, 2, 1, config}, {free_topic, 2, 1, config}, {held_dead, 1, 1, config}, {free_dead, 1, 1, config}};
    cr_assert_eq(bus_create_topics(bus, plans, COUNT_OF(plans), WAIT_MS, results, problem, sizeof(problem)), STATUS_OK, "%s",
                 problem);
    bus_close(bus);
}

TestSuite(bus_flow, .init = set_up);

static void send_numbers(const char *topic, int from, int to)
{
    struct bus *bus = open_as(false);
    char value[16];

    for (int i = from; i < to; i++) {
        snprintf(value, sizeof(value), "%d", i);
        cr_assert_eq(
            bus_send(bus, &(struct outgoing){.topic = topic, .partition = i % 2, .key = TEXT("k"), .value = text_of(value)}),
            STATUS_OK);
    }
    cr_assert_eq(bus_flush(bus, NULL), STATUS_OK, "%s", bus_problem(bus));
    bus_close(bus);
}

/* What came of each topic, in all. */
struct counts {
    size_t held, free;
    int last[2]; /* of the held topic, in each partition */
};

static void poll_once(struct bus *bus, struct counts *counts)
{
    struct record records[BATCH];
    size_t count;

    cr_assert_eq(bus_poll(bus, 50, records, &count), STATUS_OK);
    for (size_t i = 0; i < count; i++) {
        bool held = text_equals(records[i].topic, text_of(held_topic));
        char value[16];
        counts->held += held;
        counts->free += !held;
        if (!held)
            continue;
        snprintf(value, sizeof(value), "%.*s", TEXT_ARG(records[i].value));
        int *last = &counts->last[records[i].partition];
        cr_expect_eq(atoi(value), *last == 0 ? atoi(value) : *last + 2, "nothing is lost, doubled or out of order: %s after %d",
                     value, *last);
        *last = atoi(value);
    }
    bus_store_offsets(bus, records, count);
    bus_release(bus, records, count);
}

/* Polls until so many came of both topics. */
static void poll_until(struct bus *bus, struct counts *counts, size_t held, size_t free)
{
    int64_t end_ms = test_now_ms() + WAIT_MS;

    while (counts->held < held || counts->free < free) {
        cr_assert_lt(test_now_ms(), end_ms, "%zu of %zu and %zu of %zu came: %s", counts->held, held, counts->free, free,
                     bus_problem(bus));
        poll_once(bus, counts);
    }
}

Test(bus_flow, a_held_topic_waits_while_the_other_goes_on)
{
    struct bus *bus = open_as(true);
    struct counts counts = {0};

    bus_limit(bus, held_topic, 0);
    send_numbers(held_topic, 2, 2 + MANY);
    send_numbers(free_topic, 0, MANY);
    poll_until(bus, &counts, 0, MANY);
    cr_expect_eq(counts.held, 0, "not one of them");
    bus_limit(bus, held_topic, 7);
    poll_until(bus, &counts, 7, MANY);
    for (int i = 0; i < 20; i++)
        poll_once(bus, &counts);
    cr_expect_eq(counts.held, 7, "as many as it was given room for");
    bus_limit(bus, held_topic, BUS_UNLIMITED);
    poll_until(bus, &counts, MANY, MANY); /* those that waited in memory, and those behind them */
    send_numbers(held_topic, 2 + MANY, 2 + 2 * MANY);
    poll_until(bus, &counts, 2 * MANY, MANY);
    bus_close(bus);
}

/* As while Redis is away: everything is paused, and then only what was. */
Test(bus_flow, idling_and_holding_back_do_not_get_in_each_others_way)
{
    struct bus *bus = open_as(true);
    struct counts counts = {0};

    bus_limit(bus, held_topic, 0);
    send_numbers(held_topic, 2, 2 + MANY);
    send_numbers(free_topic, 0, 10);
    poll_until(bus, &counts, 0, 10);
    for (int i = 0; i < 10; i++)
        cr_assert_eq(bus_idle(bus, 20), STATUS_OK);
    send_numbers(free_topic, 10, 20);
    poll_until(bus, &counts, 0, 20);
    cr_expect_eq(counts.held, 0);
    for (int i = 0; i < 10; i++)
        cr_assert_eq(bus_idle(bus, 20), STATUS_OK);
    for (size_t room = 30; counts.held < MANY; room = 30) {
        size_t before = counts.held;
        bus_limit(bus, held_topic, room);
        poll_until(bus, &counts, before + room > MANY ? MANY : before + room, 20);
        cr_expect_leq(counts.held, before + room);
    }
    bus_close(bus);
}

/* A new member takes half of the partitions and leaves again: what waited here is read by whoever has its partition. */
Test(bus_flow, what_waits_at_a_rebalance_is_not_lost)
{
    struct bus *first = open_as(true), *second;
    struct counts counts = {0};
    struct record records[BATCH];
    size_t count, other = 0;

    bus_limit(first, held_topic, 0);
    send_numbers(held_topic, 2, 2 + MANY);
    send_numbers(free_topic, 0, 10);
    poll_until(first, &counts, 0, 10);
    second = open_as(true);
    for (int64_t end_ms = test_now_ms() + WAIT_MS; other < MANY / 2 && test_now_ms() < end_ms;) {
        poll_once(first, &counts);
        cr_assert_eq(bus_poll(second, 20, records, &count), STATUS_OK);
        bus_store_offsets(second, records, count);
        bus_release(second, records, count);
        other += count;
    }
    cr_expect_geq(other, MANY / 2, "the other one reads its partition from the beginning");
    bus_close(second);
    bus_limit(first, held_topic, BUS_UNLIMITED);
    poll_until(first, &counts, MANY / 2, 10);
    bus_close(first);
}

Test(bus_flow, a_backlog_is_what_lies_behind_the_last_record)
{
    struct bus *bus = open_as(true);
    struct counts counts = {0};

    send_numbers(free_topic, 0, MANY);
    cr_expect_eq(bus_backlog(bus, free_topic), 0, "nothing was read yet: it is not known");
    poll_until(bus, &counts, 0, 1);
    cr_expect_gt(bus_backlog(bus, free_topic), 0);
    cr_expect_leq(bus_backlog(bus, free_topic), (int64_t)(MANY - counts.free));
    cr_expect_eq(bus_backlog(bus, held_topic), 0);
    poll_until(bus, &counts, 0, MANY);
    cr_expect_eq(bus_backlog(bus, free_topic), 0);
    bus_close(bus);
}

/* Polls until the backlog of the free topic is this, or for good. */
static void expect_backlog(struct bus *bus, struct counts *counts, int64_t wanted)
{
    for (int64_t end_ms = test_now_ms() + WAIT_MS; bus_backlog(bus, free_topic) != wanted && test_now_ms() < end_ms;)
        poll_once(bus, counts);
    cr_expect_eq(bus_backlog(bus, free_topic), wanted, "%lld", (long long)bus_backlog(bus, free_topic));
}

Test(bus_flow, what_was_aborted_is_no_backlog)
{
    struct bus *bus = open_as(true);
    struct counts counts = {0};

    send_numbers(free_topic, 0, 10);
    poll_until(bus, &counts, 0, 10);
    transaction_send(free_topic, 1, 300, false);
    send_numbers(free_topic, 10, 11); /* to partition 0: behind what was aborted nothing comes */
    poll_until(bus, &counts, 0, 11);
    expect_backlog(bus, &counts, 0);
    transaction_send(free_topic, 1, 20, true);
    poll_until(bus, &counts, 0, 31);
    expect_backlog(bus, &counts, 0);
    bus_close(bus);
}

/* What the group has committed of a partition of the held topic. */
static int64_t held_committed(int partition)
{
    struct bus_options options = {.bootstrap = getenv("ORDERLY_TEST_KAFKA"), .client_id = "orderly-test", .group_id = group};
    CLEANUP(bus_reader_close) struct bus_reader *reader = NULL;
    static struct bus_span spans[BUS_PARTITIONS_MAX];
    char problem[256] = "";
    size_t count;

    cr_assert_eq(bus_reader_open(&options, problem, sizeof(problem), &reader), STATUS_OK, "%s", problem);
    cr_assert_eq(bus_reader_spans(reader, held_topic, WAIT_MS, spans, &count), STATUS_OK, "%s", bus_reader_problem(reader));
    return spans[partition].committed;
}

/* The end of a partition is known to the client while what lies before it waits in memory, held back: nothing of it may be passed
 * over. */
Test(bus_flow, the_end_waits_for_what_is_held_back)
{
    struct bus *bus = open_as(true);
    struct counts counts = {0};

    bus_limit(bus, held_topic, 0);
    send_numbers(held_topic, 2, 2 + 20);
    transaction_send(held_topic, 1, 30, false);
    send_numbers(free_topic, 0, 10);
    poll_until(bus, &counts, 0, 10);
    for (int i = 0; i < 20; i++)
        poll_once(bus, &counts);
    for (int i = 0; i < 10; i++)
        cr_assert_eq(bus_idle(bus, 20), STATUS_OK);
    bus_close(bus);
    cr_expect_leq(held_committed(1), 0, "ten wait there");
    bus = open_as(true);
    bus_limit(bus, held_topic, BUS_UNLIMITED);
    counts = (struct counts){0};
    poll_until(bus, &counts, 20, 0);
    for (int64_t end_ms = test_now_ms() + WAIT_MS; held_committed(1) != 41 && test_now_ms() < end_ms;)
        poll_once(bus, &counts);
    cr_expect_eq(held_committed(1), 41, "ten, thirty, and what ends them");
    cr_expect_eq(counts.held, 20);
    bus_close(bus);
}

static atomic_bool enough;
static atomic_size_t aborted;

static void *abort_again_and_again(void *nothing)
{
    struct transactor *transactor = transactor_open();

    while (!enough) {
        transactor_run(transactor, free_topic, 1, FEW, false);
        aborted += FEW;
    }
    transactor_close(transactor);
    return nothing;
}

/* So often that the client seldom comes to an end: still no record waits. */
Test(bus_flow, what_is_aborted_without_a_pause_is_no_backlog)
{
    struct bus *bus = open_as(true);
    struct counts counts = {0};
    int64_t highest = 0;
    pthread_t thread;

    send_numbers(free_topic, 0, 10);
    poll_until(bus, &counts, 0, 10);
    cr_assert_eq(pthread_create(&thread, NULL, abort_again_and_again, NULL), 0);
    for (int64_t end_ms = test_now_ms() + WAIT_MS; aborted < 10 * MANY && test_now_ms() < end_ms;) {
        poll_once(bus, &counts);
        highest = bus_backlog(bus, free_topic) > highest ? bus_backlog(bus, free_topic) : highest;
    }
    cr_expect_geq(aborted, 10 * MANY);
    cr_expect_leq(highest, MANY, "%lld", (long long)highest);
    enough = true;
    pthread_join(thread, NULL);
    cr_expect_eq(counts.free, 10);
    bus_close(bus);
}

/* A partition that is added while a member runs is read by it, though nobody tells it. */
Test(bus_flow, a_partition_that_is_added_is_read)
{
    struct bus *bus = open_as(true);
    struct counts counts = {0};

    send_numbers(free_topic, 0, 10);
    poll_until(bus, &counts, 0, 10);
    topic_grow(free_topic, 3);
    transaction_send(free_topic, 2, 5, true);
    poll_until(bus, &counts, 0, 15);
    bus_close(bus);
}

/* A partition that is added changes where keys belong: whoever reads asks about it when it is given partitions anew. */
Test(bus_flow, keys_belong_elsewhere_when_a_partition_is_added)
{
    static const char *const keys[] = {"a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l"};
    struct bus *bus = open_as(true);
    struct counts counts = {0};
    int64_t end_ms = test_now_ms() + WAIT_MS;
    bool found = false;

    cr_assert_eq(bus_warm_up(bus, WAIT_MS), STATUS_OK, "%s", bus_problem(bus));
    send_numbers(free_topic, 0, 10);
    poll_until(bus, &counts, 0, 10);
    for (size_t i = 0; i < COUNT_OF(keys); i++)
        cr_assert_lt(bus_partition(bus, free_topic, text_of(keys[i])), 2);
    topic_grow(free_topic, 3);
    while (!found && test_now_ms() < end_ms) {
        poll_once(bus, &counts);
        for (size_t i = 0; i < COUNT_OF(keys); i++)
            found = found || bus_partition(bus, free_topic, text_of(keys[i])) == 2;
    }
    cr_expect(found, "some of them belong to the new one");
    bus_close(bus);
}
