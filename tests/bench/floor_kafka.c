/* floor_kafka.c - the Kafka side: the settings of common/kafka/bus_config.c, the topics of cli/shared/topic_plan.c. */
#include "clock.h"
#include "floor.h"

#include <inttypes.h>
#include <librdkafka/rdkafka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define WAIT_MS 10000
#define RETRY_MS 50
#define FLUSH_MS 100
#define TOPIC_MAX 7
#define HEADERS 8

struct floor_kafka {
    rd_kafka_t *consumer, *producers[TOPIC_MAX]; /* one for each topic, in the order of topic_names */
    rd_kafka_topic_t *topics[TOPIC_MAX];
    rd_kafka_headers_t *headers;
};

static const char *const topic_names[TOPIC_MAX] = {"floor.orders",  "floor.inbox",     "floor.events",     "floor.validator",
                                                   "floor.payment", "floor.inventory", "floor.fulfillment"};

static int topic_number(const char *name)
{
    int i = 0;

    while (strcmp(topic_names[i], name) != 0)
        i++;
    return i;
}

/* ---- configuration ---- */

static void set(rd_kafka_conf_t *config, const char *const pairs[][2], size_t count)
{
    char problem[256];

    for (size_t i = 0; i < count; i++)
        if (rd_kafka_conf_set(config, pairs[i][0], pairs[i][1], problem, sizeof(problem)) != RD_KAFKA_CONF_OK)
            floor_die("%s", problem);
}

static rd_kafka_conf_t *shared_config(const char *bootstrap)
{
    const char *const pairs[][2] = {{"bootstrap.servers", bootstrap}, {"socket.nagle.disable", "true"}, {"log_level", "3"}};
    rd_kafka_conf_t *config = rd_kafka_conf_new();

    set(config, pairs, COUNT_OF(pairs));
    return config;
}

static rd_kafka_t *open_client(rd_kafka_type_t type, rd_kafka_conf_t *config)
{
    char problem[256];
    rd_kafka_t *client = rd_kafka_new(type, config, problem, sizeof(problem));

    if (client == NULL)
        floor_die("%s", problem);
    return client;
}

/* ---- topics ---- */

static rd_kafka_NewTopic_t *new_topic(const char *name)
{
    static const char *const pairs[][2] = {{"message.timestamp.type", "LogAppendTime"},
                                           {"segment.ms", "21600000"},
                                           {"max.message.bytes", "2097152"},
                                           {"flush.messages", "1"}};
    char problem[256];
    rd_kafka_NewTopic_t *topic = rd_kafka_NewTopic_new(name, FLOOR_PARTITIONS, 1, problem, sizeof(problem));

    if (topic == NULL)
        floor_die("%s", problem);
    for (size_t i = 0; i < COUNT_OF(pairs); i++)
        rd_kafka_NewTopic_set_config(topic, pairs[i][0], pairs[i][1]);
    return topic;
}

static void check_created(rd_kafka_event_t *event)
{
    const rd_kafka_topic_result_t **results;
    size_t count;

    if (event == NULL || rd_kafka_event_error(event) != RD_KAFKA_RESP_ERR_NO_ERROR)
        floor_die("the topics could not be created: %s", event == NULL ? "no answer" : rd_kafka_event_error_string(event));
    results = rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event), &count);
    for (size_t i = 0; i < count; i++) {
        rd_kafka_resp_err_t error = rd_kafka_topic_result_error(results[i]);
        if (error != RD_KAFKA_RESP_ERR_NO_ERROR && error != RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS)
            floor_die("%s: %s", rd_kafka_topic_result_name(results[i]), rd_kafka_err2str(error));
    }
}

void floor_make_topics(const char *bootstrap)
{
    rd_kafka_t *client = open_client(RD_KAFKA_PRODUCER, shared_config(bootstrap));
    rd_kafka_queue_t *queue = rd_kafka_queue_new(client);
    rd_kafka_NewTopic_t *topics[TOPIC_MAX];
    rd_kafka_event_t *event;

    for (int i = 0; i < TOPIC_MAX; i++)
        topics[i] = new_topic(topic_names[i]);
    rd_kafka_CreateTopics(client, topics, TOPIC_MAX, NULL, queue);
    event = rd_kafka_queue_poll(queue, WAIT_MS);
    check_created(event);
    rd_kafka_event_destroy(event);
    rd_kafka_NewTopic_destroy_array(topics, TOPIC_MAX);
    rd_kafka_queue_destroy(queue);
    rd_kafka_destroy(client);
}

/* ---- open ---- */

static void on_delivery(rd_kafka_t *client, const rd_kafka_message_t *message, void *opaque)
{
    (void)client;
    (void)opaque;
    if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR)
        floor_die("a record was refused: %s", rd_kafka_err2str(message->err));
}

