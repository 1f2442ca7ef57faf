/* The program `orderly` when Redis, Kafka, a setting or the output is not as it should be. */
#include "redis_process.h"
#include "system.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { DONE, ENDED_BADLY, USAGE, UNREACHABLE };

static struct redis_process *redis;
static struct store *store;
static char printed[16384];

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

TestSuite(orderly_refusals, .init = set_up, .fini = tear_down);

#define ORDERLY(input, ...)                                                                                                      \
    system_run_orderly(redis_process_url(redis), (const char *[]){__VA_ARGS__, NULL}, (input), printed, sizeof(printed))

static void redis_do(const char *word, const char *key, const char *a, const char *b)
{
    store_begin(store);
    store_queue(store, text_of(key), (struct text[]){text_of(word), text_of(key), text_of(a), text_of(b)}, b == NULL ? 3 : 4);
    cr_assert_eq(store_flush(store), STATUS_OK, "%s", store_problem(store));
}

static const char catalog[] =
    "{\"products\":[{\"productId\":\"P\",\"name\":\"N\",\"unitPrice\":1,\"currency\":\"USD\",\"stock\":{\"main\":5}}]}";

static const struct {
    const char *key;
    const char *arguments[4];
} wrong[] = {
    {"catalog", {"catalog", "load", "-"}},
    {"stock:main", {"catalog", "load", "-"}},
    {"catalog", {"stock"}},
    {"stock:main", {"stock"}},
    {"{stock:main}:taken", {"stock"}},
    {"saga:W", {"get", "W"}},
    {"{saga:W}:history", {"get", "W"}},
    {"sagas:failed", {"list"}},
};

Test(orderly_refusals, a_key_of_another_type_is_told_and_never_taken_for_success)
{
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        store_begin(store);
        store_queue(store, TEXT("x"), (struct text[]){TEXT("FLUSHALL")}, 1);
        cr_assert_eq(store_flush(store), STATUS_OK);
        redis_do("HSET", "{stock:main}:supplied", "P", "5");
        redis_do("SET", wrong[i].key, "no hash", NULL);
        cr_expect_eq(system_run_orderly(redis_process_url(redis), wrong[i].arguments, catalog, printed, sizeof(printed)),
                     ENDED_BADLY, "%s %s: %s", wrong[i].arguments[0], wrong[i].key, printed);
        cr_expect_not_null(strstr(printed, "WRONGTYPE"), "%s", printed);
    }
}

Test(orderly_refusals, a_product_that_one_of_the_hashes_has_lost_is_shown)
{
    redis_do("HSET", "{stock:main}:supplied", "P", "5");
    cr_expect_eq(ORDERLY(NULL, "stock"), DONE, "%s", printed);
    cr_expect_not_null(strstr(printed, "DOES NOT ADD UP"), "%s", printed);
}

Test(orderly_refusals, help_works_whatever_the_settings_are)
{
    setenv("TOPIC_PARTITIONS", "none", 1);
    cr_expect_eq(ORDERLY(NULL, "get", "--help"), DONE, "%s", printed);
    cr_expect_eq(ORDERLY(NULL, "topics", "--help"), DONE, "%s", printed);
    cr_expect_eq(ORDERLY(NULL, "list"), USAGE, "%s", printed);
}

Test(orderly_refusals, a_running_step_is_picked_out_of_the_running)
{
    redis_do("HSET", "saga:L-1", "status", "validating");
    redis_do("HSET", "saga:L-2", "status", "fulfilling");
    redis_do("ZADD", "sagas:running", "1", "L-1");
    redis_do("ZADD", "sagas:running", "2", "L-2");
    cr_expect_eq(ORDERLY(NULL, "list", "--status", "validating"), DONE, "%s", printed);
    cr_expect_not_null(strstr(printed, "validating: 1"), "%s", printed);
    cr_expect_null(strstr(printed, "L-2"), "%s", printed);
    cr_expect_eq(ORDERLY(NULL, "list"), DONE, "%s", printed);
    cr_expect_not_null(strstr(printed, "running: 2"), "%s", printed);
    cr_expect_null(strstr(printed, "validating: "), "%s", printed);
}

Test(orderly_refusals, output_that_does_not_arrive_is_no_success)
{
    char program[512];
    int how = 0;
    pid_t pid;

    cr_assert_not_null(getenv("ORDERLY_TEST_BIN"), "ORDERLY_TEST_BIN is not set: run tests/run.sh");
    snprintf(program, sizeof(program), "%s/orderly", getenv("ORDERLY_TEST_BIN"));
    pid = fork();
    if (pid == 0) {
        dup2(open("/dev/full", O_WRONLY), STDOUT_FILENO);
        execl(program, program, "--version", (char *)NULL);
        _exit(127);
    }
    waitpid(pid, &how, 0);
    cr_expect(WIFEXITED(how) && WEXITSTATUS(how) == ENDED_BADLY, "%x", how);
}

/* A broker in this process, so that nobody else's topics get these orders. */
struct broker {
    rd_kafka_t *client;
    rd_kafka_mock_cluster_t *cluster;
};

static struct broker broker_start(void)
{
    struct broker broker;

    broker.client = rd_kafka_new(RD_KAFKA_PRODUCER, rd_kafka_conf_new(), NULL, 0);
    broker.cluster = rd_kafka_mock_cluster_new(broker.client, 1);
    rd_kafka_mock_topic_create(broker.cluster, "orders", 1, 1);
    setenv("ORDERLY_TEST_KAFKA", rd_kafka_mock_cluster_bootstraps(broker.cluster), 1);
    return broker;
}

static void broker_stop(struct broker *broker)
{
    rd_kafka_mock_cluster_destroy(broker->cluster);
    rd_kafka_destroy(broker->client);
}

Test(orderly_refusals, an_order_that_cannot_be_followed_is_not_waited_for)
{
    struct broker broker = broker_start();

    cr_expect_eq(ORDERLY("{\"x\":1}\n", "submit", "-"), DONE, "%s", printed);
    cr_expect_eq(ORDERLY("{\"x\":1}\n", "submit", "--wait", "-"), ENDED_BADLY, "%s", printed);
    cr_expect_not_null(strstr(printed, "line 1 "), "%s", printed);
    broker_stop(&broker);
}

Test(orderly_refusals, submit_gives_up_when_the_broker_falls_silent)
{
    struct broker broker = broker_start();

    /* Every produce request fails for the moment, for longer than anybody waits. */
    for (int i = 0; i < 2000; i++)
        rd_kafka_mock_push_request_errors(broker.cluster, 0, 1, RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION);
    cr_expect_eq(ORDERLY("{\"orderId\":\"S-1\"}\n", "submit", "-"), UNREACHABLE, "%s", printed);
    cr_expect_not_null(strstr(printed, "did not confirm"), "%s", printed);
    broker_stop(&broker);
}
