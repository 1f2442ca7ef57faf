/* `orderly dlq` with the real Kafka and a Redis of its own. Every test buries records under a reason of its own, so that what
 * others have left in the topics is passed over. */
#include "bus_reader.h"
#include "clock.h"
#include "dlq.h"
#include "redis_process.h"
#include "system.h"
#include "topic_admin.h"

#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { DONE, ENDED_BADLY, USAGE, UNREACHABLE };

#define TOPIC "inventory.commands" /* nobody reads it here; who reads it later buries it again */
#define WAIT_MS 20000

static struct redis_process *redis;
static char printed[262144], reason[48];
static int64_t now_ms;

static void set_up(void)
{
    redis = redis_process_start(NULL);
    now_ms = clock_wall_ms();
    /* Keys begin with it: no row of digits that could be a card number. */
    snprintf(reason, sizeof(reason), "test-%" PRId64 ".%" PRId64 ".%d", now_ms / 1000, now_ms % 1000, (int)getpid());
    cr_assert_eq(
        system_run_orderly(redis_process_url(redis), (const char *[]){"topics", "create", NULL}, NULL, printed, sizeof(printed)),
        DONE, "%s", printed);
}

static void tear_down(void) { redis_process_stop(redis); }
TestSuite(dlq, .init = set_up, .fini = tear_down);

#define ORDERLY(...)                                                                                                             \
    system_run_orderly(redis_process_url(redis), (const char *[]){__VA_ARGS__, NULL}, NULL, printed, sizeof(printed))
#define PRINTED(text) cr_expect_not_null(strstr(printed, text), "'%s' is not in: %s", text, printed)
#define NOT_PRINTED(text) cr_expect_null(strstr(printed, text), "'%s' is in: %s", text, printed)

static struct bus *open_bus(const char *sends_to)
{
    const char *topics[] = {sends_to, NULL};
    struct bus_options options = {.bootstrap = getenv("ORDERLY_TEST_KAFKA"),
                                  .client_id = "orderly-test",
                                  .topics = topics,
                                  .sends_to = topics,
                                  .batch_max = 1};
    char problem[256] = "";
    struct bus *bus = NULL;

    cr_assert_eq(bus_open(&options, problem, sizeof(problem), &bus), STATUS_OK, "%s", problem);
    return bus;
}

/* Buries count records, the key of number i is "<key>i". */
static void bury(const char *key, struct text value, const struct header headers[], size_t header_count, bool masked,
                 size_t count)
{
    struct bus *bus = open_bus(TOPIC);
    char keys[96];

    for (size_t i = 0; i < count; i++) {
        struct dead_letter letter = {.topic = TEXT(TOPIC),
                                     .partition = 3,
                                     .offset = 77,
                                     .timestamp_ms = now_ms - 5000,
                                     .value = value,
                                     .headers = headers,
                                     .header_count = header_count,
                                     .service = "tester",
                                     .reason = reason,
                                     .masked = masked};
        letter.key = (struct text){keys, (size_t)snprintf(keys, sizeof(keys), "%s%zu", key, i)};
        cr_assert_eq(bus_bury(bus, &letter), STATUS_OK, "%s", bus_problem(bus));
    }
    cr_assert_eq(bus_flush(bus, NULL), STATUS_OK, "%s", bus_problem(bus));
    bus_close(bus);
}

/* The position of the only letter with this reason that is shown. */
static const char *only_position(void)
{
    static char position[200];
    const char *at;

    cr_assert_eq(ORDERLY("dlq", "list", "--json", "--reason", reason), DONE, "%s", printed);
    at = strstr(printed, "\"position\":\"");
    cr_assert_not_null(at, "%s", printed);
    at += strlen("\"position\":\"");
    snprintf(position, sizeof(position), "%.*s", (int)strcspn(at, "\""), at);
    return position;
}

/* ---- what came back to the topic ---- */

struct back {
    const char *key;
    size_t count;
    char seen[4096]; /* headers of the last one */
};

static enum status see_back(const struct record *record, void *context)
{
    struct back *back = context;
    CLEANUP(arena_destroy) struct arena *arena = arena_create();
    size_t count;
    const struct header *headers = record_headers(arena, record, &count);

    if (!text_begins(record->key, text_of(back->key)))
        return STATUS_OK;
    back->count++;
    snprintf(back->seen, sizeof(back->seen), "%.*s|", TEXT_ARG(record->value));
    for (size_t i = 0; i < count; i++)
        snprintf(back->seen + strlen(back->seen), sizeof(back->seen) - strlen(back->seen), "%.*s=%.*s ",
                 TEXT_ARG(headers[i].name), TEXT_ARG(headers[i].value));
    return STATUS_OK;
}

