/* A broker that goes away or refuses, on librdkafka's own mock cluster: what was paused in the meantime is read again afterwards,
 * and offsets are stored only behind what the broker has acknowledged. */
#include "bus_internal.h"
#include "bus_reader.h"
#include "mock_cluster.h"
#include "system.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>

#define WAIT_MS 60000
#define BATCH 10

static const char *const topics[] = {"numbers", NULL};

static struct bus *open_sender(const struct mock_cluster *cluster, const char *const sends_to[])
{
    struct bus_options options = {
        .bootstrap = rd_kafka_mock_cluster_bootstraps(cluster->mock),
        .client_id = "orderly-test",
        .group_id = "outage",
        .topics = topics,
        .sends_to = sends_to,
        .batch_max = BATCH,
    };
    char problem[256] = "";
    struct bus *bus = NULL;

    cr_assert_eq(bus_open(&options, problem, sizeof(problem), &bus), STATUS_OK, "%s", problem);
    return bus;
}

static struct bus *open_member(const struct mock_cluster *cluster) { return open_sender(cluster, topics); }

static void send_one(struct bus *bus, const char *key)
{
    struct outgoing outgoing = {.topic = topics[0], .partition = -1, .key = text_of(key), .value = text_of(key)};

    cr_assert_eq(bus_send(bus, &outgoing), STATUS_OK, "%s", bus_problem(bus));
    cr_assert_eq(bus_flush(bus, NULL), STATUS_OK, "%s", bus_problem(bus));
}

/* Polls until this record has come; what was not committed before the outage may come again first. */
static void read_until(struct bus *bus, const char *expected)
{
    struct record records[BATCH];
    int64_t end_ms = test_now_ms() + WAIT_MS;
    bool came = false;
    size_t count;

    while (!came) {
        cr_assert_lt(test_now_ms(), end_ms, "'%s' never came: %s", expected, bus_problem(bus));
        cr_assert_eq(bus_poll(bus, 100, records, &count), STATUS_OK);
        for (size_t i = 0; i < count; i++)
            came = came || text_equals(records[i].value, text_of(expected));
        bus_store_offsets(bus, records, count);
        bus_release(bus, records, count);
    }
}

Test(bus_outage, partitions_that_were_lost_while_they_were_paused_are_read_again)
{
    struct mock_cluster cluster = mock_cluster_start(topics[0], 2);
    struct bus *bus = open_member(&cluster);
    int64_t end_ms = test_now_ms() + WAIT_MS;

    send_one(bus, "before");
    read_until(bus, "before");
    rd_kafka_mock_broker_set_down(cluster.mock, MOCK_BROKER);
    while (bus->joined) { /* as long as the service waits for the broker; until the group gives it up */
        cr_assert_lt(test_now_ms(), end_ms, "the session never timed out");
        cr_assert_eq(bus_idle(bus, 100), STATUS_OK);
    }
    rd_kafka_mock_broker_set_up(cluster.mock, MOCK_BROKER);
    send_one(bus, "after");
    read_until(bus, "after");
    bus_close(bus);
    mock_cluster_stop(&cluster);
}

static struct bus *end_with(const struct mock_cluster *cluster, rd_kafka_resp_err_t error)
{
    struct bus *bus = open_member(cluster);
    struct record records[BATCH];
    int64_t end_ms = test_now_ms() + WAIT_MS;
    size_t count;

    rd_kafka_test_fatal_error(bus->consumer, error, "for a test");
    while (bus_poll(bus, 100, records, &count) == STATUS_OK) {
        cr_assert_lt(test_now_ms(), end_ms, "the error was not heard");
        bus_release(bus, records, count);
    }
    return bus;
}

