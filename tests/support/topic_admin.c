#include "topic_admin.h"

#include "system.h"

#include <criterion/criterion.h>
#include <librdkafka/rdkafka.h>
#include <stdlib.h>

#define WAIT_MS 30000
#define PROBLEM_SIZE 256

static struct bus *open_bus(void)
{
    struct bus_options options = {.bootstrap = getenv("ORDERLY_TEST_KAFKA"), .client_id = "orderly-test", .batch_max = 1};
    char problem[PROBLEM_SIZE] = "";
    struct bus *bus = NULL;

    cr_assert_not_null(options.bootstrap, "ORDERLY_TEST_KAFKA is not set: run tests/run.sh");
    cr_assert_eq(bus_open(&options, problem, sizeof(problem), &bus), STATUS_OK, "%s", problem);
    return bus;
}

static rd_kafka_t *open_client(void)
{
    rd_kafka_conf_t *config = rd_kafka_conf_new();
    char problem[PROBLEM_SIZE] = "";
    rd_kafka_t *client;

    rd_kafka_conf_set(config, "bootstrap.servers", getenv("ORDERLY_TEST_KAFKA"), problem, sizeof(problem));
    client = rd_kafka_new(RD_KAFKA_PRODUCER, config, problem, sizeof(problem));
    cr_assert_not_null(client, "%s", problem);
    return client;
}

static bool is_there(rd_kafka_t *client, const char *name)
{
    const struct rd_kafka_metadata *metadata;
    bool found = false;

    cr_assert_eq(rd_kafka_metadata(client, 1, NULL, &metadata, WAIT_MS), RD_KAFKA_RESP_ERR_NO_ERROR);
    for (int i = 0; i < metadata->topic_cnt; i++)
        found = found || strcmp(metadata->topics[i].topic, name) == 0;
    rd_kafka_metadata_destroy(metadata);
    return found;
}

void topic_delete(const char *name)
{
    rd_kafka_t *client = open_client();
    rd_kafka_queue_t *queue = rd_kafka_queue_new(client);
    rd_kafka_DeleteTopic_t *topic = rd_kafka_DeleteTopic_new(name);
    rd_kafka_event_t *event;
    int64_t end_ms = test_now_ms() + WAIT_MS;

    rd_kafka_DeleteTopics(client, &topic, 1, NULL, queue);
    event = rd_kafka_queue_poll(queue, WAIT_MS);
    cr_assert_not_null(event);
    cr_assert_eq(rd_kafka_event_error(event), RD_KAFKA_RESP_ERR_NO_ERROR, "%s", rd_kafka_event_error_string(event));
    while (is_there(client, name)) {
        cr_assert_lt(test_now_ms(), end_ms, "%s is still there", name);
        test_pause();
    }
    rd_kafka_event_destroy(event);
    rd_kafka_DeleteTopic_destroy(topic);
    rd_kafka_queue_destroy(queue);
    rd_kafka_destroy(client);
}

void topic_make(const char *name, const char *const config[])
{
    struct bus *bus = open_bus();
    const struct topic_plan plan = {name, 1, 1, config};
    enum topic_result result = TOPIC_FAILED;
    int64_t end_ms = test_now_ms() + WAIT_MS;
    char problem[PROBLEM_SIZE] = "";

    while (result != TOPIC_CREATED && test_now_ms() < end_ms) /* the old one may still be on its way out */
        cr_assert_eq(bus_create_topics(bus, &plan, 1, WAIT_MS, &result, problem, sizeof(problem)), STATUS_OK, "%s", problem);
    cr_assert_eq(result, TOPIC_CREATED, "%s", problem);
    bus_close(bus);
}

void topic_grow(const char *name, size_t partitions)
{
    rd_kafka_t *client = open_client();
    rd_kafka_queue_t *queue = rd_kafka_queue_new(client);
    char problem[PROBLEM_SIZE] = "";
    rd_kafka_NewPartitions_t *more = rd_kafka_NewPartitions_new(name, partitions, problem, sizeof(problem));
    rd_kafka_event_t *event;

    cr_assert_not_null(more, "%s", problem);
    rd_kafka_CreatePartitions(client, &more, 1, NULL, queue);
    event = rd_kafka_queue_poll(queue, WAIT_MS);
    cr_assert_not_null(event);
    cr_assert_eq(rd_kafka_event_error(event), RD_KAFKA_RESP_ERR_NO_ERROR, "%s", rd_kafka_event_error_string(event));
    rd_kafka_event_destroy(event);
    rd_kafka_NewPartitions_destroy(more);
    rd_kafka_queue_destroy(queue);
    rd_kafka_destroy(client);
}

void group_commit(const char *group, const char *topic, int partition, long long offset)
{
    rd_kafka_conf_t *config = rd_kafka_conf_new();
    rd_kafka_topic_partition_list_t *offsets = rd_kafka_topic_partition_list_new(1);
    char problem[PROBLEM_SIZE] = "";
    rd_kafka_t *client;

    rd_kafka_conf_set(config, "bootstrap.servers", getenv("ORDERLY_TEST_KAFKA"), problem, sizeof(problem));
    rd_kafka_conf_set(config, "group.id", group, problem, sizeof(problem));
    client = rd_kafka_new(RD_KAFKA_CONSUMER, config, problem, sizeof(problem));
    cr_assert_not_null(client, "%s", problem);
    rd_kafka_topic_partition_list_add(offsets, topic, partition)->offset = offset;
    cr_assert_eq(rd_kafka_commit(client, offsets, 0), RD_KAFKA_RESP_ERR_NO_ERROR);
    cr_assert_eq(offsets->elems[0].err, RD_KAFKA_RESP_ERR_NO_ERROR, "%s", rd_kafka_err2str(offsets->elems[0].err));
    rd_kafka_topic_partition_list_destroy(offsets);
    rd_kafka_consumer_close(client);
    rd_kafka_destroy(client);
}
