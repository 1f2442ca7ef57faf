/* What Kafka tells of itself, and since when a topic's records are. Each test has a topic of its own. */
#include "bus_describe.h"
#include "bus_reader.h"
#include "system.h"
#include "topic_admin.h"

#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define WAIT_MS 20000

static char topic[64];

static void set_up(void)
{
    static const char *const config[] = {"message.timestamp.type", "CreateTime", "segment.ms", "7654321", NULL};

    snprintf(topic, sizeof(topic), "test.describe.%lld.%d", (long long)test_now_ms(), (int)getpid());
    topic_make(topic, config);
}

static void tear_down(void) { topic_delete(topic); }
TestSuite(bus_describe, .init = set_up, .fini = tear_down);

static struct bus *open_bus(const char *bootstrap, const char *group)
{
    const char *topics[] = {topic, NULL};
    struct bus_options options = {.bootstrap = bootstrap,
                                  .client_id = "orderly-test",
                                  .group_id = group,
                                  .topics = topics,
                                  .sends_to = topics,
                                  .batch_max = 1};
    char problem[256] = "";
    struct bus *bus = NULL;

    cr_assert_eq(bus_open(&options, problem, sizeof(problem), &bus), STATUS_OK, "%s", problem);
    return bus;
}

Test(bus_describe, the_cluster_and_its_topics)
{
    const char *names[] = {topic, "no.such.topic"};
    CLEANUP(bus_close) struct bus *bus = open_bus(getenv("ORDERLY_TEST_KAFKA"), NULL);
    struct bus_topic_state states[2];
    struct bus_cluster cluster;

    cr_assert_eq(bus_describe_cluster(bus, names, 2, WAIT_MS, &cluster, states), STATUS_OK, "%s", bus_problem(bus));
    cr_expect_eq(cluster.broker_count, 1);
    cr_expect_str_neq(cluster.id, "");
    cr_expect(states[0].exists);
    cr_expect_eq(states[0].partitions, 1);
    cr_expect_eq(states[0].copies, 1);
    cr_expect_eq(states[0].without_leader + states[0].behind, 0);
    cr_expect_not(states[1].exists);
}

struct seen {
    bool time, segment;
    size_t count;
};

static void see(const char *name_of_topic, const char *name, const char *value, void *context)
{
    struct seen *seen = context;

    cr_expect_str_eq(name_of_topic, topic);
    seen->count++;
    seen->time = seen->time || (strcmp(name, "message.timestamp.type") == 0 && strcmp(value, "CreateTime") == 0);
    seen->segment = seen->segment || (strcmp(name, "segment.ms") == 0 && strcmp(value, "7654321") == 0);
}

Test(bus_describe, settings_of_topics)
{
    const char *names[] = {topic, "no.such.topic"};
    CLEANUP(bus_close) struct bus *bus = open_bus(getenv("ORDERLY_TEST_KAFKA"), NULL);
    struct seen seen = {.count = 0};
    char problem[256];

    cr_assert_eq(bus_describe_settings(bus, names, 1, WAIT_MS, see, &seen, problem, sizeof(problem)), STATUS_OK, "%s", problem);
    cr_expect_str_eq(problem, "");
    cr_expect(seen.time && seen.segment);
    cr_expect_gt(seen.count, 10, "also those that were not set");
    cr_assert_eq(bus_describe_settings(bus, names, 2, WAIT_MS, see, &seen, problem, sizeof(problem)), STATUS_OK);
    cr_expect_not_null(strstr(problem, "no.such.topic"), "%s", problem);
}

Test(bus_describe, members_of_groups)
{
    const char *groups[] = {topic, "no-such-group"};
    CLEANUP(bus_close) struct bus *bus = open_bus(getenv("ORDERLY_TEST_KAFKA"), topic);
    struct record record;
    size_t count;
    int members[2] = {7, 7};

    for (int64_t end_ms = test_now_ms() + WAIT_MS; !bus_is_joined(bus) && test_now_ms() < end_ms;)
        cr_assert_eq(bus_poll(bus, 100, &record, &count), STATUS_OK);
    cr_assert_eq(bus_describe_groups(bus, groups, 2, WAIT_MS, members), STATUS_OK, "%s", bus_problem(bus));
    cr_expect_eq(members[0], 1);
    cr_expect_leq(members[1], 0, "a group that is not there has no members, or can't be asked about");
}

Test(bus_describe, nobody_answers)
{
    CLEANUP(bus_close) struct bus *bus = open_bus("127.0.0.1:1", NULL);
    const char *names[] = {topic};
    struct bus_topic_state state;
    struct bus_cluster cluster;
    char problem[256];
    int members;

    cr_expect_eq(bus_describe_cluster(bus, names, 1, 500, &cluster, &state), STATUS_UNAVAILABLE);
    cr_expect_str_neq(bus_problem(bus), "");
    cr_expect_eq(bus_describe_settings(bus, names, 1, 500, see, NULL, problem, sizeof(problem)), STATUS_UNAVAILABLE);
    cr_expect_str_neq(problem, "");
    cr_expect_eq(bus_describe_groups(bus, names, 1, 500, &members), STATUS_UNAVAILABLE);
}

