#include "system.h"
#include "transaction.h"

#include <criterion/criterion.h>
#include <librdkafka/rdkafka.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define WAIT_MS 30000
#define PROBLEM_SIZE 256

struct transactor {
    rd_kafka_t *client;
};

static void expect_done(rd_kafka_error_t *error) { cr_assert_null(error, "%s", rd_kafka_error_string(error)); }

struct transactor *transactor_open(void)
{
    static int number;
    struct transactor *transactor = calloc(1, sizeof(*transactor));
    rd_kafka_conf_t *config = rd_kafka_conf_new();
    char id[64], problem[PROBLEM_SIZE] = "";

    cr_assert_not_null(transactor);
    snprintf(id, sizeof(id), "transactor.%lld.%d.%d", (long long)test_now_ms(), (int)getpid(), ++number);
    rd_kafka_conf_set(config, "bootstrap.servers", getenv("ORDERLY_TEST_KAFKA"), problem, sizeof(problem));
    rd_kafka_conf_set(config, "transactional.id", id, problem, sizeof(problem));
    rd_kafka_conf_set(config, "linger.ms", "0", problem, sizeof(problem));
    transactor->client = rd_kafka_new(RD_KAFKA_PRODUCER, config, problem, sizeof(problem));
    cr_assert_not_null(transactor->client, "%s", problem);
    expect_done(rd_kafka_init_transactions(transactor->client, WAIT_MS));
    return transactor;
}

void transactor_close(struct transactor *transactor)
{
    rd_kafka_destroy(transactor->client);
    free(transactor);
}

void transactor_begin(struct transactor *transactor, const char *topic, int partition, size_t count)
{
    rd_kafka_t *client = transactor->client;
    char value[] = "x";

    expect_done(rd_kafka_begin_transaction(client));
    for (size_t i = 0; i < count; i++)
        cr_assert_eq(rd_kafka_producev(client, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_PARTITION(partition),
                                       RD_KAFKA_V_VALUE(value, 1), RD_KAFKA_V_END),
                     RD_KAFKA_RESP_ERR_NO_ERROR);
    cr_assert_eq(rd_kafka_flush(client, WAIT_MS), RD_KAFKA_RESP_ERR_NO_ERROR);
}

void transactor_end(struct transactor *transactor, bool commits)
{
    expect_done(commits ? rd_kafka_commit_transaction(transactor->client, WAIT_MS)
                        : rd_kafka_abort_transaction(transactor->client, WAIT_MS));
}

void transactor_run(struct transactor *transactor, const char *topic, int partition, size_t count, bool commits)
{
    transactor_begin(transactor, topic, partition, count);
    transactor_end(transactor, commits);
}

void transaction_send(const char *topic, int partition, size_t count, bool commits)
{
    struct transactor *transactor = transactor_open();

    transactor_run(transactor, topic, partition, count, commits);
    transactor_close(transactor);
}