/* Nothing is closed: librdkafka 2.0.2 hangs when a client is closed after such an error. */
Test(bus_outage, a_member_that_was_taken_for_another_is_told_from_other_ends)
{
    static struct mock_cluster cluster;
    static struct bus *fenced, *other, *forbidden;

    cluster = mock_cluster_start(topics[0], 2);
    fenced = end_with(&cluster, RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID);
    other = end_with(&cluster, RD_KAFKA_RESP_ERR__INCONSISTENT);
    forbidden = end_with(&cluster, RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED);
    cr_expect_eq(bus_end(fenced), BUS_END_FENCED);
    cr_expect_eq(bus_end(other), BUS_END_SPOILT);
    cr_expect_eq(bus_end(forbidden), BUS_END_HOPELESS);
}

/* Polls until a batch is there. */
static size_t poll_batch(struct bus *bus, struct record records[])
{
    int64_t end_ms = test_now_ms() + WAIT_MS;
    size_t count = 0;

    while (count == 0) {
        cr_assert_lt(test_now_ms(), end_ms, "nothing came: %s", bus_problem(bus));
        cr_assert_eq(bus_poll(bus, 100, records, &count), STATUS_OK);
    }
    return count;
}

static void queue_one(struct bus *bus, const char *key)
{
    cr_assert_eq(
        bus_send(bus, &(struct outgoing){.topic = topics[0], .partition = -1, .key = text_of(key), .value = text_of(key)}),
        STATUS_OK);
}

Test(bus_outage, a_batch_whose_record_was_refused_is_read_again)
{
    struct mock_cluster cluster = mock_cluster_start(topics[0], 2);
    struct bus *bus = open_member(&cluster);
    struct record records[BATCH];
    size_t count;

    send_one(bus, "one");
    count = poll_batch(bus, records);
    rd_kafka_mock_push_request_errors(cluster.mock, MOCK_PRODUCE_REQUEST, 1, RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED);
    queue_one(bus, "its effect");
    bus_store_offsets(bus, records, count);
    bus_release(bus, records, count);
    cr_expect(bus_has_under_way(bus));
    cr_expect_eq(bus_flush(bus, NULL), STATUS_UNAVAILABLE, "the refusal is told");
    bus_rewind(bus);
    cr_expect(!bus_has_under_way(bus));
    read_until(bus, "one");
    bus_close(bus);
    mock_cluster_stop(&cluster);
}

Test(bus_outage, many_small_acknowledgements_are_no_reason_to_pause)
{
    struct mock_cluster cluster = mock_cluster_start(topics[0], 2);
    struct bus *bus = open_member(&cluster);

    send_one(bus, "one");
    read_until(bus, "one");
    for (int i = 0; i < 200; i++) {
        queue_one(bus, "small");
        rd_kafka_flush(bus->topics[0].producer, 0); /* each in a request of its own */
    }
    cr_expect_eq(bus_flush(bus, NULL), STATUS_OK, "%s", bus_problem(bus));
    cr_expect_not(bus->paused, "the broker answered all the time");
    bus_close(bus);
    mock_cluster_stop(&cluster);
}

Test(bus_outage, later_batches_are_handled_while_acknowledgements_are_awaited)
{
    struct mock_cluster cluster = mock_cluster_start(topics[0], 2);
    struct bus *bus = open_member(&cluster);
    struct record records[BATCH];
    volatile int stop = 1;
    size_t count;

    send_one(bus, "one");
    read_until(bus, "one");
    rd_kafka_mock_broker_push_request_error_rtts(cluster.mock, MOCK_BROKER, MOCK_PRODUCE_REQUEST, 1, RD_KAFKA_RESP_ERR_NO_ERROR,
                                                 3000);
    for (int i = 0; i < BUS_ROUNDS_MAX; i++) {
        cr_assert_eq(bus_make_room(bus, &stop), STATUS_OK, "there is room for batch %d", i);
        queue_one(bus, "slow");
        bus_store_offsets(bus, NULL, 0);
    }
    cr_expect_eq(bus->round_count, BUS_ROUNDS_MAX, "none is acknowledged, none is stored");
    cr_expect_eq(bus_make_room(bus, NULL), STATUS_OK);
    cr_expect_lt(bus->round_count, BUS_ROUNDS_MAX);
    cr_expect_eq(bus_flush(bus, NULL), STATUS_OK, "%s", bus_problem(bus));
    cr_expect_eq(bus->round_count, 0);
    count = poll_batch(bus, records);
    bus_store_offsets(bus, records, count);
    bus_release(bus, records, count);
    cr_expect(!bus_has_under_way(bus), "with nothing under way offsets are stored at once");
    bus_close(bus);
    mock_cluster_stop(&cluster);
}

