/* The program `orderly` against a Redis of its own and the Kafka of ORDERLY_TEST_KAFKA: what it does, and how it ends.
 *
 * Orders that are placed here ask for a product that no catalog has, so that they take nothing from anybody's stock. */
#include "json.h"
#include "redis_process.h"
#include "system.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { DONE, ENDED_BADLY, USAGE, UNREACHABLE };

#define AWAY_KAFKA "127.0.0.1:1"
#define AWAY_REDIS "redis://127.0.0.1:1"
#define AWAY_SECONDS_MAX 15

static struct redis_process *redis;
static struct store *store;
static char printed[65536];

static void set_up(void)
{
    redis = redis_process_start(NULL);
    cr_assert_eq(store_open(redis_process_url(redis), 1, NULL, 0, &store), STATUS_OK);
}

static void tear_down(void)
{
    store_close(store);
    redis_process_stop(redis);
}

TestSuite(orderly, .init = set_up, .fini = tear_down);

#define ORDERLY(input, ...)                                                                                                      \
    system_run_orderly(redis_process_url(redis), (const char *[]){__VA_ARGS__, NULL}, (input), printed, sizeof(printed))

static void redis_do(const char *word, const char *key, const char *a, const char *b)
{
    store_begin(store);
    store_queue(store, text_of(key), (struct text[]){text_of(word), text_of(key), text_of(a), text_of(b)}, b == NULL ? 3 : 4);
    cr_assert_eq(store_flush(store), STATUS_OK, "%s", store_problem(store));
    cr_assert_not(text_is_there(store_error(store_value(store, 0))));
}

static const char *unique(const char *name)
{
    static char ids[8][96];
    static size_t next;
    char *id = ids[next++ % COUNT_OF(ids)];

    snprintf(id, sizeof(ids[0]), "%s-%lld.%d", name, (long long)time(NULL), (int)getpid());
    return id;
}

/* An order that the validator rejects, as a line. */
static const char *line_of(const char *order_id)
{
    static char lines[8][256];
    static size_t next;
    char *line = lines[next++ % COUNT_OF(lines)];

    snprintf(line, sizeof(lines[0]),
             "{\"orderId\":\"%s\",\"customerId\":\"C\",\"items\":[{\"productId\":\"CLI-TEST-NONE\",\"quantity\":1}],"
             "\"paymentMethod\":\"tok_visa\"}\n",
             order_id);
    return line;
}

Test(orderly, help_and_version)
{
    static const char *const names[] = {"submit", "get", "list", "stock"};

    cr_expect_eq(ORDERLY(NULL, "--help"), DONE);
    cr_expect_not_null(strstr(printed, "topics create"), "%s", printed);
    cr_expect_eq(ORDERLY(NULL, "--version"), DONE);
    cr_expect_eq(ORDERLY(NULL, "topics", "create", "--help"), DONE);
    cr_expect_eq(ORDERLY(NULL, "catalog", "load", "--help"), DONE);
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        cr_expect_eq(ORDERLY(NULL, names[i], "--help"), DONE, "%s", names[i]);
        cr_expect_not_null(strstr(printed, "Exit codes"), "%s: %s", names[i], printed);
    }
}

static const char *const mistakes[][4] = {
    {"nonsense"},
    {"topics"},
    {"get"},
    {"get", "A", "B"},
    {"get", "A B"},
    {"get", "--nonsense", "A"},
    {"submit"},
    {"submit", "--timeout", "soon", "-"},
    {"catalog", "load"},
    {"list", "--status", "nonsense"},
    {"list", "--limit", "0"},
    {"stock", "--warehouse", "a:b"},
};

Test(orderly, mistakes_in_the_arguments)
{
    for (size_t i = 0; i < COUNT_OF(mistakes); i++) {
        const char *arguments[5] = {mistakes[i][0], mistakes[i][1], mistakes[i][2], mistakes[i][3], NULL};
        cr_expect_eq(system_run_orderly(redis_process_url(redis), arguments, NULL, printed, sizeof(printed)), USAGE, "%zu: %s", i,
                     printed);
    }
}

Test(orderly, mistakes_in_the_settings)
{
    setenv("TOPIC_PARTITIONS", "none", 1);
    setenv("RETENTION_DAYS", "0", 1);
    cr_expect_eq(ORDERLY(NULL, "topics", "create"), USAGE);
    cr_expect_not_null(strstr(printed, "TOPIC_PARTITIONS"), "%s", printed);
    cr_expect_not_null(strstr(printed, "RETENTION_DAYS"), "%s", printed);
}

Test(orderly, redis_is_away)
{
    static const char *const commands[][3] = {{"list"}, {"stock"}, {"get", "A"}, {"catalog", "load", "deploy/catalog.json"}};

    for (size_t i = 0; i < COUNT_OF(commands); i++) {
        const char *arguments[] = {commands[i][0], commands[i][1], commands[i][2], NULL};
        int64_t start_ms = test_now_ms();
        cr_expect_eq(system_run_orderly(AWAY_REDIS, arguments, NULL, printed, sizeof(printed)), UNREACHABLE, "%zu: %s", i,
                     printed);
        cr_expect_lt(test_now_ms() - start_ms, AWAY_SECONDS_MAX * 1000);
    }
}