/* What has been sent to the topic under keys that begin with this. */
static struct back read_back(const char *key)
{
    CLEANUP(bus_reader_close) struct bus_reader *reader = NULL;
    struct bus_options options = {.bootstrap = getenv("ORDERLY_TEST_KAFKA"), .client_id = "orderly-test"};
    struct bus_span spans[BUS_PARTITIONS_MAX];
    struct back back = {.key = key};
    char problem[256];
    size_t count;

    cr_assert_eq(bus_reader_open(&options, problem, sizeof(problem), &reader), STATUS_OK);
    cr_assert_eq(bus_reader_spans(reader, TOPIC, WAIT_MS, spans, &count), STATUS_OK, "%s", bus_reader_problem(reader));
    cr_assert_eq(bus_reader_scan(reader, TOPIC, spans, count, WAIT_MS, see_back, &back), STATUS_OK, "%s",
                 bus_reader_problem(reader));
    return back;
}

Test(dlq, help)
{
    static const char *const words[] = {"list", "show", "redrive"};

    for (size_t i = 0; i < COUNT_OF(words); i++) {
        cr_expect_eq(ORDERLY("dlq", words[i], "--help"), DONE);
        PRINTED("Exit codes:");
    }
    cr_expect_eq(ORDERLY("dlq", "--help"), DONE);
    PRINTED("dlq redrive");
    cr_expect_eq(ORDERLY("doctor", "--help"), DONE);
    PRINTED("Exit codes:");
}

/* ---- list ---- */

Test(dlq, list_counts_all_and_shows_the_newest)
{
    bury("many", TEXT("{\"a\":\"\x1b[31m\"}"), NULL, 0, false, 600); /* more than a batch of marks */
    cr_expect_eq(ORDERLY("dlq", "list", "--topic", TOPIC, "--reason", reason, "--limit", "3"), DONE, "%s", printed);
    PRINTED(" 600 ");
    PRINTED("from " TOPIC "/3/77");
    PRINTED("{\"a\":\"?[31m\"}");
    cr_expect_eq(ORDERLY("dlq", "list", "--reason", reason, "--limit", "3", "--json"), DONE);
    PRINTED("\"waiting\":600,\"redriven\":0");
    PRINTED("\"service\":\"tester\"");
    cr_expect_eq(ORDERLY("dlq", "list", "--reason", "nothing-has-it"), DONE);
    PRINTED("no dead letters");
    cr_expect_eq(ORDERLY("dlq", "list", "--topic", "order.events"), USAGE);
    cr_expect_eq(ORDERLY("dlq", "list", "--limit", "0"), USAGE);
}

Test(dlq, list_without_redis_or_kafka)
{
    bury("alone", TEXT("x"), NULL, 0, false, 1);
    cr_expect_eq(system_run_orderly("redis://127.0.0.1:1", (const char *[]){"dlq", "list", "--reason", reason, NULL}, NULL,
                                    printed, sizeof(printed)),
                 DONE);
    PRINTED("alone0");
    PRINTED("not known without Redis");
    setenv("ORDERLY_TEST_KAFKA", "127.0.0.1:1", 1);
    cr_expect_eq(ORDERLY("dlq", "list"), UNREACHABLE);
    PRINTED("KAFKA_BOOTSTRAP_SERVERS");
}

/* ---- show ---- */

Test(dlq, show_tells_everything)
{
    static const struct header headers[] = {{{"traceparent", 11}, {"00-ab", 5}}, {{"null", 4}, {NULL, 0}}};
    char position[200], *parts[3];

    bury("shown", TEXT("{\"orderId\":\"A\",\"n\":[1,2]}"), headers, 2, true, 1);
    snprintf(position, sizeof(position), "%s", only_position());
    cr_expect_eq(ORDERLY("dlq", "show", position), DONE, "%s", printed);
    PRINTED(TOPIC "/3/77");
    PRINTED("tester");
    PRINTED("shown0");
    PRINTED("00-ab");
    PRINTED("(null)");
    PRINTED("replaced by '*'");
    PRINTED("  \"orderId\": \"A\""); /* pretty */
    cr_expect_eq(ORDERLY("dlq", "show", "--raw", position), DONE);
    cr_expect_str_eq(printed, "{\"orderId\":\"A\",\"n\":[1,2]}");
    parts[0] = strtok(position, "/"), parts[1] = strtok(NULL, "/"), parts[2] = strtok(NULL, "/");
    cr_expect_eq(ORDERLY("dlq", "show", parts[0], parts[1], parts[2]), DONE, "%s", printed);
    PRINTED("shown0");
}