/* ---- a client for each topic that is sent to ---- */

#define SENT_TO 3

static const char *const several[SENT_TO + 1] = {"one", "two", "three", NULL};

static struct bus *open_several(const struct mock_cluster *cluster)
{
    struct bus *bus;

    for (int i = 0; i < SENT_TO; i++)
        rd_kafka_mock_topic_create(cluster->mock, several[i], 2, 1);
    bus = open_sender(cluster, several);
    cr_assert_eq(bus_warm_up(bus, WAIT_MS), STATUS_OK, "%s", bus_problem(bus));
    return bus;
}

static enum status send_to(struct bus *bus, const char *topic)
{
    return bus_send(bus, &(struct outgoing){.topic = topic, .partition = -1, .key = TEXT("k"), .value = TEXT("v")});
}

Test(bus_outage, a_flush_waits_for_every_client)
{
    struct mock_cluster cluster = mock_cluster_start(topics[0], 2);
    struct bus *bus = open_several(&cluster);

    for (int i = 0; i < SENT_TO; i++) {
        cr_expect_eq(bus_partition(bus, several[i], TEXT("k")), bus_partition(bus, several[0], TEXT("k")), "%s is known",
                     several[i]);
        cr_assert_eq(send_to(bus, several[i]), STATUS_OK);
    }
    cr_expect(bus_has_under_way(bus));
    cr_expect_eq(bus_flush(bus, NULL), STATUS_OK, "%s", bus_problem(bus));
    cr_expect_not(bus_has_under_way(bus));
    bus_close(bus);
    mock_cluster_stop(&cluster);
}

Test(bus_outage, the_fatal_error_of_one_client_is_that_of_all)
{
    struct mock_cluster cluster = mock_cluster_start(topics[0], 2);
    struct bus *bus = open_several(&cluster);

    cr_expect_eq(bus_end(bus), BUS_END_NONE);
    rd_kafka_test_fatal_error(bus->producers[1], RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER, "a test");
    cr_expect_eq(send_to(bus, several[1]), STATUS_FATAL);
    cr_expect_eq(bus_end(bus), BUS_END_SPOILT, "before it is heard of otherwise");
    cr_expect_eq(send_to(bus, several[2]), STATUS_OK);
    bus_serve_producers(bus);
    cr_expect_eq(bus_push(bus, NULL), STATUS_FATAL);
    bus_close(bus);
    mock_cluster_stop(&cluster);
}

/* ---- reading from outside of any group ---- */

static struct bus_reader *open_reader(const struct mock_cluster *cluster)
{
    struct bus_options options = {.bootstrap = rd_kafka_mock_cluster_bootstraps(cluster->mock), .client_id = "orderly-test"};
    struct bus_reader *reader = NULL;
    char problem[256] = "";

    cr_assert_eq(bus_reader_open(&options, problem, sizeof(problem), &reader), STATUS_OK, "%s", problem);
    return reader;
}

/* librdkafka 2.0.2 hangs when a client is closed after such an error. */
Test(bus_outage, a_reader_whose_close_hangs_ends_the_process, .signal = SIGALRM)
{
    struct mock_cluster cluster = mock_cluster_start(topics[0], 2);
    struct bus_reader *reader = open_reader(&cluster);

    rd_kafka_test_fatal_error(((struct bus *)reader)->consumer, RD_KAFKA_RESP_ERR__INCONSISTENT, "for a test");
    bus_reader_close(reader);
}