/* Until the client knows of all topics, a first question or record to one waits or fails. */
static void learn_topics(rd_kafka_t *client, const char *bootstrap)
{
    const struct rd_kafka_metadata *metadata;

    if (rd_kafka_metadata(client, 1, NULL, &metadata, WAIT_MS) != RD_KAFKA_RESP_ERR_NO_ERROR)
        floor_die("Kafka does not answer at %s", bootstrap);
    rd_kafka_metadata_destroy(metadata);
}

static void open_producer(struct floor_kafka *kafka, const char *bootstrap, int topic)
{
    static const char *const pairs[][2] = {{"enable.idempotence", "true"},    {"acks", "all"},    {"message.timeout.ms", "0"},
                                           {"partitioner", "murmur2_random"}, {"linger.ms", "5"}, {"compression.codec", "lz4"}};
    rd_kafka_conf_t *config = shared_config(bootstrap);

    set(config, pairs, COUNT_OF(pairs));
    rd_kafka_conf_set_dr_msg_cb(config, on_delivery);
    kafka->producers[topic] = open_client(RD_KAFKA_PRODUCER, config);
    kafka->topics[topic] = rd_kafka_topic_new(kafka->producers[topic], topic_names[topic], NULL);
    learn_topics(kafka->producers[topic], bootstrap);
}

/* Where a partition ends. One that was just made has no leader for a moment. */
static int64_t end_of(rd_kafka_t *client, const char *topic, int32_t partition)
{
    rd_kafka_resp_err_t error;
    int64_t low, high, end_ms = clock_steady_ms() + WAIT_MS;

    while ((error = rd_kafka_query_watermark_offsets(client, topic, partition, &low, &high, WAIT_MS)) !=
           RD_KAFKA_RESP_ERR_NO_ERROR) {
        if (clock_steady_ms() > end_ms)
            floor_die("%s can't be read: %s", topic, rd_kafka_err2str(error));
        clock_pause_ms(RETRY_MS);
    }
    return high;
}

static void open_consumer(struct floor_kafka *kafka, const char *bootstrap, const char *const topics[])
{
    static const char *const pairs[][2] = {{"enable.auto.offset.store", "false"},
                                           {"auto.commit.interval.ms", "500"},
                                           {"fetch.wait.max.ms", "50"},
                                           {"check.crcs", "true"},
                                           {"queued.max.messages.kbytes", "4096"}};
    rd_kafka_conf_t *config = shared_config(bootstrap);
    rd_kafka_topic_partition_list_t *wanted = rd_kafka_topic_partition_list_new(2 * FLOOR_PARTITIONS);
    char group[48], problem[256];

    snprintf(group, sizeof(group), "floor-%d", (int)getpid());
    set(config, pairs, COUNT_OF(pairs));
    rd_kafka_conf_set(config, "group.id", group, problem, sizeof(problem));
    kafka->consumer = open_client(RD_KAFKA_CONSUMER, config);
    rd_kafka_poll_set_consumer(kafka->consumer);
    learn_topics(kafka->consumer, bootstrap);
    for (size_t i = 0; topics[i] != NULL; i++)
        for (int32_t partition = 0; partition < FLOOR_PARTITIONS; partition++)
            rd_kafka_topic_partition_list_add(wanted, topics[i], partition)->offset =
                end_of(kafka->consumer, topics[i], partition);
    rd_kafka_assign(kafka->consumer, wanted);
    rd_kafka_topic_partition_list_destroy(wanted);
}

/* Names as in common/kafka/trace.c, values as long as there. */
static rd_kafka_headers_t *make_headers(void)
{
    static const char *const pairs[HEADERS][2] = {
        {"content-type", "application/json"},
        {"ce_specversion", "1.0"},
        {"ce_id", "FLOOR-6b062214-002405-0000042/inventory.allocate/1"},
        {"ce_type", "inventory.allocate"},
        {"ce_source", "/orderly/orchestrator"},
        {"ce_time", "2026-01-31T09:30:00.000Z"},
        {"ce_subject", "FLOOR-6b062214-002405-0000042"},
        {"traceparent", "00-78c11e98a3f1cc16b22e258796af1f98-4075336b23714b14-01"},
    };
    rd_kafka_headers_t *headers = rd_kafka_headers_new(HEADERS);

    for (int i = 0; i < HEADERS; i++)
        rd_kafka_header_add(headers, pairs[i][0], -1, pairs[i][1], -1);
    return headers;
}

struct floor_kafka *floor_kafka_open(const char *bootstrap, const char *const sends_to[], const char *const topics[])
{
    struct floor_kafka *kafka = calloc(1, sizeof(*kafka));

    if (kafka == NULL)
        abort();
    kafka->headers = make_headers();
    for (int i = 0; sends_to[i] != NULL; i++)
        open_producer(kafka, bootstrap, topic_number(sends_to[i]));
    if (topics != NULL)
        open_consumer(kafka, bootstrap, topics);
    return kafka;
}

