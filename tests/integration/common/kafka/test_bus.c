/* Kafka for real: what is stored is not read again, what is not is, and what is buried keeps its bytes. Each test has a topic of
 * its own. */
#include "bus_reader.h"
#include "clock.h"
#include "system.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define BATCH 100
#define WAIT_MS 20000

static char topic[64], group[80];
static const char *topics[] = {topic, NULL};

static struct bus *open_as(bool consumes)
{
    struct bus_options options = {
        .bootstrap = getenv("ORDERLY_TEST_KAFKA"),
        .client_id = "orderly-test",
        .group_id = consumes ? group : NULL,
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

static void create_topics(void)
{
    static const char *const config[] = {"message.timestamp.type", "LogAppendTime", "max.message.bytes", "2228224", NULL};
    char dead[80], problem[256];
    enum topic_result results[2];
    struct bus *bus = open_as(false);

    snprintf(dead, sizeof(dead), "%s.dlq", topic);
    const struct topic_plan plans[] = {{topic, 3, 1, config}, {dead, 1, 1, config}};
    cr_assert_eq(bus_create_topics(bus, plans, 2, WAIT_MS, results, problem, sizeof(problem)), STATUS_OK, "%s", problem);
    cr_assert_eq(results[0], TOPIC_CREATED);
    cr_assert_eq(bus_create_topics(bus, plans, 2, WAIT_MS, results, problem, sizeof(problem)), STATUS_OK);
    cr_expect_eq(results[0], TOPIC_EXISTED, "creating twice is no mistake");
    bus_close(bus);
}

static void set_up(void)
{
    snprintf(topic, sizeof(topic), "test.%lld.%d", (long long)test_now_ms(), (int)getpid());
    snprintf(group, sizeof(group), "group.%s", topic);
    create_topics();
}

TestSuite(bus, .init = set_up);

static void send_numbers(int from, int to)
{
    struct bus *bus = open_as(false);
    char value[16];

    for (int i = from; i < to; i++) {
        snprintf(value, sizeof(value), "%d", i);
        cr_assert_eq(
            bus_send(bus, &(struct outgoing){.topic = topic, .partition = -1, .key = TEXT("one"), .value = text_of(value)}),
            STATUS_OK);
    }
    cr_assert_eq(bus_flush(bus, NULL), STATUS_OK, "%s", bus_problem(bus));
    bus_close(bus);
}

/* Polls until count records are there; stores their offsets when it is told to. Gives the value of the last as a number. */
static int read_numbers(struct bus *bus, size_t count, bool stores)
{
    struct record records[BATCH];
    int64_t end_ms = test_now_ms() + WAIT_MS;
    size_t seen = 0, now;
    int last = -1;

    while (seen < count) {
        cr_assert_lt(test_now_ms(), end_ms, "%zu of %zu came: %s", seen, count, bus_problem(bus));
        cr_assert_eq(bus_poll(bus, 100, records, &now), STATUS_OK);
        for (size_t i = 0; i < now; i++) {
            char value[16];
            snprintf(value, sizeof(value), "%.*s", TEXT_ARG(records[i].value));
            cr_expect_eq(atoi(value), last < 0 ? atoi(value) : last + 1, "in the order of the partition");
            cr_expect_gt(records[i].timestamp_ms, 0);
            last = atoi(value);
        }
        if (stores)
            bus_store_offsets(bus, records, now);
        bus_release(bus, records, now);
        seen += now;
    }
    return last;
}

Test(bus, what_was_not_stored_comes_again_and_what_was_does_not)
{
    struct bus *bus = open_as(true);

    send_numbers(0, 50);
    cr_expect_eq(read_numbers(bus, 50, false), 49);
    bus_close(bus);
    bus = open_as(true);
    cr_expect_eq(read_numbers(bus, 50, true), 49, "nothing was stored: all again");
    bus_close(bus);
    send_numbers(50, 60);
    bus = open_as(true);
    cr_expect_eq(read_numbers(bus, 10, true), 59, "stored offsets were committed at the close");
    bus_close(bus);
}

Test(bus, a_member_that_idles_keeps_its_place_and_loses_nothing)
{
    struct bus *bus = open_as(true);

    send_numbers(0, 10);
    cr_expect_eq(read_numbers(bus, 10, true), 9);
    for (int64_t end_ms = test_now_ms() + 1000; test_now_ms() < end_ms;) {
        cr_assert_eq(bus_idle(bus, 50), STATUS_OK);
        cr_expect(bus_is_joined(bus));
    }
    send_numbers(10, 20);
    for (int i = 0; i < 10; i++)
        cr_assert_eq(bus_idle(bus, 20), STATUS_OK, "what comes now is not handed out");
    cr_expect_eq(read_numbers(bus, 10, true), 19);
    bus_close(bus);
}

/* All of this runs on one machine: the broker's clock is the one that the date is read from here. */
Test(bus, what_is_acknowledged_tells_the_brokers_time)
{
    struct bus *bus = open_as(false);
    int64_t lowest_ms = 0, highest_ms = 0, ahead_ms;

    cr_expect_not(bus_broker_clocks(bus, &lowest_ms, &highest_ms), "nothing was sent");
    for (int i = 0; i < 10; i++)
        cr_assert_eq(bus_send(bus, &(struct outgoing){.topic = topic, .partition = i % 3, .value = TEXT("x")}), STATUS_OK);
    cr_assert_eq(bus_flush(bus, NULL), STATUS_OK, "%s", bus_problem(bus));
    ahead_ms = clock_wall_ms() - clock_running_ms();
    cr_assert(bus_broker_clocks(bus, &lowest_ms, &highest_ms));
    cr_expect_leq(lowest_ms, highest_ms);
    cr_expect_leq(highest_ms, ahead_ms + 2, "never ahead, but for what is rounded");
    cr_expect_geq(lowest_ms, ahead_ms - WAIT_MS);
    cr_expect_not(bus_broker_clocks(bus, &lowest_ms, &highest_ms), "it has been told");
    bus_close(bus);
}

Test(bus, every_program_agrees_on_the_partition_of_a_key)
{
    struct bus *bus = open_as(false);
    /* murmur2 as in Kafka's Java client, 3 partitions: worked out with its Utils.toPositive(Utils.murmur2(key)) % 3 */
    static const struct {
        const char *key;
        int hash;
    } keys[] = {{"21", -973932308}, {"foobar", -790332482}, {"a-little-bit-long-string", -985981536}};

    cr_assert_eq(bus_warm_up(bus, WAIT_MS), STATUS_OK, "%s", bus_problem(bus));
    for (size_t i = 0; i < COUNT_OF(keys); i++)
        cr_expect_eq(bus_partition(bus, topic, text_of(keys[i].key)), (keys[i].hash & 0x7fffffff) % 3, "%s", keys[i].key);
    bus_close(bus);
}

Test(bus, a_topic_that_is_not_there_is_told)
{
    struct bus *bus;

    snprintf(topic, sizeof(topic), "no.such.topic.%d", (int)getpid());
    bus = open_as(false);
    cr_expect_eq(bus_warm_up(bus, WAIT_MS), STATUS_NOT_FOUND);
    cr_expect_not_null(strstr(bus_problem(bus), "no.such.topic"));
    bus_close(bus);
}

Test(bus, too_large_is_told_at_once)
{
    struct bus *bus = open_as(false);
    char *huge = calloc(1, BUS_RECORD_MAX + 1);

    cr_expect_eq(bus_send(bus, &(struct outgoing){.topic = topic, .partition = -1, .value = {huge, BUS_RECORD_MAX}}),
                 STATUS_BAD_MESSAGE);
    cr_expect_eq(bus_send(bus, &(struct outgoing){.topic = topic, .partition = -1, .value = {huge, BUS_RECORD_MAX - 4096}}),
                 STATUS_OK);
    cr_expect_eq(bus_flush(bus, NULL), STATUS_OK, "%s", bus_problem(bus));
    free(huge);
    bus_close(bus);
}

/* However little is fetched at once. */
Test(bus, the_largest_record_comes)
{
    struct bus *sender = open_as(false), *bus = open_as(true);
    char *large = malloc(BUS_RECORD_MAX);
    struct record record;
    size_t count = 0;

    for (size_t i = 0; i < BUS_RECORD_MAX; i++)
        large[i] = (char)rand(); /* it can't be packed */
    cr_assert_eq(bus_send(sender, &(struct outgoing){.topic = topic, .partition = 1, .value = {large, BUS_RECORD_MAX - 4096}}),
                 STATUS_OK);
    cr_assert_eq(bus_flush(sender, NULL), STATUS_OK, "%s", bus_problem(sender));
    for (int64_t end_ms = test_now_ms() + WAIT_MS; count == 0 && test_now_ms() < end_ms;)
        cr_assert_eq(bus_poll(bus, 100, &record, &count), STATUS_OK);
    cr_assert_eq(count, 1, "%s", bus_problem(bus));
    cr_expect_eq(record.value.length, BUS_RECORD_MAX - 4096);
    bus_release(bus, &record, 1);
    bus_close(bus);
    bus_close(sender);
    free(large);
}

struct buried {
    size_t count;
    char seen[1024];
};

static void see_buried(const struct record *record, void *context)
{
    struct buried *buried = context;
    CLEANUP(arena_destroy) struct arena *arena = arena_create();
    size_t count;
    const struct header *headers = record_headers(arena, record, &count);

    buried->count++;
    snprintf(buried->seen, sizeof(buried->seen), "%.*s|%.*s|", TEXT_ARG(record->key), TEXT_ARG(record->value));
    for (size_t i = 0; i < count; i++)
        if (!text_equals(headers[i].name, TEXT("dlq-topic")))
            snprintf(buried->seen + strlen(buried->seen), sizeof(buried->seen) - strlen(buried->seen), "%.*s=%.*s ",
                     TEXT_ARG(headers[i].name), TEXT_ARG(headers[i].value));
}

Test(bus, a_dead_letter_keeps_key_bytes_and_headers)
{
    static const struct header headers[] = {{{"own", 3}, {"kept", 4}},
                                            {{"dlq-reason", 10}, {"old", 3}},
                                            {{"dlq-redrives", 12}, {"2", 1}},
                                            {{"dlq-timestamp", 13}, {"1234", 4}}};
    struct bus *sender = open_as(false), *bus = open_as(true);
    struct record record;
    size_t count = 0;
    char dead[80];
    struct buried buried = {.count = 0};

    cr_assert_eq(bus_send(sender, &(struct outgoing){.topic = topic,
                                                     .partition = 1,
                                                     .key = TEXT("k"),
                                                     .value = TEXT("v\x01"),
                                                     .headers = headers,
                                                     .header_count = COUNT_OF(headers)}),
                 STATUS_OK);
    cr_assert_eq(bus_flush(sender, NULL), STATUS_OK);
    for (int64_t end_ms = test_now_ms() + WAIT_MS; count == 0 && test_now_ms() < end_ms;)
        cr_assert_eq(bus_poll(bus, 100, &record, &count), STATUS_OK);
    cr_assert_eq(count, 1);
    cr_assert_eq(bus_bury_record(bus, &record, "tester", "not_json", TEXT_NONE), STATUS_OK);
    cr_assert_eq(bus_flush(bus, NULL), STATUS_OK, "%s", bus_problem(bus));
    bus_release(bus, &record, 1);
    bus_close(bus);
    bus_close(sender);
    snprintf(dead, sizeof(dead), "%s.dlq", topic);
    read_topic(dead, see_buried, &buried);
    cr_expect_eq(buried.count, 1);
    cr_expect_str_eq(buried.seen, "k|v\x01|own=kept original-dlq-reason=old dlq-partition=1 dlq-offset=0 dlq-timestamp=1234 "
                                  "dlq-service=tester dlq-reason=not_json dlq-redrives=2 ");
}

/* Buries a letter and gives what the dead-letter topic holds of it. */
static struct buried bury_one(struct dead_letter letter)
{
    CLEANUP(bus_close) struct bus *bus = open_as(false);
    struct buried buried = {.count = 0};
    char dead[80];

