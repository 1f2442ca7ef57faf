#include "bus_reader.h"

#include "bus_internal.h"
#include "clock.h"

#include <stdlib.h>
#include <unistd.h>

#define LEADER_STEP_MS                                                                                                           \
    100 /* between two questions while a partition has no leader: a topic was just made, or a broker went down */
#define NO_GROUP "orderly-reader" /* librdkafka wants a name; nothing is ever committed under it */

struct bus_reader {
    struct bus bus; /* what the callbacks of bus.c write to: the last problem */
    bool has_group;
};

enum status bus_reader_open(const struct bus_options *options, char *problem, size_t size, struct bus_reader **out_reader)
{
    CLEANUP(bus_reader_close) struct bus_reader *reader = calloc(1, sizeof(*reader));
    struct bus_options own = *options;
    rd_kafka_conf_t *config;

    if (reader == NULL)
        abort();
    reader->has_group = options->group_id != NULL;
    own.group_id = reader->has_group ? options->group_id : NO_GROUP;
    own.instance_id = NULL; /* never to be taken for the member of that name */
    config = bus_consumer_config(&own, &reader->bus, problem, size);
    if (config == NULL)
        return STATUS_BAD_MESSAGE;
    if (rd_kafka_conf_set(config, "enable.auto.commit", "false", problem, size) == RD_KAFKA_CONF_OK)
        reader->bus.consumer = rd_kafka_new(RD_KAFKA_CONSUMER, config, problem, size);
    if (reader->bus.consumer == NULL) {
        rd_kafka_conf_destroy(config);
        return STATUS_BAD_MESSAGE;
    }
    rd_kafka_poll_set_consumer(reader->bus.consumer);
    *out_reader = reader;
    reader = NULL;
    return STATUS_OK;
}

void bus_reader_close(struct bus_reader *reader)
{
    if (reader == NULL)
        return;
    alarm(BUS_WATCHDOG_SECONDS); /* as in bus_close() */
    if (reader->bus.consumer != NULL) {
        rd_kafka_consumer_close(reader->bus.consumer);
        rd_kafka_destroy(reader->bus.consumer);
    }
    alarm(0);
    free(reader);
}

const char *bus_reader_problem(const struct bus_reader *reader) { return reader->bus.problem; }

static enum status failed(struct bus_reader *reader, const char *topic, rd_kafka_resp_err_t error)
{
    bus_set_problem(&reader->bus, "%s: %s", topic, rd_kafka_err2str(error));
    return error == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART ? STATUS_NOT_FOUND : STATUS_UNAVAILABLE;
}

/* ---- spans ---- */

static enum status count_partitions(struct bus_reader *reader, const char *topic, int wait_ms, int *out_count)
{
    const struct rd_kafka_metadata *metadata;
    rd_kafka_resp_err_t error = rd_kafka_metadata(reader->bus.consumer, 1, NULL, &metadata, wait_ms);

    if (error != RD_KAFKA_RESP_ERR_NO_ERROR)
        return failed(reader, topic, error);
    *out_count = 0;
    for (int i = 0; i < metadata->topic_cnt; i++)
        if (strcmp(metadata->topics[i].topic, topic) == 0)
            *out_count = metadata->topics[i].partition_cnt;
    rd_kafka_metadata_destroy(metadata);
    if (*out_count == 0 || *out_count > BUS_PARTITIONS_MAX)
        return failed(reader, topic, RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
    return STATUS_OK;
}

static enum status read_committed(struct bus_reader *reader, const char *topic, int wait_ms, struct bus_span spans[],
                                  size_t count)
{
    rd_kafka_topic_partition_list_t *offsets = rd_kafka_topic_partition_list_new((int)count);
    rd_kafka_resp_err_t error;

    for (size_t i = 0; i < count; i++)
        rd_kafka_topic_partition_list_add(offsets, topic, spans[i].partition);
    error = rd_kafka_committed(reader->bus.consumer, offsets, wait_ms);
    for (int i = 0; error == RD_KAFKA_RESP_ERR_NO_ERROR && i < offsets->cnt; i++)
        spans[i].committed = offsets->elems[i].offset < 0 ? -1 : offsets->elems[i].offset;
    rd_kafka_topic_partition_list_destroy(offsets);
    return error == RD_KAFKA_RESP_ERR_NO_ERROR ? STATUS_OK : failed(reader, topic, error);
}

static bool is_without_leader(rd_kafka_resp_err_t error)
{
    return error == RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION || error == RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE ||
           error == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART || error == RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION;
}

/* What one partition holds; asks again while it has no leader. */
static rd_kafka_resp_err_t read_span(struct bus_reader *reader, const char *topic, int wait_ms, struct bus_span *span)
{
    rd_kafka_resp_err_t error;

    for (int waited_ms = 0;; waited_ms += LEADER_STEP_MS) {
        error = rd_kafka_query_watermark_offsets(reader->bus.consumer, topic, span->partition, &span->low, &span->high, wait_ms);
        if (!is_without_leader(error) || waited_ms >= wait_ms)
            return error;
        clock_pause_ms(LEADER_STEP_MS);
    }
}

enum status bus_reader_spans(struct bus_reader *reader, const char *topic, int wait_ms, struct bus_span out_spans[],
                             size_t *out_count)
{
    int count = 0;

    TRY(count_partitions(reader, topic, wait_ms, &count));
    for (int i = 0; i < count; i++) {
        struct bus_span span = {.partition = i, .committed = -1};
        rd_kafka_resp_err_t error = read_span(reader, topic, wait_ms, &span);
        if (error != RD_KAFKA_RESP_ERR_NO_ERROR)
            return failed(reader, topic, error);
        out_spans[i] = span;
    }
    *out_count = (size_t)count;
    return reader->has_group ? read_committed(reader, topic, wait_ms, out_spans, *out_count) : STATUS_OK;
}

enum status bus_reader_since(struct bus_reader *reader, const char *topic, int64_t since_ms, int wait_ms, struct bus_span spans[],
                             size_t count)
{
    rd_kafka_topic_partition_list_t *times = rd_kafka_topic_partition_list_new((int)count);
    rd_kafka_resp_err_t error;

    for (size_t i = 0; i < count; i++)
        rd_kafka_topic_partition_list_add(times, topic, spans[i].partition)->offset = since_ms;
    error = rd_kafka_offsets_for_times(reader->bus.consumer, times, wait_ms);
    for (size_t i = 0; error == RD_KAFKA_RESP_ERR_NO_ERROR && i < count; i++) {
        const rd_kafka_topic_partition_t *found = &times->elems[i];
        if (found->err != RD_KAFKA_RESP_ERR_NO_ERROR)
            error = found->err;
        else if (found->offset < 0 || found->offset > spans[i].high) /* RD_KAFKA_OFFSET_END: nothing is that new */
            spans[i].low = spans[i].high;
        else if (found->offset > spans[i].low)
            spans[i].low = found->offset;
    }
    rd_kafka_topic_partition_list_destroy(times);
    return error == RD_KAFKA_RESP_ERR_NO_ERROR ? STATUS_OK : failed(reader, topic, error);
}

/* ---- scan ---- */

/* What is still to be read of each partition. */
struct scan {
    const struct bus_span *spans;
    size_t span_count;
    int64_t next[BUS_PARTITIONS_MAX]; /* by the number of the span */
    size_t open;                      /* spans that have not been read to their end */
};

static void pass(struct scan *scan, size_t i, int64_t next)
{
    bool was_open = scan->next[i] < scan->spans[i].high;

    scan->next[i] = next;
    if (was_open && next >= scan->spans[i].high)
        scan->open--;
}

static enum status show(struct scan *scan, const rd_kafka_message_t *message, bus_see see, void *context)
{
    for (size_t i = 0; i < scan->span_count; i++) {
        struct record record;
        if (scan->spans[i].partition != message->partition)
            continue;
        if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF || message->offset >= scan->spans[i].high) {
            pass(scan, i, scan->spans[i].high); /* what retention took away meanwhile is not missing */
            return STATUS_OK;
        }
        record = bus_record_of(message);
        pass(scan, i, message->offset + 1);
        return see(&record, context);
    }
    return STATUS_OK;
}