Test(dlq, show_dumps_what_is_no_text)
{
    bury("dump", (struct text){"bad\x00\xff\x1b[2J", 9}, NULL, 0, false, 1);
    cr_expect_eq(ORDERLY("dlq", "show", only_position()), DONE, "%s", printed);
    PRINTED("62 61 64 00 ff 1b");
    PRINTED("bad...[2J");
    NOT_PRINTED("\x1b");
}

Test(dlq, show_says_what_is_not_there)
{
    cr_expect_eq(ORDERLY("dlq", "show", TOPIC ".dlq/0/999999999"), ENDED_BADLY);
    PRINTED("there is no dead letter");
    cr_expect_eq(ORDERLY("dlq", "show", TOPIC ".dlq/999/0"), ENDED_BADLY);
    cr_expect_eq(ORDERLY("dlq", "show", "no.such.topic.dlq/0/0"), ENDED_BADLY);
    PRINTED("there is no topic no.such.topic.dlq");
    cr_expect_eq(ORDERLY("dlq", "show", "orders/0/0"), USAGE);
    cr_expect_eq(ORDERLY("dlq", "show"), USAGE);
}

/* ---- redrive ---- */

Test(dlq, redrive_sends_everything_once)
{
    static const struct header headers[] = {
        {{"traceparent", 11}, {"00-ab", 5}}, {{"dlq-redrives", 12}, {"1", 1}}, {{"dlq-timestamp", 13}, {"9999999999999", 13}}};
    char key[80], timestamp[64];
    struct back back;

    snprintf(key, sizeof(key), "%s.", reason);
    bury(key, TEXT("{\"type\":\"nobody.knows\"}"), headers, 3, false, 620);
    cr_expect_eq(ORDERLY("dlq", "redrive", "--topic", TOPIC, "--reason", reason, "--dry-run"), DONE, "%s", printed);
    PRINTED("620 would be sent");
    cr_expect_eq(read_back(key).count, 0);
    cr_expect_eq(ORDERLY("dlq", "redrive", "--topic", TOPIC, "--reason", reason), DONE, "%s", printed);
    PRINTED("620 sent, 0 refused, 0 failed, 0 had been redriven before");
    back = read_back(key);
    cr_expect_eq(back.count, 620);
    snprintf(timestamp, sizeof(timestamp), "dlq-redrives=2 dlq-timestamp=%" PRId64 " ", now_ms - 5000);
    cr_expect_not_null(strstr(back.seen, timestamp), "%s", back.seen);
    cr_expect_not_null(strstr(back.seen, "{\"type\":\"nobody.knows\"}|traceparent=00-ab "), "%s", back.seen);
    cr_expect_null(strstr(back.seen, "dlq-reason"), "%s", back.seen);
    cr_expect_eq(ORDERLY("dlq", "redrive", "--all", "--reason", reason, "--force"), DONE, "%s", printed);
    PRINTED("0 sent, 0 refused, 0 failed, 620 had been redriven before");
    cr_expect_eq(read_back(key).count, 620, "not a second time");
    cr_expect_eq(ORDERLY("dlq", "list", "--reason", reason, "--json"), DONE);
    PRINTED("\"waiting\":0,\"redriven\":620");
    NOT_PRINTED("\"kind\":\"letter\"");
    cr_expect_eq(ORDERLY("dlq", "list", "--reason", reason, "--all", "--limit", "1"), DONE);
    PRINTED("  redriven");
}

/* More headers than anybody would send, the client's own dlq-redrives among them. */
Test(dlq, redrive_keeps_all_headers)
{
    enum { HEADERS = 100 };
    struct header headers[HEADERS + 2];
    char key[80], names[HEADERS][16], position[200];

    for (int i = 0; i < HEADERS; i++) {
        snprintf(names[i], sizeof(names[i]), "h%d", i);
        headers[i] = (struct header){text_of(names[i]), TEXT("v")};
    }
    headers[HEADERS] = (struct header){TEXT("dlq-redrives"), TEXT("7")};
    headers[HEADERS + 1] = (struct header){TEXT("dlq-note"), TEXT("n")};
    snprintf(key, sizeof(key), "%s.", reason);
    bury(key, TEXT("x"), headers, HEADERS + 2, false, 1);
    snprintf(position, sizeof(position), "%s", only_position());
    cr_expect_eq(ORDERLY("dlq", "show", position), DONE);
    PRINTED("  h99 ");
    cr_expect_eq(ORDERLY("dlq", "redrive", position), DONE, "%s", printed);
    cr_expect_not_null(strstr(read_back(key).seen, " h99=v original-dlq-redrives=7 dlq-note=n dlq-redrives=1 dlq-timestamp="),
                       "%s", read_back(key).seen);
}