Test(orderly, kafka_is_away)
{
    int64_t start_ms = test_now_ms();

    setenv("ORDERLY_TEST_KAFKA", AWAY_KAFKA, 1);
    cr_expect_eq(ORDERLY("{\"orderId\":\"A\"}\n", "submit", "-"), UNREACHABLE, "%s", printed);
    cr_expect_eq(ORDERLY(NULL, "topics", "create"), UNREACHABLE, "%s", printed);
    cr_expect_lt(test_now_ms() - start_ms, 2 * AWAY_SECONDS_MAX * 1000);
}

Test(orderly, topics_are_created_once)
{
    cr_expect_eq(ORDERLY(NULL, "topics", "create"), DONE, "%s", printed);
    cr_expect_eq(ORDERLY(NULL, "topics", "create"), DONE, "%s", printed);
    cr_expect_null(strstr(printed, "created"), "%s", printed);
    cr_expect_not_null(strstr(printed, "fulfillment.commands.dlq"), "%s", printed);
}

#define CATALOG(price, units)                                                                                                    \
    "{\"products\":[{\"productId\":\"P\",\"name\":\"N\",\"unitPrice\":" price ",\"currency\":\"USD\",\"stock\":{\"main\":" units \
    "}}]}"

Test(orderly, a_catalog_loaded_again_changes_prices_but_no_stock)
{
    cr_expect_eq(ORDERLY(CATALOG("1999", "10"), "catalog", "load", "-"), DONE, "%s", printed);
    cr_expect_eq(ORDERLY(CATALOG("2999", "50"), "catalog", "load", "-"), DONE, "%s", printed);
    cr_expect_str_eq(hash_field(store, "catalog", "P"), "{\"name\":\"N\",\"unitPrice\":2999,\"currency\":\"USD\"}");
    cr_expect_str_eq(hash_field(store, "stock:main", "P"), "10");
    cr_expect_str_eq(hash_field(store, "{stock:main}:supplied", "P"), "10");
}

Test(orderly, one_mistake_and_nothing_of_a_catalog_is_loaded)
{
    cr_expect_eq(
        ORDERLY("{\"products\":[{\"productId\":\"A\",\"name\":\"N\",\"unitPrice\":1,\"currency\":\"USD\",\"stock\":{\"main\":1}},"
                "{\"productId\":\"B\",\"name\":\"N\",\"unitPrice\":1.5,\"currency\":\"USD\"}]}",
                "catalog", "load", "-"),
        ENDED_BADLY);
    cr_expect_not_null(strstr(printed, "products[1].unitPrice"), "%s", printed);
    cr_expect_str_eq(hash_field(store, "catalog", "A"), "");
    cr_expect_str_eq(hash_field(store, "stock:main", "A"), "");
    cr_expect_eq(ORDERLY(NULL, "catalog", "load", "/no/such/file"), ENDED_BADLY);
}

Test(orderly, stock_says_when_it_does_not_add_up)
{
    cr_expect_eq(ORDERLY(NULL, "stock"), ENDED_BADLY, "%s", printed);
    cr_assert_eq(ORDERLY(CATALOG("1999", "10"), "catalog", "load", "-"), DONE, "%s", printed);
    cr_expect_eq(ORDERLY(NULL, "stock"), DONE, "%s", printed);
    cr_expect_not_null(strstr(printed, "19.99 USD"), "%s", printed);
    cr_expect_null(strstr(printed, "DOES NOT ADD UP"), "%s", printed);
    redis_do("HSET", "stock:main", "P", "9");
    cr_expect_eq(ORDERLY(NULL, "stock"), DONE, "%s", printed);
    cr_expect_not_null(strstr(printed, "DOES NOT ADD UP"), "%s", printed);
}

Test(orderly, get_shows_an_order_and_its_history)
{
    CLEANUP(arena_destroy) struct arena *arena = arena_create();
    const struct json *root;

    cr_expect_eq(ORDERLY(NULL, "get", "G-1"), ENDED_BADLY, "%s", printed);
    redis_do("HSET", "saga:G-1", "status", "failed");
    redis_do("HSET", "saga:G-1", "reason", "payment_declined");
    redis_do("HSET", "saga:G-1", "order", "{\"customerId\":\"C\"}");
    redis_do("RPUSH", "{saga:G-1}:history",
             "{\"at\":\"2026-01-31T09:30:00.000Z\",\"event\":\"order.accepted\",\"version\":1,\"input\":\"0/0\",\"detail\":{}}",
             NULL);
    cr_expect_eq(ORDERLY(NULL, "get", "G-1"), DONE, "%s", printed);
    cr_expect_not_null(strstr(printed, "payment_declined"), "%s", printed);
    cr_expect_not_null(strstr(printed, "order.accepted"), "%s", printed);
    cr_expect_eq(ORDERLY(NULL, "get", "--json", "G-1"), DONE, "%s", printed);
    cr_assert_eq(json_read(arena, text_of(printed), &root), STATUS_OK, "%s", printed);
    cr_expect(json_string_is(json_member(json_member(root, TEXT("order")), TEXT("customerId")), TEXT("C")));
    cr_expect_eq(json_member(root, TEXT("history"))->count, 1);
}