void floor_kafka_close(struct floor_kafka *kafka)
{
    if (kafka->consumer != NULL) {
        rd_kafka_consumer_close(kafka->consumer);
        rd_kafka_destroy(kafka->consumer);
    }
    for (int i = 0; i < TOPIC_MAX; i++) {
        if (kafka->producers[i] == NULL)
            continue;
        rd_kafka_topic_destroy(kafka->topics[i]);
        rd_kafka_destroy(kafka->producers[i]);
    }
    rd_kafka_headers_destroy(kafka->headers);
    free(kafka);
}

/* ---- records ---- */

static struct floor_tag tag_of(const rd_kafka_message_t *message)
{
    char text[FLOOR_TAG_SIZE + 1] = "";
    struct floor_tag tag = {0};

    memcpy(text, message->payload, message->len < FLOOR_TAG_SIZE ? message->len : FLOOR_TAG_SIZE);
    if (sscanf(text, "%zu %d %" SCNd64, &tag.number, &tag.stage, &tag.placed_ms) != 3)
        floor_die("a record without a tag: %s", text);
    return tag;
}

static struct floor_record record_of(rd_kafka_message_t *message)
{
    struct floor_record record = {.tag = tag_of(message),
                                  .timestamp_ms = rd_kafka_message_timestamp(message, NULL),
                                  .is_order = strcmp(rd_kafka_topic_name(message->rkt), topic_names[0]) == 0,
                                  .handle = message};

    if (record.is_order)
        record.tag.placed_ms = record.timestamp_ms;
    return record;
}

size_t floor_poll(struct floor_kafka *kafka, int wait_ms, int fill_ms, struct floor_record out_records[FLOOR_BATCH_MAX])
{
    rd_kafka_message_t *message = rd_kafka_consumer_poll(kafka->consumer, wait_ms);
    int64_t end_ms = clock_steady_ms() + fill_ms;
    size_t count = 0;

    while (message != NULL) {
        int64_t left_ms;
        if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR)
            floor_die("Kafka: %s", rd_kafka_message_errstr(message));
        out_records[count++] = record_of(message);
        left_ms = end_ms - clock_steady_ms();
        message = count < FLOOR_BATCH_MAX ? rd_kafka_consumer_poll(kafka->consumer, left_ms > 0 ? (int)left_ms : 0) : NULL;
    }
    return count;
}

void floor_send(struct floor_kafka *kafka, const char *topic, const char *run, const struct floor_tag *tag, int bytes,
                bool headers)
{
    char value[FLOOR_RECORD_MAX], id[FLOOR_ID_SIZE];
    const int number = topic_number(topic);
    int length = snprintf(value, sizeof(value), "%07zu %d %013" PRId64 " ", tag->number, tag->stage, tag->placed_ms);
    rd_kafka_headers_t *own = headers ? rd_kafka_headers_copy(kafka->headers) : rd_kafka_headers_new(0);
    rd_kafka_vu_t arguments[] = {
        {.vtype = RD_KAFKA_VTYPE_RKT, .u.rkt = kafka->topics[number]},
        {.vtype = RD_KAFKA_VTYPE_MSGFLAGS, .u.i = RD_KAFKA_MSG_F_COPY},
        {.vtype = RD_KAFKA_VTYPE_KEY, .u.mem = {id, 0}},
        {.vtype = RD_KAFKA_VTYPE_VALUE, .u.mem = {value, (size_t)bytes}},
        {.vtype = RD_KAFKA_VTYPE_HEADERS, .u.headers = own},
    };
    rd_kafka_error_t *error;

    memset(value + length, 'x', (size_t)(bytes - length));
    floor_id(id, run, tag->number);
    arguments[2].u.mem.size = strlen(id);
    while ((error = rd_kafka_produceva(kafka->producers[number], arguments, COUNT_OF(arguments))) != NULL) {
        if (rd_kafka_error_code(error) != RD_KAFKA_RESP_ERR__QUEUE_FULL)
            floor_die("%s", rd_kafka_error_string(error));
        rd_kafka_error_destroy(error);
        rd_kafka_poll(kafka->producers[number], 10);
    }
}

void floor_commit(struct floor_kafka *kafka, struct floor_record records[], size_t count)
{
    rd_kafka_topic_partition_list_t *offsets = rd_kafka_topic_partition_list_new(2 * FLOOR_PARTITIONS);

    for (int i = 0; i < TOPIC_MAX; i++)
        while (kafka->producers[i] != NULL && rd_kafka_outq_len(kafka->producers[i]) > 0)
            rd_kafka_flush(kafka->producers[i], FLUSH_MS); /* not held back for more to come */
    for (size_t i = 0; i < count; i++) {
        rd_kafka_message_t *message = records[i].handle;
        const char *topic = rd_kafka_topic_name(message->rkt);
        rd_kafka_topic_partition_t *entry = rd_kafka_topic_partition_list_find(offsets, topic, message->partition);
        if (entry == NULL)
            entry = rd_kafka_topic_partition_list_add(offsets, topic, message->partition);
        entry->offset = message->offset + 1;
        rd_kafka_message_destroy(message);
    }
    if (count > 0)
        rd_kafka_offsets_store(kafka->consumer, offsets);
    rd_kafka_topic_partition_list_destroy(offsets);
}