Test(dlq, redrive_of_one)
{
    char key[80], position[200];

    snprintf(key, sizeof(key), "%s.", reason);
    bury(key, TEXT("x"), NULL, 0, true, 1);
    snprintf(position, sizeof(position), "%s", only_position());
    cr_expect_eq(ORDERLY("dlq", "redrive", position), ENDED_BADLY, "masked");
    PRINTED("masked");
    cr_expect_eq(ORDERLY("dlq", "redrive", position, "--force", "--json"), DONE, "%s", printed);
    PRINTED("\"outcome\":\"sent\",\"redrives\":1");
    cr_expect_eq(ORDERLY("dlq", "redrive", position, "--json"), ENDED_BADLY, "%s", printed);
    PRINTED("\"why\":\"redriven\"");
    cr_expect_eq(read_back(key).count, 1);
    cr_expect_eq(ORDERLY("dlq", "redrive", position, "--force"), DONE, "%s", printed);
    cr_expect_eq(read_back(key).count, 2, "asked for by name, and with force");
    cr_expect_eq(ORDERLY("dlq", "redrive", TOPIC ".dlq/0/999999999"), ENDED_BADLY);
    PRINTED("there is no dead letter");
}

/* More bytes than a batch holds, and one that its own topic does not take: a dead-letter topic has more room. */
Test(dlq, redrive_of_large_ones)
{
    struct text large = {calloc(1, BUS_RECORD_MAX), 1000000}, too_large = {large.at, BUS_RECORD_MAX - 100};
    char key[80];

    snprintf(key, sizeof(key), "%s.", reason);
    bury(key, large, NULL, 0, false, 12);
    bury(key, too_large, NULL, 0, false, 1);
    cr_expect_eq(ORDERLY("dlq", "redrive", "--reason", reason), ENDED_BADLY, "%s", printed);
    PRINTED("not sent: it is too large for its topic");
    PRINTED("12 sent, 0 refused, 1 failed");
    cr_expect_eq(read_back(key).count, 12);
    cr_expect_eq(ORDERLY("dlq", "list", "--reason", reason, "--json"), DONE);
    PRINTED("\"waiting\":1,\"redriven\":12");
    free((void *)(uintptr_t)large.at);
}

Test(dlq, redrive_that_can_not_be_remembered_says_so)
{
    struct store *store;
    char key[80], url[128];

    cr_assert_eq(store_open(redis_process_url(redis), 1, NULL, 0, &store), STATUS_OK);
    store_begin(store);
    store_queue(store, TEXT_NONE,
                (struct text[]){TEXT("ACL"), TEXT("SETUSER"), TEXT("reader"), TEXT("on"), TEXT(">secret"), TEXT("~*"),
                                TEXT("+@all"), TEXT("-zadd")},
                8);
    cr_assert_eq(store_flush(store), STATUS_OK);
    store_close(store);
    snprintf(url, sizeof(url), "redis://reader:secret@127.0.0.1:%d", redis_process_port(redis));
    snprintf(key, sizeof(key), "%s.", reason);
    bury(key, TEXT("x"), NULL, 0, false, 1);
    cr_expect_eq(
        system_run_orderly(url, (const char *[]){"dlq", "redrive", "--reason", reason, NULL}, NULL, printed, sizeof(printed)),
        UNREACHABLE, "%s", printed);
    PRINTED("1 were sent, but that could not be remembered");
    cr_expect_eq(read_back(key).count, 1);
}

