/* `orderly doctor` against the real Kafka and a Redis of its own: what is wrong is found, and the command that mends it is
 * named. Other tests leave things in Kafka (records that nobody has read, dead letters): so each looks at its own line, not at
 * the sum. */
#include "redis_process.h"
#include "system.h"
#include "topic_admin.h"
#include "transaction.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DONE, ENDED_BADLY, USAGE, UNREACHABLE };

static struct redis_process *redis;
static struct store *store;
static char printed[65536];

static void set_up(void)
{
    redis = redis_process_start(NULL);
    cr_assert_eq(store_open(redis_process_url(redis), 1, NULL, 0, &store), STATUS_OK);
    cr_assert_eq(
        system_run_orderly(redis_process_url(redis), (const char *[]){"topics", "create", NULL}, NULL, printed, sizeof(printed)),
        DONE, "%s", printed);
}

static void tear_down(void)
{
    store_close(store);
    redis_process_stop(redis);
}

TestSuite(doctor, .init = set_up, .fini = tear_down);

static int doctor(const char *redis_url)
{
    return system_run_orderly(redis_url, (const char *[]){"doctor", "--json", NULL}, NULL, printed, sizeof(printed));
}

/* One command of up to six words. */
static void redis_do(const char *const words[])
{
    struct text texts[6];
    size_t count = 0;

    for (; words[count] != NULL; count++)
        texts[count] = text_of(words[count]);
    store_begin(store);
    store_queue(store, TEXT_NONE, texts, count);
    cr_assert_eq(store_flush(store), STATUS_OK, "%s", store_problem(store));
    cr_assert_not(text_is_there(store_error(store_value(store, 0))), "%.*s", TEXT_ARG(store_error(store_value(store, 0))));
}
#define REDIS(...) redis_do((const char *[]){__VA_ARGS__, NULL})

/* The line about a check; "" when there is none. */
static const char *line_of(const char *check)
{
    static char line[4096];
    char begin[128];
    const char *at;

    snprintf(begin, sizeof(begin), "{\"check\":\"%s\",", check);
    at = strstr(printed, begin);
    snprintf(line, sizeof(line), "%.*s", at == NULL ? 0 : (int)strcspn(at, "\n"), at == NULL ? "" : at);
    return line;
}

#define EXPECT(check, state)                                                                                                     \
    cr_expect_not_null(strstr(line_of(check), "\"state\":\"" state "\""), "%s is not " state ": %s\n%s", check, line_of(check),  \
                       printed)
#define EXPECT_SAYS(check, text) cr_expect_not_null(strstr(line_of(check), text), "'%s' is not in: %s", text, line_of(check))

/* ---- Kafka ---- */

Test(doctor, topics_as_they_were_created_are_well)
{
    cr_expect_neq(doctor(redis_process_url(redis)), UNREACHABLE);
    EXPECT("versions", "ok");
    EXPECT_SAYS("versions", "librdkafka");
    EXPECT("kafka", "ok");
    EXPECT_SAYS("kafka", "1 broker");
    EXPECT("topic orders", "ok");
    EXPECT_SAYS("topic orders", "1 copy");
    EXPECT("topic fulfillment.commands.dlq", "ok");
}

Test(doctor, a_topic_that_is_not_there)
{
    topic_delete("fulfillment.commands.dlq");
    cr_expect_eq(doctor(redis_process_url(redis)), ENDED_BADLY);
    EXPECT("topic fulfillment.commands.dlq", "wrong");
    EXPECT_SAYS("topic fulfillment.commands.dlq", "\"mend\":\"orderly topics create\"");
    EXPECT("topic fulfillment.commands", "ok");
}

