#include "bus_describe.h"

#include "bus_internal.h"

#include <stdio.h>
#include <stdlib.h>

#define REPLY_ROOM_MS 1000 /* librdkafka reports a time-out of its own a little after it */

const char *bus_library_version(void) { return rd_kafka_version_str(); }

static enum status unavailable(struct bus *bus, const char *what)
{
    bus_set_problem(bus, "%s", what);
    return STATUS_UNAVAILABLE;
}

/* ---- metadata ---- */

static struct bus_topic_state state_of(const struct rd_kafka_metadata_topic *topic)
{
    struct bus_topic_state state = {.exists = topic->err == RD_KAFKA_RESP_ERR_NO_ERROR && topic->partition_cnt > 0,
                                    .partitions = topic->partition_cnt};

    for (int i = 0; i < topic->partition_cnt; i++) {
        const struct rd_kafka_metadata_partition *partition = &topic->partitions[i];
        if (i == 0 || partition->replica_cnt < state.copies)
            state.copies = partition->replica_cnt;
        state.without_leader += partition->leader < 0;
        state.behind += partition->isr_cnt < partition->replica_cnt;
    }
    return state;
}

static void read_id(struct bus *bus, int wait_ms, struct bus_cluster *out_cluster)
{
    char *id = rd_kafka_clusterid(bus->producers[0], wait_ms);

    snprintf(out_cluster->id, sizeof(out_cluster->id), "%s", id == NULL ? "" : id);
    if (id != NULL)
        rd_kafka_mem_free(bus->producers[0], id);
}

enum status bus_describe_cluster(struct bus *bus, const char *const topics[], size_t count, int wait_ms,
                                 struct bus_cluster *out_cluster, struct bus_topic_state out_states[])
{
    const struct rd_kafka_metadata *metadata;
    rd_kafka_resp_err_t error = rd_kafka_metadata(bus->producers[0], 1, NULL, &metadata, wait_ms);

    if (error != RD_KAFKA_RESP_ERR_NO_ERROR)
        return unavailable(bus, rd_kafka_err2str(error));
    out_cluster->broker_count = metadata->broker_cnt;
    for (size_t i = 0; i < count; i++) {
        out_states[i] = (struct bus_topic_state){.exists = false};
        for (int j = 0; j < metadata->topic_cnt; j++)
            if (strcmp(metadata->topics[j].topic, topics[i]) == 0)
                out_states[i] = state_of(&metadata->topics[j]);
    }
    rd_kafka_metadata_destroy(metadata);
    read_id(bus, wait_ms, out_cluster);
    return STATUS_OK;
}

/* ---- questions to the admin interface ---- */

/* A question on its way. */
struct question {
    rd_kafka_AdminOptions_t *options;
    rd_kafka_queue_t *queue;
    rd_kafka_event_t *answer;
};

static struct question question_begin(struct bus *bus, rd_kafka_admin_op_t operation, int wait_ms)
{
    struct question question = {.options = rd_kafka_AdminOptions_new(bus->producers[0], operation),
                                .queue = rd_kafka_queue_new(bus->producers[0])};

    rd_kafka_AdminOptions_set_request_timeout(question.options, wait_ms, NULL, 0);
    return question;
}

/* Why there is no answer; NULL when there is one. */
static const char *question_wait(struct question *question, int wait_ms)
{
    question->answer = rd_kafka_queue_poll(question->queue, wait_ms + REPLY_ROOM_MS);
    if (question->answer == NULL)
        return "no answer in time";
    if (rd_kafka_event_error(question->answer) != RD_KAFKA_RESP_ERR_NO_ERROR)
        return rd_kafka_event_error_string(question->answer);
    return NULL;
}

static void question_end(struct question *question)
{
    if (question->answer != NULL)
        rd_kafka_event_destroy(question->answer);
    rd_kafka_queue_destroy(question->queue);
    rd_kafka_AdminOptions_destroy(question->options);
}

/* ---- settings ---- */