/* ---- since ---- */

static enum status note_time(const struct record *record, void *context)
{
    *(int64_t *)context = record->timestamp_ms;
    return STATUS_OK;
}

Test(bus_describe, spans_since_a_time)
{
    CLEANUP(bus_reader_close) struct bus_reader *reader = NULL;
    struct bus_options options = {.bootstrap = getenv("ORDERLY_TEST_KAFKA"), .client_id = "orderly-test"};
    struct bus_span spans[BUS_PARTITIONS_MAX], since;
    char problem[256];
    int64_t last_ms = 0;
    size_t count;

    cr_assert_eq(bus_reader_open(&options, problem, sizeof(problem), &reader), STATUS_OK);
    system_send(topic, NULL, "first", 5);
    for (int64_t sent_ms = test_now_ms(); test_now_ms() < sent_ms + 2;) /* the records are to have different times */
        test_pause();
    system_send(topic, NULL, "last", 4);
    cr_assert_eq(bus_reader_spans(reader, topic, WAIT_MS, spans, &count), STATUS_OK, "%s", bus_reader_problem(reader));
    cr_assert_eq(bus_reader_scan(reader, topic, spans, count, WAIT_MS, note_time, &last_ms), STATUS_OK);
    cr_assert_gt(last_ms, 0);
    since = spans[0];
    cr_assert_eq(bus_reader_since(reader, topic, 1, WAIT_MS, &since, 1), STATUS_OK, "%s", bus_reader_problem(reader));
    cr_expect_eq(since.low, 0, "all of them");
    cr_assert_eq(bus_reader_since(reader, topic, last_ms, WAIT_MS, &since, 1), STATUS_OK);
    cr_expect_eq(since.low, 1, "the last one");
    cr_expect_eq(since.high, 2);
    cr_assert_eq(bus_reader_since(reader, topic, last_ms + 1, WAIT_MS, &since, 1), STATUS_OK);
    cr_expect_eq(since.low, since.high, "none is that new");
}

/* ---- what is buried a second time ---- */

static enum status note_header(const struct record *record, void *context)
{
    struct text value;

    if (record_header(record, "dlq-timestamp", &value))
        snprintf(context, 64, "%.*s", TEXT_ARG(value));
    return STATUS_OK;
}

/* The dlq-timestamp of a record that came at now_ms with this header. */
static const char *timestamp_of(const char *came_with, int64_t now_ms)
{
    static char buried[64];
    static const char *const config[] = {"message.timestamp.type", "LogAppendTime", NULL};
    const struct header headers[] = {{TEXT("dlq-timestamp"), text_of(came_with)}, {TEXT("dlq-redrives"), TEXT("1")}};
    struct dead_letter letter = {.topic = text_of(topic),
                                 .timestamp_ms = now_ms,
                                 .value = TEXT("x"),
                                 .headers = headers,
                                 .header_count = 2,
                                 .service = "tester",
                                 .reason = "again"};
    CLEANUP(bus_close) struct bus *bus = open_bus(getenv("ORDERLY_TEST_KAFKA"), NULL);
    CLEANUP(bus_reader_close) struct bus_reader *reader = NULL;
    struct bus_options options = {.bootstrap = getenv("ORDERLY_TEST_KAFKA"), .client_id = "orderly-test"};
    struct bus_span spans[BUS_PARTITIONS_MAX];
    char dead[80], problem[256];
    size_t count;

    snprintf(dead, sizeof(dead), "%s.dlq", topic);
    topic_make(dead, config);
    cr_assert_eq(bus_bury(bus, &letter), STATUS_OK);
    cr_assert_eq(bus_flush(bus, NULL), STATUS_OK, "%s", bus_problem(bus));
    cr_assert_eq(bus_reader_open(&options, problem, sizeof(problem), &reader), STATUS_OK);
    cr_assert_eq(bus_reader_spans(reader, dead, WAIT_MS, spans, &count), STATUS_OK, "%s", bus_reader_problem(reader));
    cr_assert_eq(bus_reader_scan(reader, dead, spans, count, WAIT_MS, note_header, buried), STATUS_OK);
    topic_delete(dead);
    return buried;
}

Test(bus_describe, a_dead_letter_stays_as_old_as_its_first_record)
{
    cr_expect_str_eq(timestamp_of("1000", 5000), "1000");
    cr_expect_str_eq(timestamp_of("9000", 5000), "5000", "nobody makes a record younger");
    cr_expect_str_eq(timestamp_of("-1", 5000), "5000");
    cr_expect_str_eq(timestamp_of("rubbish", 5000), "5000");
}