Test(doctor, a_topic_with_other_settings)
{
    static const char *const config[] = {"message.timestamp.type",
                                         "CreateTime",
                                         "retention.ms",
                                         "3600000",
                                         "segment.ms",
                                         "21600000",
                                         "max.message.bytes",
                                         "2228224",
                                         NULL};

    topic_delete("fulfillment.commands.dlq");
    topic_make("fulfillment.commands.dlq", config);
    cr_expect_eq(doctor(redis_process_url(redis)), ENDED_BADLY);
    EXPECT("topic fulfillment.commands.dlq", "wrong");
    EXPECT_SAYS("topic fulfillment.commands.dlq", "1 partition, 1 copy; ");
    EXPECT_SAYS("topic fulfillment.commands.dlq", "message.timestamp.type is CreateTime, not LogAppendTime");
    EXPECT_SAYS("topic fulfillment.commands.dlq", "--entity-name fulfillment.commands.dlq --add-config ");
    EXPECT_SAYS("topic fulfillment.commands.dlq", "message.timestamp.type=LogAppendTime");
    EXPECT_SAYS("topic fulfillment.commands.dlq", "retention.ms=2592000000");
    EXPECT_SAYS("topic fulfillment.commands.dlq", "flush.messages=1");
    cr_expect_null(strstr(line_of("topic fulfillment.commands.dlq"), "segment.ms"), "that one is good");
    topic_delete("fulfillment.commands.dlq");
    cr_expect_eq(
        system_run_orderly(redis_process_url(redis), (const char *[]){"topics", "create", NULL}, NULL, printed, sizeof(printed)),
        DONE);
}

Test(doctor, nobody_works_on_what_waits)
{
    system_send("validator.commands", "DOCTOR", "x", 1);
    cr_expect_eq(doctor(redis_process_url(redis)), ENDED_BADLY);
    EXPECT("orderly-validator", "wrong");
    EXPECT_SAYS("orderly-validator", "nobody runs");
    EXPECT_SAYS("orderly-validator", "start orderly-validator");
}

static const char *const plain[] = {"message.timestamp.type", "LogAppendTime", NULL};

/* Makes a topic anew, so that nothing of other tests is in it. */
static void make_anew(const char *topic)
{
    topic_delete(topic);
    topic_make(topic, plain);
}

static void put_back(const char *topic)
{
    topic_delete(topic);
    cr_expect_eq(
        system_run_orderly(redis_process_url(redis), (const char *[]){"topics", "create", NULL}, NULL, printed, sizeof(printed)),
        DONE);
}

/* Offsets are taken that nobody will ever read. */
Test(doctor, what_was_aborted_does_not_wait)
{
    make_anew("validator.commands");
    group_commit("orderly-validator", "validator.commands", 0, 0);
    transaction_send("validator.commands", 0, 9, false);
    doctor(redis_process_url(redis));
    EXPECT("orderly-validator", "warning");
    EXPECT_SAYS("orderly-validator", "nobody runs; 0 records wait");
    put_back("validator.commands");
}

static bool says(const char *check, const char *text)
{
    doctor(redis_process_url(redis));
    return strstr(line_of(check), text) != NULL;
}

/* Nothing seems to wait, and nothing gets on. */
Test(doctor, a_transaction_that_does_not_end_is_told)
{
    struct transactor *transactor = transactor_open();
    int64_t end_ms = test_now_ms() + SYSTEM_WAIT_MS;

    make_anew("validator.commands");
    transactor_begin(transactor, "validator.commands", 0, 3);
    while (!says("transactions", "validator.commands/0"))
        cr_assert_lt(test_now_ms(), end_ms, "%s", line_of("transactions"));
    EXPECT("transactions", "warning");
    transactor_end(transactor, true);
    doctor(redis_process_url(redis));
    EXPECT("transactions", "ok");
    transactor_close(transactor);
    put_back("validator.commands");
}

/* What the doctor says of dead letters: how many there are, 0 when it has nothing to say. */
static long long dead_letters(void)
{
    const char *at;

    doctor(redis_process_url(redis));
    at = strstr(line_of("dead letters"), "\"text\":\"");
    cr_assert_not_null(at, "%s", printed);
    return atoll(at + strlen("\"text\":\""));
}

Test(doctor, what_was_aborted_is_no_dead_letter)
{
    long long before;

    make_anew("orders.dlq");
    before = dead_letters();
    transaction_send("orders.dlq", 0, 9, false);
    cr_expect_eq(dead_letters(), before, "%s", line_of("dead letters"));
    system_send("orders.dlq", NULL, "x", 1);
    cr_expect_eq(dead_letters(), before + 1, "%s", line_of("dead letters"));
    put_back("orders.dlq");
}

/* What ends a transaction lies behind the newest record, and has no time that is told. */
Test(doctor, the_newest_record_is_found_behind_the_end_of_a_transaction)
{
    static const char *const topics[] = {"orders", "order.events", "saga.inbox"};

    for (size_t i = 0; i < COUNT_OF(topics); i++) {
        make_anew(topics[i]);
        transaction_send(topics[i], 0, 3, true);
    }
    doctor(redis_process_url(redis));
    cr_expect_not_null(strstr(line_of("clock of kafka"), "this machine's"), "%s", line_of("clock of kafka"));
    for (size_t i = 0; i < COUNT_OF(topics); i++)
        put_back(topics[i]);
}