Test(orderly, list_knows_the_index_of_a_status)
{
    redis_do("HSET", "saga:L-1", "status", "failed");
    redis_do("ZADD", "sagas:failed", "1764000000000", "L-1");
    cr_expect_eq(ORDERLY(NULL, "list"), DONE, "%s", printed);
    cr_expect_not_null(strstr(printed, "failed: 1"), "%s", printed);
    cr_expect_eq(ORDERLY(NULL, "list", "--status", "failed"), DONE, "%s", printed);
    cr_expect_not_null(strstr(printed, "L-1"), "%s", printed);
    cr_expect_eq(ORDERLY(NULL, "list", "--status", "completed"), DONE, "%s", printed);
    cr_expect_null(strstr(printed, "L-1"), "%s", printed);
}

Test(orderly, submit_refuses_lines_and_places_the_others)
{
    char input[1024];

    cr_assert_eq(ORDERLY(NULL, "topics", "create"), DONE, "%s", printed);
    snprintf(input, sizeof(input), "%snonsense\n\n[1]\n%s", line_of(unique("CLI-A")), line_of(unique("CLI-B")));
    cr_expect_eq(ORDERLY(input, "submit", "-"), ENDED_BADLY, "%s", printed);
    cr_expect_not_null(strstr(printed, "line 2 "), "%s", printed);
    cr_expect_not_null(strstr(printed, "line 4 "), "%s", printed);
    cr_expect_not_null(strstr(printed, "2 orders placed"), "%s", printed);
}

/* What lies in the topic orders under a key. */
struct found {
    const char *order_id;
    char value[512];
};

static void find(const struct record *record, void *context)
{
    struct found *found = context;

    if (text_equals(record->key, text_of(found->order_id)))
        snprintf(found->value, sizeof(found->value), "%.*s", TEXT_ARG(record->value));
}

/* Line ends of Windows, lines of blanks, a byte-order mark (also of a second file behind the first), no last line end. */
Test(orderly, submit_takes_files_of_other_systems)
{
    char input[2048], a[256], b[256], c[256];
    struct found found = {.order_id = unique("CLI-A")};

    cr_assert_eq(ORDERLY(NULL, "topics", "create"), DONE, "%s", printed);
    snprintf(a, sizeof(a), "%s", strtok((char *)line_of(found.order_id), "\n"));
    snprintf(b, sizeof(b), "%s", strtok((char *)line_of(unique("CLI-B")), "\n"));
    snprintf(c, sizeof(c), "%s", strtok((char *)line_of(unique("CLI-C")), "\n"));
    snprintf(input, sizeof(input), "\xEF\xBB\xBF\r\n  %s\t\r\n\r\n \t \r\n\xEF\xBB\xBF%s\r\n\t\n%s", a, b, c);
    cr_expect_eq(ORDERLY(input, "submit", "-"), DONE, "%s", printed);
    cr_expect_str_eq(printed, "3 orders placed\n");
    read_topic("orders", find, &found);
    cr_expect_str_eq(found.value, a, "the same order is the same bytes, whatever stood around it");
}

Test(orderly, submit_counts_the_lines_that_it_skips)
{
    cr_expect_eq(ORDERLY("\xEF\xBB\xBF\r\n \r\nnonsense\r\n", "submit", "-"), ENDED_BADLY, "%s", printed);
    cr_expect_not_null(strstr(printed, "line 3 is no JSON object"), "%s", printed);
}

Test(orderly, submit_says_what_it_can_not_read)
{
    cr_assert_eq(ORDERLY(NULL, "topics", "create"), DONE, "%s", printed);
    cr_expect_eq(ORDERLY("\xFF\xFE{", "submit", "-"), ENDED_BADLY, "%s", printed);
    cr_expect_not_null(strstr(printed, "UTF-16"), "%s", printed);
    cr_expect_null(strstr(printed, "line 1"), "%s", printed);
    cr_expect_eq(ORDERLY(NULL, "submit", "/"), ENDED_BADLY, "%s", printed);
    cr_expect_not_null(strstr(printed, "directory"), "%s", printed);
}

Test(orderly, submit_waits_for_the_end)
{
    const char *known = unique("CLI-K"), *unknown = unique("CLI-U");
    char key[128], input[1024];

    cr_assert_eq(ORDERLY(NULL, "topics", "create"), DONE, "%s", printed);
    snprintf(key, sizeof(key), "saga:%s", known);
    redis_do("HSET", key, "status", "rejected");
    redis_do("HSET", key, "reason", "validation_failed");
    cr_expect_eq(ORDERLY(line_of(known), "submit", "--wait", "-"), DONE, "%s", printed);
    cr_expect_not_null(strstr(printed, "validation_failed"), "%s", printed);
    snprintf(input, sizeof(input), "%s%s", line_of(known), line_of(unknown));
    cr_expect_eq(ORDERLY(input, "submit", "--wait", "--timeout", "1", "-"), ENDED_BADLY, "%s", printed);
}
