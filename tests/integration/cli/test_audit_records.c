/* What the audit says of records of `orders` that have no saga: committed or not, dead letters, waiting in saga.inbox, or lost.
 *
 * The Kafka of the tests is shared. The group's offsets are moved here as the orchestrator would do; no orchestrator runs
 * meanwhile. */
#include "audit.h"
#include "clock.h"
#include "redis_process.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define WAIT_EACH_MS 200
#define BATCH 100
#define ANOTHER 1000000000000 /* so far away that no later test comes there */

static struct redis_process *redis;
static int64_t began_ms;
static char printed[65536], id[96];

static void set_up(void)
{
    redis = redis_process_start(NULL);
    began_ms = clock_wall_ms();
    cr_assert_eq(
        system_run_orderly(redis_process_url(redis), (const char *[]){"topics", "create", NULL}, NULL, printed, sizeof(printed)),
        0, "%s", printed);
    snprintf(id, sizeof(id), "AUDIT-%lld.%d", (long long)time(NULL), (int)getpid());
}

static void tear_down(void) { redis_process_stop(redis); }

TestSuite(audit_records, .init = set_up, .fini = tear_down);

static struct bus *open_bus(const struct bus_options *options)
{
    char problem[256] = "";
    struct bus *bus = NULL;

    cr_assert_eq(bus_open(options, problem, sizeof(problem), &bus), STATUS_OK, "%s", problem);
    return bus;
}

static void send(const char *topic, const char *value, const struct header headers[], size_t count)
{
    const char *const topics[] = {topic, NULL};
    struct bus *bus = open_bus(&(struct bus_options){
        .bootstrap = getenv("ORDERLY_TEST_KAFKA"), .client_id = "orderly-test", .sends_to = topics, .batch_max = 1});

    cr_assert_eq(bus_send(bus, &(struct outgoing){.topic = topic,
                                                  .partition = -1,
                                                  .key = text_of(id),
                                                  .value = text_of(value),
                                                  .headers = headers,
                                                  .header_count = count}),
                 STATUS_OK, "%s", bus_problem(bus));
    cr_assert_eq(bus_flush(bus, NULL), STATUS_OK, "%s", bus_problem(bus));
    bus_close(bus);
}

struct place {
    int32_t partition;
    int64_t offset;
};

/* Reads `orders` as the orchestrator's group until our record came, and commits all of it. */
static struct place commit_orders(void)
{
    static const char *const topics[] = {"orders", NULL};
    struct bus *bus = open_bus(&(struct bus_options){.bootstrap = getenv("ORDERLY_TEST_KAFKA"),
                                                     .client_id = "orderly-test",
                                                     .group_id = "orderly-orchestrator",
                                                     .topics = topics,
                                                     .batch_max = BATCH});
    struct record records[BATCH];
    struct place place = {-1, -1};
    int64_t end_ms = test_now_ms() + SYSTEM_WAIT_MS;

    while (place.offset < 0) {
        size_t count = 0;
        cr_assert_lt(test_now_ms(), end_ms, "the record does not come");
        cr_assert_eq(bus_poll(bus, WAIT_EACH_MS, records, &count), STATUS_OK);
        for (size_t i = 0; i < count; i++)
            if (text_equals(records[i].key, text_of(id)))
                place = (struct place){records[i].partition, records[i].offset};
        bus_store_offsets(bus, records, count);
        bus_release(bus, records, count);
    }
    bus_close(bus);
    return place;
}

static int audit(void) { return audit_in_test(redis_process_url(redis), began_ms, "10ms", printed, sizeof(printed)); }

static struct place place_order(void)
{
    char value[256];

    snprintf(value, sizeof(value), "{\"orderId\":\"%s\"}", id);
    send("orders", value, NULL, 0);
    return commit_orders();
}

Test(audit_records, one_that_is_not_committed_is_nobodys_fault)
{
    char value[256];

    snprintf(value, sizeof(value), "{\"orderId\":\"%s\"}", id);
    send("orders", value, NULL, 0);
    cr_expect_eq(audit(), 0, "%s", printed);
    commit_orders();
    cr_expect_eq(audit(), 1, "%s", printed);
}

Test(audit_records, one_without_a_saga_is_found)
{
    struct place place = place_order();
    char line[256];

    cr_expect_eq(audit(), 1, "%s", printed);
    snprintf(line, sizeof(line),
             "{\"order\":\"%s\",\"violation\":\"order_unanswered\",\"detail\":\"topic=orders partition=%d offset=%lld\"}", id,
             (int)place.partition, (long long)place.offset);
    cr_expect_not_null(strstr(printed, line), "%s: %s", line, printed);
    cr_expect_eq(audit_total(printed, "violations"), 1, "%s", printed);
}

Test(audit_records, one_that_waits_in_the_inbox_is_not_lost)
{
    char value[256];

    place_order();
    cr_assert_eq(audit(), 1, "%s", printed);
    snprintf(value, sizeof(value), "{\"kind\":\"cancel\",\"orderId\":\"%s\"}", id);
    send("saga.inbox", value, NULL, 0);
    cr_expect_eq(audit(), 1, "a cancel is no order: %s", printed);
    snprintf(value, sizeof(value), "{\"kind\":\"order\",\"orderId\":\"%s\"}", id);
    send("saga.inbox", value, NULL, 0);
    cr_expect_eq(audit(), 0, "%s", printed);
}

Test(audit_records, a_dead_letter_is_found_by_its_place)
{
    struct place place = place_order();
    char partition[24], offset[24];
    struct header headers[] = {
        {TEXT("dlq-topic"), TEXT("orders")}, {TEXT("dlq-partition"), TEXT_NONE}, {TEXT("dlq-offset"), TEXT_NONE}};

    snprintf(partition, sizeof(partition), "%d", (int)place.partition);
    snprintf(offset, sizeof(offset), "%lld", (long long)place.offset + ANOTHER);
    headers[1].value = text_of(partition);
    headers[2].value = text_of(offset);
    send("orders.dlq", "x", headers, COUNT_OF(headers));
    cr_expect_eq(audit(), 1, "that was another one: %s", printed);
    snprintf(offset, sizeof(offset), "%lld", (long long)place.offset);
    headers[2].value = text_of(offset);
    send("orders.dlq", "x", headers, COUNT_OF(headers));
    cr_expect_eq(audit(), 0, "%s", printed);
}