Test(dlq, marks_that_can_not_be_read_stop_it)
{
    struct store *store;
    char key[80];

    snprintf(key, sizeof(key), "%s.", reason);
    bury(key, TEXT("x"), NULL, 0, false, 600);
    cr_assert_eq(store_open(redis_process_url(redis), 1, NULL, 0, &store), STATUS_OK);
    store_begin(store);
    store_queue(store, TEXT_NONE, (struct text[]){TEXT("SET"), TEXT("dlq:redriven"), TEXT("no set")}, 3);
    cr_assert_eq(store_flush(store), STATUS_OK);
    store_close(store);
    cr_expect_eq(ORDERLY("dlq", "redrive", "--all", "--reason", reason), ENDED_BADLY, "%s", printed);
    PRINTED("WRONGTYPE");
    PRINTED("0 sent");
    cr_expect_eq(read_back(key).count, 0);
    cr_expect_eq(ORDERLY("dlq", "list", "--reason", reason), ENDED_BADLY);
    PRINTED("WRONGTYPE");
}

Test(dlq, redrive_needs_to_know_what)
{
    cr_expect_eq(ORDERLY("dlq", "redrive"), USAGE);
    cr_expect_eq(ORDERLY("dlq", "redrive", "--all", "--topic", TOPIC), USAGE);
    cr_expect_eq(ORDERLY("dlq", "redrive", "--all", TOPIC ".dlq/0/0"), USAGE);
    cr_expect_eq(ORDERLY("dlq", "redrive", "--reason", reason, TOPIC ".dlq/0/0"), USAGE);
    cr_expect_eq(ORDERLY("dlq", "redrive", "--topic", "order.events"), USAGE);
    cr_expect_eq(ORDERLY("dlq", "redrive", "other.dlq/0/0"), USAGE);
    cr_expect_eq(ORDERLY("dlq", "redrive", "garbage"), USAGE);
    cr_expect_eq(system_run_orderly("redis://127.0.0.1:1", (const char *[]){"dlq", "redrive", "--all", NULL}, NULL, printed,
                                    sizeof(printed)),
                 UNREACHABLE, "without Redis it is not known what was sent already");
}

/* ---- strange things in the topic ---- */

Test(dlq, what_only_looks_like_a_dead_letter_goes_nowhere)
{
    struct header headers[] = {{TEXT("dlq-topic"), TEXT("saga.inbox")}, {TEXT("dlq-reason"), text_of(reason)},
                               {TEXT("dlq-partition"), TEXT("0")},      {TEXT("dlq-offset"), TEXT("0")},
                               {TEXT("dlq-timestamp"), TEXT("1")},      {TEXT("dlq-redrives"), TEXT("0")}};
    struct bus *bus = open_bus(TOPIC ".dlq");

    cr_assert_eq(bus_send(bus, &(struct outgoing){.topic = TOPIC ".dlq",
                                                  .partition = 0,
                                                  .value = TEXT("forged"),
                                                  .headers = headers,
                                                  .header_count = COUNT_OF(headers)}),
                 STATUS_OK);
    cr_assert_eq(bus_flush(bus, NULL), STATUS_OK);
    bus_close(bus);
    cr_expect_eq(ORDERLY("dlq", "redrive", "--reason", reason, "--force"), DONE, "%s", printed);
    PRINTED("0 sent, 1 refused");
    PRINTED("it lacks the dlq-* headers");
    cr_expect_eq(ORDERLY("dlq", "show", only_position()), DONE);
    PRINTED("not known");
}

/* The same place in a topic that was made anew is another dead letter. */
Test(dlq, a_mark_is_for_one_record)
{
    static const char *const config[] = {"message.timestamp.type", "LogAppendTime", "max.message.bytes", "2228224", NULL};
    char key[80];

    snprintf(key, sizeof(key), "%s.", reason);
    topic_delete(TOPIC ".dlq");
    topic_make(TOPIC ".dlq", config);
    bury(key, TEXT("x"), NULL, 0, false, 1);
    cr_expect_eq(ORDERLY("dlq", "redrive", TOPIC ".dlq/0/0"), DONE, "%s", printed);
    topic_delete(TOPIC ".dlq");
    topic_make(TOPIC ".dlq", config);
    bury(key, TEXT("x"), NULL, 0, false, 1);
    cr_expect_str_eq(only_position(), TOPIC ".dlq/0/0");
    cr_expect_eq(ORDERLY("dlq", "redrive", "--all", "--reason", reason), DONE, "%s", printed);
    PRINTED("1 sent");
    cr_expect_eq(read_back(key).count, 2);
    topic_delete(TOPIC ".dlq");
    cr_expect_eq(ORDERLY("dlq", "list", "--reason", reason), ENDED_BADLY);
    PRINTED("there is no topic " TOPIC ".dlq: orderly topics create");
    cr_expect_eq(ORDERLY("topics", "create"), DONE);
}