/* A log that lost its end: what the group has committed is not there any more, and comes again with new records. */
Test(doctor, a_group_that_would_pass_over_new_records)
{
    group_commit("orderly-validator", "validator.commands", 2, 1000000000);
    cr_expect_eq(doctor(redis_process_url(redis)), ENDED_BADLY);
    group_commit("orderly-validator", "validator.commands", 2, 0);
    EXPECT("orderly-validator", "wrong");
    EXPECT_SAYS("orderly-validator", "the log lost its end");
    EXPECT_SAYS("orderly-validator", "--group orderly-validator --topic validator.commands:2 --reset-offsets --to-latest");
}

/* ---- Redis ---- */

Test(doctor, a_redis_as_it_has_to_be)
{
    cr_assert_eq(system_run_orderly(redis_process_url(redis),
                                    (const char *[]){"catalog", "load", "tests/support/catalog.json", NULL}, NULL, printed,
                                    sizeof(printed)),
                 DONE);
    doctor(redis_process_url(redis));
    EXPECT("redis", "ok");
    EXPECT("redis appendonly", "ok");
    EXPECT("redis appendfsync", "ok");
    EXPECT("redis no-appendfsync-on-rewrite", "ok");
    EXPECT("redis maxmemory-policy", "ok");
    EXPECT("redis memory", "warning"); /* it has no limit */
    EXPECT_SAYS("redis memory", "no maxmemory");
    EXPECT_SAYS("redis memory", "redis-cli CONFIG SET maxmemory ");
    REDIS("CONFIG", "SET", "maxmemory", "100mb");
    doctor(redis_process_url(redis));
    EXPECT("redis memory", "ok");
    EXPECT("clock of redis", "ok");
    cr_expect_not_null(strstr(printed, "kafka against redis"), "%s", printed);
    EXPECT("catalog", "ok");
    EXPECT("stock", "ok");
    EXPECT("sagas:broken", "ok");
}

Test(doctor, a_redis_that_forgets)
{
    REDIS("CONFIG", "SET", "appendfsync", "everysec");
    REDIS("CONFIG", "SET", "no-appendfsync-on-rewrite", "yes");
    REDIS("CONFIG", "SET", "maxmemory-policy", "allkeys-lru");
    cr_expect_eq(doctor(redis_process_url(redis)), ENDED_BADLY);
    EXPECT("redis appendfsync", "wrong");
    EXPECT_SAYS("redis appendfsync", "redis-cli CONFIG SET appendfsync always");
    EXPECT("redis no-appendfsync-on-rewrite", "wrong");
    EXPECT("redis maxmemory-policy", "wrong");
    EXPECT_SAYS("redis maxmemory-policy", "CONFIG SET maxmemory-policy noeviction");
    EXPECT("redis appendonly", "ok");
    REDIS("CONFIG", "SET", "appendonly", "no");
    doctor(redis_process_url(redis));
    EXPECT("redis appendonly", "wrong");
}

Test(doctor, a_redis_that_is_nearly_full)
{
    REDIS("CONFIG", "SET", "maxmemory", "1100000"); /* an empty one uses about so much */
    doctor(redis_process_url(redis));
    cr_expect_null(strstr(line_of("redis memory"), "\"state\":\"ok\""), "%s", line_of("redis memory"));
    EXPECT_SAYS("redis memory", "CONFIG SET maxmemory");
}

Test(doctor, a_user_who_may_not_ask)
{
    char url[128];

    REDIS("ACL", "SETUSER", "limited", "on", ">secret", "+@all");
    REDIS("ACL", "SETUSER", "limited", "~*", "-config");
    snprintf(url, sizeof(url), "redis://limited:secret@127.0.0.1:%d", redis_process_port(redis));
    cr_expect_neq(doctor(url), UNREACHABLE);
    EXPECT("redis", "ok");
    EXPECT("redis appendfsync", "unknown");
    EXPECT_SAYS("redis appendfsync", "CONFIG GET is refused (NOPERM");
    EXPECT("clock of redis", "ok");
    REDIS("ACL", "SETUSER", "limited", "-info");
    cr_expect_neq(doctor(url), UNREACHABLE);
    EXPECT("redis", "unknown");
    EXPECT_SAYS("redis", "+info");
    EXPECT("redis appendonly", "unknown");
    cr_expect_null(strstr(printed, "secret"));
}