    letter.topic = text_of(topic);
    letter.service = "tester";
    letter.reason = "test";
    cr_assert_eq(bus_bury(bus, &letter), STATUS_OK, "%s", bus_problem(bus));
    cr_assert_eq(bus_flush(bus, NULL), STATUS_OK, "%s", bus_problem(bus));
    snprintf(dead, sizeof(dead), "%s.dlq", topic);
    read_topic(dead, see_buried, &buried);
    cr_expect_eq(buried.count, 1);
    return buried;
}

#define EXPECT_SEEN(buried, text) cr_expect_not_null(strstr((buried).seen, text), "'%s' is not in: %s", text, (buried).seen)

/* A redrive writes its headers last: behind all that the record came with. */
Test(bus, a_dead_letter_with_many_headers_keeps_all_and_counts_its_redrives)
{
    enum { HEADERS = 100 };
    struct header headers[HEADERS + 2];
    struct buried buried;

    for (int i = 0; i < HEADERS; i++)
        headers[i] = (struct header){TEXT("h"), TEXT("v")};
    headers[HEADERS] = (struct header){TEXT("dlq-redrives"), TEXT("3")};
    headers[HEADERS + 1] = (struct header){TEXT("dlq-timestamp"), TEXT("1234")};
    buried = bury_one(
        (struct dead_letter){.key = TEXT("k"), .timestamp_ms = 5000, .headers = headers, .header_count = COUNT_OF(headers)});
    for (const char *at = strstr(buried.seen, "h=v "); at != NULL; at = strstr(at + 1, "h=v "))
        buried.count++;
    cr_expect_eq(buried.count, HEADERS + 1, "%s", buried.seen);
    EXPECT_SEEN(buried, " dlq-redrives=3 ");
    EXPECT_SEEN(buried, " dlq-timestamp=1234 ");
}

/* A redrive writes two headers with numbers in them: anything else of that name is the client's. */
Test(bus, headers_of_the_clients_own_are_kept_under_another_name)
{
    static const char *const values[] = {"abc", "", "-1", "2", "99999999999999999999", "9223372036854775807"};

    for (size_t i = 0; i < COUNT_OF(values); i++) {
        struct header headers[] = {
            {TEXT("dlq-redrives"), text_of(values[i])}, {TEXT("dlq-own"), TEXT("kept")}, {TEXT("dlq-cut"), TEXT_NONE}};
        struct buried buried;
        char expected[160];
        set_up(); /* a topic of its own */
        buried = bury_one((struct dead_letter){
            .key = TEXT("k"), .value = TEXT("v"), .timestamp_ms = 5000, .headers = headers, .header_count = COUNT_OF(headers)});
        snprintf(expected, sizeof(expected), "k|v|original-dlq-redrives=%s dlq-own=kept original-dlq-cut= dlq-partition=0 ",
                 values[i]);
        EXPECT_SEEN(buried, expected);
        EXPECT_SEEN(buried, " dlq-redrives=0 ");
        EXPECT_SEEN(buried, " dlq-timestamp=5000 ");
    }
}

Test(bus, card_numbers_in_key_and_headers_are_masked)
{
    static const char span[] = "00-4bf92f3577b34da6a3ce929d0e0e4736-4111111111111111-01";
    const struct header headers[] = {{TEXT("card"), TEXT("4111-1111-1111-1111")},
                                     {TEXT("traceparent"), text_of(span)},
                                     {TEXT("4111111111111111"), TEXT("name")},
                                     {TEXT("traceparent"), TEXT("4111111111111111")},
                                     {TEXT("ce_subject"), TEXT("5500000000000004")}};
    struct buried buried = bury_one((struct dead_letter){.key = TEXT("5500000000000004"),
                                                         .value = TEXT("v"),
                                                         .timestamp_ms = 5000,
                                                         .headers = headers,
                                                         .header_count = COUNT_OF(headers)});

    EXPECT_SEEN(buried,
                "****************|v|card=****-****-****-**** traceparent=00-4bf92f3577b34da6a3ce929d0e0e4736-4111111111111111-01 "
                "****************=name traceparent=**************** ce_subject=**************** dlq-");
    EXPECT_SEEN(buried, " dlq-masked=true ");
}

/* An id that looks like a card number stands in the order too: it is none. What a redrive writes is no card number either. */
Test(bus, ids_and_what_a_redrive_writes_are_no_card_numbers)
{
    const struct header headers[] = {{TEXT("ce_subject"), TEXT("5500000000000004")},
                                     {TEXT("dlq-redrives"), TEXT("1")},
                                     {TEXT("dlq-timestamp"), TEXT("1700000000004")}};
    struct buried buried = bury_one((struct dead_letter){.key = TEXT("5500000000000004"),
                                                         .id = TEXT("5500000000000004"),
                                                         .value = TEXT("v"),
                                                         .timestamp_ms = 1800000000000,
                                                         .headers = headers,
                                                         .header_count = COUNT_OF(headers)});

    EXPECT_SEEN(buried, "5500000000000004|v|ce_subject=5500000000000004 dlq-partition=0 ");
    EXPECT_SEEN(buried, " dlq-timestamp=1700000000004 ");
    cr_expect_null(strstr(buried.seen, "dlq-masked"), "%s", buried.seen);
}

Test(bus, headers_that_are_too_much_are_cut_off_and_it_says_so)
{
    enum { HEADERS = 120000 };
    struct header *headers = calloc(HEADERS, sizeof(*headers));
    struct buried buried;

    for (int i = 0; i < HEADERS; i++)
        headers[i] = (struct header){TEXT("a header's name"), TEXT("v")};
    buried = bury_one((struct dead_letter){
        .key = TEXT("k"), .value = TEXT("v"), .timestamp_ms = 5000, .headers = headers, .header_count = HEADERS});
    EXPECT_SEEN(buried, "k|v|dlq-partition=0 ");
    EXPECT_SEEN(buried, " dlq-cut=true ");
    free(headers);
}

/* ---- reading from outside of the group ---- */

static enum status count_one(const struct record *record, void *context)
{
    size_t *seen = context;

