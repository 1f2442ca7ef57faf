/* bus_admin.c - creating topics. */
#include "bus_topics.h"

#include "bus_internal.h"

#include <stdio.h>

static rd_kafka_NewTopic_t *new_topic(const struct topic_plan *plan, char *problem, size_t size)
{
    rd_kafka_NewTopic_t *topic = rd_kafka_NewTopic_new(plan->name, plan->partitions, plan->replication, problem, size);

    for (size_t i = 0; topic != NULL && plan->config[i] != NULL; i += 2)
        if (rd_kafka_NewTopic_set_config(topic, plan->config[i], plan->config[i + 1]) != RD_KAFKA_RESP_ERR_NO_ERROR)
            snprintf(problem, size, "%s: can't set %s", plan->name, plan->config[i]);
    return topic;
}

static enum topic_result result_of(const rd_kafka_topic_result_t *result, char *problem, size_t size)
{
    rd_kafka_resp_err_t error = rd_kafka_topic_result_error(result);

    if (error == RD_KAFKA_RESP_ERR_NO_ERROR)
        return TOPIC_CREATED;
    if (error == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS)
        return TOPIC_EXISTED;
    if (problem[0] == '\0')
        snprintf(problem, size, "%s: %s", rd_kafka_topic_result_name(result), rd_kafka_topic_result_error_string(result));
    return TOPIC_FAILED;
}

/* Waits for the broker's answer and sorts it into the order of the plans. */
static enum status read_results(rd_kafka_queue_t *queue, int wait_ms, const struct topic_plan plans[], size_t count,
                                enum topic_result out_results[], char *problem, size_t size)
{
    rd_kafka_event_t *event = rd_kafka_queue_poll(queue, wait_ms);
    const rd_kafka_CreateTopics_result_t *result = event == NULL ? NULL : rd_kafka_event_CreateTopics_result(event);
    const rd_kafka_topic_result_t **results;
    size_t result_count = 0;

    if (result == NULL || rd_kafka_event_error(event) != RD_KAFKA_RESP_ERR_NO_ERROR) {
        snprintf(problem, size, "%s", event == NULL ? "no answer in time" : rd_kafka_event_error_string(event));
        rd_kafka_event_destroy(event);
        return STATUS_UNAVAILABLE;
    }
    results = rd_kafka_CreateTopics_result_topics(result, &result_count);
    for (size_t i = 0; i < count; i++) {
        out_results[i] = TOPIC_FAILED;
        for (size_t j = 0; j < result_count; j++)
            if (strcmp(rd_kafka_topic_result_name(results[j]), plans[i].name) == 0)
                out_results[i] = result_of(results[j], problem, size);
    }
    rd_kafka_event_destroy(event);
    return STATUS_OK;
}

enum status bus_create_topics(struct bus *bus, const struct topic_plan plans[], size_t count, int wait_ms,
                              enum topic_result out_results[], char *problem, size_t size)
{
    rd_kafka_NewTopic_t *topics[BUS_TOPICS_MAX];
    rd_kafka_AdminOptions_t *options = rd_kafka_AdminOptions_new(bus->producers[0], RD_KAFKA_ADMIN_OP_CREATETOPICS);
    rd_kafka_queue_t *queue = rd_kafka_queue_new(bus->producers[0]);
    enum status status = count <= BUS_TOPICS_MAX ? STATUS_OK : STATUS_FATAL;
    size_t made = 0;

    problem[0] = '\0';
    rd_kafka_AdminOptions_set_request_timeout(options, wait_ms, NULL, 0);
    rd_kafka_AdminOptions_set_operation_timeout(options, wait_ms, NULL, 0);
    while (status == STATUS_OK && made < count && (topics[made] = new_topic(&plans[made], problem, size)) != NULL)
        made++;
    if (made == count) {
        rd_kafka_CreateTopics(bus->producers[0], topics, count, options, queue);
        status = read_results(queue, wait_ms + 1000, plans, count, out_results, problem, size);
    } else {
        status = STATUS_FATAL;
    }
    rd_kafka_NewTopic_destroy_array(topics, made);
    rd_kafka_AdminOptions_destroy(options);
    rd_kafka_queue_destroy(queue);
    return status;
}