/* ---- what is in it ---- */

Test(doctor, a_catalog_that_is_not_there_or_not_good)
{
    cr_expect_eq(doctor(redis_process_url(redis)), ENDED_BADLY);
    EXPECT("catalog", "wrong");
    EXPECT_SAYS("catalog", "orderly catalog load FILE");
    REDIS("HSET", "catalog", "GOOD", "{\"name\":\"x\",\"unitPrice\":1,\"currency\":\"USD\"}");
    REDIS("HSET", "catalog", "BAD\x1b", "{}");
    REDIS("HSET", "stock:east", "GOOD", "0");
    cr_expect_eq(doctor(redis_process_url(redis)), ENDED_BADLY);
    EXPECT("catalog", "wrong");
    EXPECT_SAYS("catalog", "1 of 2 products can't be understood: BAD?");
    EXPECT("stock", "warning");
    EXPECT_SAYS("stock", "1 products were never supplied to any warehouse: BAD?");
    REDIS("HDEL", "catalog", "BAD\x1b");
    doctor(redis_process_url(redis));
    EXPECT("catalog", "ok");
    EXPECT("stock", "ok"); /* in another warehouse than main */
    REDIS("SET", "stock:main", "no hash");
    doctor(redis_process_url(redis));
    EXPECT("stock", "wrong");
    REDIS("SET", "catalog", "no hash");
    doctor(redis_process_url(redis));
    EXPECT("catalog", "wrong");
    EXPECT_SAYS("catalog", "WRONGTYPE");
}

Test(doctor, a_catalog_of_many_products)
{
    char id[32], entry[] = "{\"name\":\"x\",\"unitPrice\":1,\"currency\":\"USD\"}";

    store_begin(store);
    for (int i = 0; i < 5000; i++) {
        snprintf(id, sizeof(id), "P%d", i);
        store_queue(store, TEXT("catalog"), (struct text[]){TEXT("HSET"), TEXT("catalog"), text_of(id), text_of(entry)}, 4);
    }
    cr_assert_eq(store_flush(store), STATUS_OK);
    doctor(redis_process_url(redis));
    EXPECT_SAYS("catalog", "5000 products");
    EXPECT_SAYS("stock", "1000 or more products were never supplied");
}

Test(doctor, orders_that_wait_for_a_person)
{
    REDIS("SADD", "sagas:broken", "A");
    REDIS("ZADD", "sagas:needs_attention", "1", "B");
    REDIS("ZADD", "sagas:compensation_failed", "1", "C");
    cr_expect_eq(doctor(redis_process_url(redis)), ENDED_BADLY);
    EXPECT("sagas:broken", "wrong");
    EXPECT("needs_attention", "warning");
    EXPECT_SAYS("needs_attention", "orderly list --status needs_attention");
    EXPECT("compensation_failed", "warning");
}

/* ---- away ---- */

Test(doctor, without_redis_kafka_is_still_looked_at)
{
    cr_expect_eq(doctor("redis://127.0.0.1:1"), UNREACHABLE);
    EXPECT("redis", "wrong");
    EXPECT("redis memory", "unknown");
    EXPECT("catalog", "unknown");
    EXPECT("topic orders", "ok");
}

Test(doctor, without_kafka_redis_is_still_looked_at)
{
    setenv("ORDERLY_TEST_KAFKA", "127.0.0.1:1", 1);
    cr_expect_eq(doctor(redis_process_url(redis)), UNREACHABLE);
    EXPECT("kafka", "wrong");
    EXPECT_SAYS("kafka", "KAFKA_BOOTSTRAP_SERVERS");
    EXPECT("topics", "unknown");
    EXPECT("redis appendfsync", "ok");
    cr_expect_eq(doctor("nonsense"), USAGE);
}

Test(doctor, lines_for_people)
{
    system_run_orderly(redis_process_url(redis), (const char *[]){"doctor", NULL}, NULL, printed, sizeof(printed));
    cr_expect_not_null(strstr(printed, "ok       topic orders"), "%s", printed);
    cr_expect_not_null(strstr(printed, "-> orderly catalog load FILE"), "%s", printed);
    cr_expect_not_null(strstr(printed, " looked at: "), "%s", printed);
}