static void see_settings(const rd_kafka_ConfigResource_t *resource, bus_see_setting see, void *context, char *problem,
                         size_t size)
{
    const char *topic = rd_kafka_ConfigResource_name(resource);
    const rd_kafka_ConfigEntry_t **entries;
    size_t count = 0;

    if (rd_kafka_ConfigResource_error(resource) != RD_KAFKA_RESP_ERR_NO_ERROR) {
        if (problem[0] == '\0')
            snprintf(problem, size, "%s: %s", topic, rd_kafka_ConfigResource_error_string(resource));
        return;
    }
    entries = rd_kafka_ConfigResource_configs(resource, &count);
    for (size_t i = 0; i < count; i++)
        if (rd_kafka_ConfigEntry_value(entries[i]) != NULL)
            see(topic, rd_kafka_ConfigEntry_name(entries[i]), rd_kafka_ConfigEntry_value(entries[i]), context);
}

enum status bus_describe_settings(struct bus *bus, const char *const topics[], size_t count, int wait_ms, bus_see_setting see,
                                  void *context, char *out_problem, size_t size)
{
    rd_kafka_ConfigResource_t *asked[BUS_TOPICS_MAX];
    const rd_kafka_ConfigResource_t **answered = NULL;
    struct question question;
    const char *problem;
    size_t answered_count = 0;

    snprintf(out_problem, size, "too many topics");
    if (count > BUS_TOPICS_MAX)
        return STATUS_UNAVAILABLE;
    question = question_begin(bus, RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS, wait_ms);
    for (size_t i = 0; i < count; i++)
        asked[i] = rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topics[i]);
    rd_kafka_DescribeConfigs(bus->producers[0], asked, count, question.options, question.queue);
    rd_kafka_ConfigResource_destroy_array(asked, count);
    problem = question_wait(&question, wait_ms);
    snprintf(out_problem, size, "%s", problem == NULL ? "" : problem);
    if (problem == NULL)
        answered =
            rd_kafka_DescribeConfigs_result_resources(rd_kafka_event_DescribeConfigs_result(question.answer), &answered_count);
    for (size_t i = 0; i < answered_count; i++)
        see_settings(answered[i], see, context, out_problem, size);
    question_end(&question);
    return problem == NULL ? STATUS_OK : STATUS_UNAVAILABLE;
}

/* ---- groups ---- */

/* Why nobody could be asked about it; NULL when a broker has answered, even if with an error of its own (those are above 0). */
static const char *group_problem(const rd_kafka_ConsumerGroupDescription_t *group)
{
    const rd_kafka_error_t *error = rd_kafka_ConsumerGroupDescription_error(group);

    return error != NULL && rd_kafka_error_code(error) < 0 ? rd_kafka_error_string(error) : NULL;
}

static int members_of(const rd_kafka_ConsumerGroupDescription_t *group)
{
    if (rd_kafka_ConsumerGroupDescription_error(group) != NULL)
        return -1;
    return (int)rd_kafka_ConsumerGroupDescription_member_count(group);
}

enum status bus_describe_groups(struct bus *bus, const char *const groups[], size_t count, int wait_ms, int out_members[])
{
    const char *asked[BUS_TOPICS_MAX];
    const rd_kafka_ConsumerGroupDescription_t **answered = NULL;
    struct question question;
    const char *problem;
    size_t answered_count = 0;

    if (count > BUS_TOPICS_MAX)
        return unavailable(bus, "too many groups");
    memcpy(asked, groups, count * sizeof(*asked));
    question = question_begin(bus, RD_KAFKA_ADMIN_OP_DESCRIBECONSUMERGROUPS, wait_ms);
    rd_kafka_DescribeConsumerGroups(bus->producers[0], asked, count, question.options, question.queue);
    problem = question_wait(&question, wait_ms);
    if (problem == NULL)
        answered = rd_kafka_DescribeConsumerGroups_result_groups(rd_kafka_event_DescribeConsumerGroups_result(question.answer),
                                                                 &answered_count);
    for (size_t i = 0; problem == NULL && i < answered_count; i++)
        problem = group_problem(answered[i]);
    if (problem != NULL)
        bus_set_problem(bus, "%s", problem);
    for (size_t i = 0; problem == NULL && i < count; i++) {
        out_members[i] = -1;
        for (size_t j = 0; j < answered_count; j++)
            if (strcmp(rd_kafka_ConsumerGroupDescription_group_id(answered[j]), groups[i]) == 0)
                out_members[i] = members_of(answered[j]);
    }
    question_end(&question);
    return problem == NULL ? STATUS_OK : STATUS_UNAVAILABLE;
}