    (void)record;
    ++*seen;
    return STATUS_OK;
}

static enum status stop_at_third(const struct record *record, void *context)
{
    TRY(count_one(record, context));
    return *(size_t *)context == 3 ? STATUS_BROKEN : STATUS_OK;
}

static struct bus_reader *open_reader(void)
{
    struct bus_options options = {.bootstrap = getenv("ORDERLY_TEST_KAFKA"), .client_id = "orderly-test", .group_id = group};
    struct bus_reader *reader = NULL;
    char problem[256] = "";

    cr_assert_eq(bus_reader_open(&options, problem, sizeof(problem), &reader), STATUS_OK, "%s", problem);
    return reader;
}

Test(bus, a_reader_sees_what_the_topic_holds_and_what_the_group_has_committed)
{
    CLEANUP(bus_reader_close) struct bus_reader *reader = open_reader();
    static struct bus_span spans[BUS_PARTITIONS_MAX];
    struct bus *bus;
    size_t count = 0, seen = 0, partition = 0;

    cr_assert_eq(bus_reader_spans(reader, topic, WAIT_MS, spans, &count), STATUS_OK, "%s", bus_reader_problem(reader));
    cr_assert_eq(count, 3);
    cr_expect_eq(bus_reader_scan(reader, topic, spans, count, WAIT_MS, count_one, &seen), STATUS_OK);
    cr_expect_eq(seen, 0, "nothing is there yet, and nothing is waited for");

    send_numbers(0, 40);
    bus = open_as(true);
    read_numbers(bus, 40, true);
    bus_close(bus);
    send_numbers(40, 70);
    cr_assert_eq(bus_reader_spans(reader, topic, WAIT_MS, spans, &count), STATUS_OK, "%s", bus_reader_problem(reader));
    while (spans[partition].high == 0)
        partition++;
    cr_expect_eq(spans[partition].low, 0);
    cr_expect_eq(spans[partition].high, 70);
    cr_expect_eq(spans[partition].committed, 40);
    send_numbers(70, 80);
    cr_expect_eq(bus_reader_scan(reader, topic, spans, count, WAIT_MS, count_one, &seen), STATUS_OK, "%s",
                 bus_reader_problem(reader));
    cr_expect_eq(seen, 70, "what came after the spans were asked for is not seen: %zu", seen);
    seen = 0;
    cr_expect_eq(bus_reader_scan(reader, topic, spans, count, WAIT_MS, stop_at_third, &seen), STATUS_BROKEN);
    cr_expect_eq(seen, 3, "a scan ends when it is told to");
    cr_expect_eq(bus_reader_spans(reader, "no.such.topic", WAIT_MS, spans, &count), STATUS_NOT_FOUND);
}

Test(bus, a_reader_that_follows_sees_what_comes_later_and_all_of_it)
{
    CLEANUP(bus_reader_close) struct bus_reader *reader = open_reader();
    static struct bus_span spans[BUS_PARTITIONS_MAX];
    size_t count = 0, seen = 0, early = 0;

    send_numbers(0, 10);
    cr_assert_eq(bus_reader_spans(reader, topic, WAIT_MS, spans, &count), STATUS_OK, "%s", bus_reader_problem(reader));
    send_numbers(10, 30); /* before it follows, behind the spans: seen too */
    bus_reader_follow(reader, topic, spans, count);
    for (int64_t end_ms = test_now_ms() + WAIT_MS; seen < 20 && test_now_ms() < end_ms;)
        cr_assert_eq(bus_reader_next(reader, 100, count_one, &seen), STATUS_OK);
    send_numbers(30, 35);
    for (int64_t end_ms = test_now_ms() + WAIT_MS; seen < 25 && test_now_ms() < end_ms;)
        cr_assert_eq(bus_reader_next(reader, 100, count_one, &seen), STATUS_OK);
    cr_expect_eq(bus_reader_next(reader, 100, count_one, &seen), STATUS_OK);
    cr_expect_eq(seen, 25);

    bus_reader_follow(reader, topic, spans, count);
    for (int64_t end_ms = test_now_ms() + WAIT_MS; early < 3 && test_now_ms() < end_ms;)
        if (bus_reader_next(reader, 100, stop_at_third, &early) != STATUS_OK)
            break;
    cr_expect_eq(early, 3, "it ends when it is told to");
    while (early < 25)
        cr_assert_eq(bus_reader_next(reader, WAIT_MS, count_one, &early), STATUS_OK);
    cr_expect_eq(early, 25, "and goes on behind the record that ended it");
}