static enum status read_on(struct bus_reader *reader, struct scan *scan, const char *topic, int wait_ms, bus_see see,
                           void *context)
{
    while (scan->open > 0) {
        rd_kafka_message_t *message = rd_kafka_consumer_poll(reader->bus.consumer, wait_ms);
        enum status status;
        if (message == NULL)
            return failed(reader, topic, RD_KAFKA_RESP_ERR__TIMED_OUT);
        if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR || message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
            status = show(scan, message, see, context);
        } else {
            bus_set_problem(&reader->bus, "%s: %s", topic, rd_kafka_message_errstr(message));
            status = message->err == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART ? STATUS_NOT_FOUND : STATUS_OK;
        }
        rd_kafka_message_destroy(message);
        TRY(status);
    }
    return STATUS_OK;
}

enum status bus_reader_scan(struct bus_reader *reader, const char *topic, const struct bus_span spans[], size_t count,
                            int wait_ms, bus_see see, void *context)
{
    rd_kafka_topic_partition_list_t *wanted = rd_kafka_topic_partition_list_new((int)count);
    struct scan scan = {.spans = spans, .span_count = count};
    enum status status = STATUS_OK;

    for (size_t i = 0; i < count; i++) {
        scan.next[i] = spans[i].low;
        if (spans[i].low >= spans[i].high)
            continue;
        rd_kafka_topic_partition_list_add(wanted, topic, spans[i].partition)->offset = spans[i].low;
        scan.open++;
    }
    if (scan.open > 0) {
        rd_kafka_assign(reader->bus.consumer, wanted);
        status = read_on(reader, &scan, topic, wait_ms, see, context);
        rd_kafka_assign(reader->bus.consumer, NULL);
    }
    rd_kafka_topic_partition_list_destroy(wanted);
    return status;
}

/* ---- follow ---- */

void bus_reader_follow(struct bus_reader *reader, const char *topic, const struct bus_span spans[], size_t count)
{
    rd_kafka_topic_partition_list_t *wanted = rd_kafka_topic_partition_list_new((int)count);

    for (size_t i = 0; i < count; i++)
        rd_kafka_topic_partition_list_add(wanted, topic, spans[i].partition)->offset = spans[i].high;
    rd_kafka_assign(reader->bus.consumer, wanted);
    rd_kafka_topic_partition_list_destroy(wanted);
}

enum status bus_reader_next(struct bus_reader *reader, int wait_ms, bus_see see, void *context)
{
    rd_kafka_message_t *message = rd_kafka_consumer_poll(reader->bus.consumer, wait_ms);
    enum status status = STATUS_OK;

    for (int seen = 1; message != NULL; seen++) {
        if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
            struct record record = bus_record_of(message);
            status = see(&record, context);
        } else if (message->err != RD_KAFKA_RESP_ERR__PARTITION_EOF) {
            bus_set_problem(&reader->bus, "%s", rd_kafka_message_errstr(message));
        }
        rd_kafka_message_destroy(message);
        message = status == STATUS_OK && seen < BUS_FOLLOWED_MAX ? rd_kafka_consumer_poll(reader->bus.consumer, 0) : NULL;
    }
    return status;
}
