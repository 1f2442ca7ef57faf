/* topics.c - sending to and reading from topics in tests. */
#include "system.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define READ_BATCH 500
#define READ_IDLE_MS 1500

static struct bus *open_bus(const char *topic, const char *group)
{
    const char *topics[] = {topic, NULL};
    struct bus_options options = {
        .bootstrap = getenv("ORDERLY_TEST_KAFKA"),
        .client_id = "orderly-test",
        .group_id = group,
        .topics = group == NULL ? NULL : topics,
        .sends_to = group == NULL ? topics : NULL,
        .batch_max = READ_BATCH,
    };
    char problem[256] = "";
    struct bus *bus = NULL;

    cr_assert_not_null(options.bootstrap, "ORDERLY_TEST_KAFKA is not set: run tests/run.sh");
    cr_assert_eq(bus_open(&options, problem, sizeof(problem), &bus), STATUS_OK, "%s", problem);
    return bus;
}

void system_send(const char *topic, const char *key, const char *value, size_t length)
{
    struct bus *bus = open_bus(topic, NULL);
    struct outgoing outgoing = {.topic = topic, .partition = -1, .key = text_of(key), .value = {value, length}};

    cr_assert_eq(bus_send(bus, &outgoing), STATUS_OK, "%s", bus_problem(bus));
    cr_assert_eq(bus_flush(bus, NULL), STATUS_OK, "%s", bus_problem(bus));
    bus_close(bus);
}

void system_send_all(const char *topic, const char *key, const char *const values[], size_t count)
{
    struct bus *bus = open_bus(topic, NULL);

    for (size_t i = 0; i < count; i++)
        cr_assert_eq(
            bus_send(bus, &(struct outgoing){.topic = topic, .partition = -1, .key = text_of(key), .value = text_of(values[i])}),
            STATUS_OK, "%s", bus_problem(bus));
    cr_assert_eq(bus_flush(bus, NULL), STATUS_OK, "%s", bus_problem(bus));
    bus_close(bus);
}

void system_send_orders(const char *const values[], size_t count) { system_send_all("orders", NULL, values, count); }

size_t read_topic(const char *topic, void (*see)(const struct record *record, void *context), void *context)
{
    struct record records[READ_BATCH];
    char group[128];
    struct bus *bus;
    size_t total = 0, count;
    int64_t end_ms = test_now_ms() + SYSTEM_WAIT_MS, last_ms = 0;

    snprintf(group, sizeof(group), "orderly-test-%d-%lld", (int)getpid(), (long long)test_now_ms());
    bus = open_bus(topic, group);
    while (test_now_ms() < end_ms && (!bus_is_joined(bus) || last_ms == 0 || test_now_ms() < last_ms + READ_IDLE_MS)) {
        cr_assert_eq(bus_poll(bus, 100, records, &count), STATUS_OK);
        for (size_t i = 0; i < count; i++)
            see(&records[i], context);
        bus_release(bus, records, count);
        if (count > 0 || (last_ms == 0 && bus_is_joined(bus)))
            last_ms = test_now_ms();
        total += count;
    }
    bus_close(bus);
    return total;
}
