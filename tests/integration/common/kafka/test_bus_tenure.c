/* Partitions that go and come back, on librdkafka's own mock cluster: what was read under an earlier assignment stores nothing
 * under a later one, so that no commit goes backwards. */
#include "bus_internal.h"
#include "bus_reader.h"
#include "mock_cluster.h"
#include "system.h"

#include <criterion/criterion.h>

#define WAIT_MS 60000
#define BATCH 100
#define GROUP "tenure"
#define FIRST 5 /* records of each partition that are read under the first assignment */
#define ALL 20  /* and in all */

static const char *const topics[] = {"numbers", NULL};

static struct bus *open_member(const struct mock_cluster *cluster)
{
    struct bus_options options = {
        .bootstrap = rd_kafka_mock_cluster_bootstraps(cluster->mock),
        .client_id = "orderly-test",
        .group_id = GROUP,
        .topics = topics,
        .sends_to = topics,
        .batch_max = BATCH,
    };
    char problem[256] = "";
    struct bus *bus = NULL;

    cr_assert_eq(bus_open(&options, problem, sizeof(problem), &bus), STATUS_OK, "%s", problem);
    return bus;
}

/* Sends so many records to each partition, and waits for the broker's word. */
static void send_to_both(struct bus *bus, size_t count)
{
    for (size_t i = 0; i < 2 * count; i++)
        cr_assert_eq(bus_send(bus, &(struct outgoing){.topic = topics[0], .partition = (int32_t)(i % 2), .value = TEXT("x")}),
                     STATUS_OK);
    cr_assert_eq(bus_flush(bus, NULL), STATUS_OK, "%s", bus_problem(bus));
}

/* What has been polled and is not released. */
struct taken {
    struct record records[BATCH];
    size_t count;
};

static void take_once(struct bus *bus, struct taken *taken)
{
    size_t more;

    cr_assert_eq(bus_poll(bus, 50, taken->records + taken->count, &more), STATUS_OK);
    taken->count += more;
    cr_assert_leq(taken->count, BATCH / 2, "there is room for more");
}

static void take_until(struct bus *bus, struct taken *taken, size_t count)
{
    for (int64_t end_ms = test_now_ms() + WAIT_MS; taken->count < count;) {
        cr_assert_lt(test_now_ms(), end_ms, "%zu of %zu came: %s", taken->count, count, bus_problem(bus));
        take_once(bus, taken);
    }
}

/* Says that what was taken is handled. */
static void finish(struct bus *bus, struct taken *taken)
{
    bus_store_offsets(bus, taken->records, taken->count);
    bus_release(bus, taken->records, taken->count);
    taken->count = 0;
}

/* A second member joins, handles all that is in the partition it gets, and leaves again; the first one idles meanwhile, as with
 * Redis away. */
static int32_t other_handles_one_partition(const struct mock_cluster *cluster, struct bus *first)
{
    struct bus *second = open_member(cluster);
    struct taken taken = {.count = 0};
    int64_t end_ms = test_now_ms() + WAIT_MS;
    int32_t partition;

    while (taken.count < ALL - FIRST || taken.records[taken.count - 1].offset != ALL - 1) {
        cr_assert_lt(test_now_ms(), end_ms, "%zu came: %s", taken.count, bus_problem(second));
        cr_assert_eq(bus_idle(first, 20), STATUS_OK);
        take_once(second, &taken);
    }
    partition = taken.records[0].partition;
    finish(second, &taken);
    bus_close(second);
    return partition;
}

/* Until the member has both partitions again. */
static void wait_for_both(struct bus *bus)
{
    for (int64_t end_ms = test_now_ms() + WAIT_MS; bus->handled == NULL || bus->handled->cnt < 2;) {
        cr_assert_lt(test_now_ms(), end_ms, "nothing was assigned: %s", bus_problem(bus));
        cr_assert_eq(bus_idle(bus, 20), STATUS_OK);
    }
}

static int64_t committed(const struct mock_cluster *cluster, int32_t partition)
{
    struct bus_options options = {
        .bootstrap = rd_kafka_mock_cluster_bootstraps(cluster->mock), .client_id = "orderly-test", .group_id = GROUP};
    CLEANUP(bus_reader_close) struct bus_reader *reader = NULL;
    static struct bus_span spans[BUS_PARTITIONS_MAX];
    char problem[256] = "";
    size_t count;

    cr_assert_eq(bus_reader_open(&options, problem, sizeof(problem), &reader), STATUS_OK, "%s", problem);
    cr_assert_eq(bus_reader_spans(reader, topics[0], WAIT_MS, spans, &count), STATUS_OK, "%s", bus_reader_problem(reader));
    return spans[partition].committed;
}

/* A member that has read the first records of both partitions, none of them handled. */
static struct bus *begin(const struct mock_cluster *cluster, struct taken *taken)
{
    struct bus *bus = open_member(cluster);

    send_to_both(bus, FIRST);
    take_until(bus, taken, 2 * FIRST);
    send_to_both(bus, ALL - FIRST);
    return bus;
}

/* The commit of that partition is where the other member has put it, and the member that has read the first records goes on from
 * there. */
static void expect_no_step_back(const struct mock_cluster *cluster, struct bus *bus, int32_t partition)
{
    cr_expect_not(bus_has_under_way(bus));
    bus_close(bus);
    cr_expect_eq(committed(cluster, partition), ALL, "%lld", (long long)committed(cluster, partition));
}

Test(bus_tenure, a_batch_that_is_done_after_its_partition_has_come_back_stores_nothing_of_it)
{
    struct mock_cluster cluster = mock_cluster_start(topics[0], 2);
    struct taken taken = {.count = 0};
    struct bus *bus = begin(&cluster, &taken);
    int32_t partition = other_handles_one_partition(&cluster, bus);

    wait_for_both(bus);
    finish(bus, &taken);
    expect_no_step_back(&cluster, bus, partition);
    mock_cluster_stop(&cluster);
}

/* The acknowledgement is made up: it comes when it is told to, and not when a clock says so. */
Test(bus_tenure, a_round_that_is_acknowledged_after_its_partition_has_come_back_stores_nothing_of_it)
{
    struct mock_cluster cluster = mock_cluster_start(topics[0], 2);
    struct taken taken = {.count = 0};
    struct bus *bus = begin(&cluster, &taken);
    rd_kafka_message_t acknowledged = {.rkt = bus->topics[0].handle, ._private = bus_round_open(bus)};
    int32_t partition;

    bus->in_flight++;
    bus_round_open(bus)->in_flight++;
    finish(bus, &taken);
    partition = other_handles_one_partition(&cluster, bus);
    wait_for_both(bus);
    cr_assert(bus_has_under_way(bus), "it is not acknowledged yet");
    bus_on_delivery(bus->producers[0], &acknowledged, bus);
    bus_rounds_settle(bus);
    expect_no_step_back(&cluster, bus, partition);
    mock_cluster_stop(&cluster);
}

/* A refusal sets a member back to what is committed: a batch that was polled before is read again, and what lies before it with
 * it. */
Test(bus_tenure, a_batch_that_is_done_after_a_rewind_stores_nothing)
{
    struct mock_cluster cluster = mock_cluster_start(topics[0], 2);
    struct taken taken = {.count = 0};
    struct bus *bus = begin(&cluster, &taken);

    bus_rewind(bus);
    finish(bus, &taken);
    bus_close(bus);
    cr_expect_eq(committed(&cluster, 0), -1);
    cr_expect_eq(committed(&cluster, 1), -1);
    mock_cluster_stop(&cluster);
}
