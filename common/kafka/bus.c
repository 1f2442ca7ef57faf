#include "bus_internal.h"

#include "clock.h"
#include "names.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define ASK_WAIT_MS 100
#define CLOSE_WAIT_MS 5000

static enum status open_producers(struct bus *bus, const struct bus_options *options, char *problem, size_t size);
static enum status open_consumer(struct bus *bus, const struct bus_options *options, char *problem, size_t size);

void bus_set_problem(struct bus *bus, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(bus->problem, sizeof(bus->problem), format, arguments);
    va_end(arguments);
}

enum status bus_open(const struct bus_options *options, char *problem, size_t size, struct bus **out_bus)
{
    CLEANUP(bus_close) struct bus *bus = calloc(1, sizeof(*bus));

    if (bus == NULL)
        abort();
    bus->batch_max = options->batch_max;
    bus->log = options->log;
    TRY(open_producers(bus, options, problem, size));
    if (options->group_id != NULL)
        TRY(open_consumer(bus, options, problem, size));
    *out_bus = bus;
    bus = NULL;
    return STATUS_OK;
}

void bus_close(struct bus *bus)
{
    if (bus == NULL)
        return;
    alarm(BUS_WATCHDOG_SECONDS); /* SIGALRM ends the process: librdkafka's close is known to hang */
    bus_drop_held(bus);
    free(bus->held);
    bus_flow_end(bus);
    if (bus->consumer != NULL) {
        bus_rounds_wait(bus, CLOSE_WAIT_MS);
        rd_kafka_consumer_close(bus->consumer);
        rd_kafka_destroy(bus->consumer);
    }
    for (size_t i = 0; i < bus->topic_count; i++)
        rd_kafka_topic_destroy(bus->topics[i].handle);
    bus_rounds_forget(bus);
    for (size_t i = 0; i < bus->producer_count; i++) {
        rd_kafka_purge(bus->producers[i], RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
        rd_kafka_poll(bus->producers[i], 0);
        rd_kafka_destroy(bus->producers[i]);
    }
    alarm(0);
    bus_lag_assigned(bus, NULL);
    free(bus);
}

static int partition_count_in(const struct rd_kafka_metadata *metadata, const char *topic)
{
    for (int i = 0; i < metadata->topic_cnt; i++)
        if (strcmp(metadata->topics[i].topic, topic) == 0)
            return metadata->topics[i].partition_cnt;
    return 0;
}

/* A client's metadata are those of the topics that it sends to. */
static enum status warm_up_client(struct bus *bus, rd_kafka_t *producer, int wait_ms)
{
    const struct rd_kafka_metadata *metadata = NULL;
    enum status status = STATUS_OK;
    rd_kafka_resp_err_t error = rd_kafka_metadata(producer, 0, NULL, &metadata, wait_ms);

    if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
        bus_set_problem(bus, "no metadata: %s", rd_kafka_err2str(error));
        return STATUS_UNAVAILABLE;
    }
    for (size_t i = 0; i < bus->topic_count; i++) {
        struct bus_topic *topic = &bus->topics[i];
        if (topic->producer != producer)
            continue;
        topic->partition_count = partition_count_in(metadata, topic->name);
        if (topic->partition_count == 0) {
            bus_set_problem(bus, "there is no topic %s (orderly topics create)", topic->name);
            status = STATUS_NOT_FOUND;
        }
    }
    rd_kafka_metadata_destroy(metadata);
    return status;
}

enum status bus_warm_up(struct bus *bus, int wait_ms)
{
    for (size_t i = 0; i < bus->producer_count; i++)
        TRY(warm_up_client(bus, bus->producers[i], wait_ms));
    bus->brokers_down = false;
    return STATUS_OK;
}

/* Partitions that are added while all runs make the group share them out anew: what was counted before then is wrong. Without an
 * answer the next poll asks again. */
void bus_count_again(struct bus *bus)
{
    for (size_t i = 0; i < bus->producer_count; i++)
        if (warm_up_client(bus, bus->producers[i], ASK_WAIT_MS) == STATUS_UNAVAILABLE)
            return;
    bus->counted = bus->assignments;
}

bool bus_is_joined(const struct bus *bus) { return bus->joined && !bus->brokers_down; }

size_t bus_assignments(const struct bus *bus) { return bus->assignments; }

const char *bus_problem(const struct bus *bus) { return bus->problem; }

/* ---- opening ---- */

static bool add_topic(struct bus *bus, rd_kafka_t *producer, const char *name, const char *ending, size_t bytes_max)
{
    struct bus_topic *topic;
    char full_name[sizeof(topic->name)];

    if (bus->topic_count == BUS_TOPICS_MAX)
        return false;
    snprintf(full_name, sizeof(full_name), "%s%s", name, ending);
    topic = &bus->topics[bus->topic_count];
    snprintf(topic->name, sizeof(topic->name), "%s", full_name);
    topic->bytes_max = bytes_max;
    topic->producer = producer;
    topic->handle = rd_kafka_topic_new(producer, full_name, NULL);
    if (topic->handle == NULL)
        return false;
    bus->topic_count++;
    return true;
}

static enum status open_producer(struct bus *bus, const struct bus_options *options, char *problem, size_t size)
{
    rd_kafka_conf_t *config = bus_producer_config(options, bus, problem, size);
    rd_kafka_t *producer;

    if (config == NULL)
        return STATUS_BAD_MESSAGE;
    producer = rd_kafka_new(RD_KAFKA_PRODUCER, config, problem, size);
    if (producer == NULL) {
        rd_kafka_conf_destroy(config);
        return STATUS_BAD_MESSAGE;
    }
    bus->producers[bus->producer_count++] = producer;
    return STATUS_OK;
}

static enum status add_topic_of(struct bus *bus, rd_kafka_t *producer, const char *name, const char *ending, size_t bytes_max,
                                char *problem, size_t size)
{
    if (add_topic(bus, producer, name, ending, bytes_max))
        return STATUS_OK;
    snprintf(problem, size, "too many topics, or a bad name among them");
    return STATUS_BAD_MESSAGE;
}

static enum status open_producers(struct bus *bus, const struct bus_options *options, char *problem, size_t size)
{
    TRY(open_producer(bus, options, problem, size));
    for (size_t i = 0; options->sends_to != NULL && options->sends_to[i] != NULL; i++) {
        if (i > 0 && i < BUS_TOPICS_MAX)
            TRY(open_producer(bus, options, problem, size));
        TRY(add_topic_of(bus, bus->producers[bus->producer_count - 1], options->sends_to[i], "", BUS_RECORD_MAX, problem, size));
    }
    for (size_t i = 0; options->topics != NULL && options->topics[i] != NULL; i++)
        TRY(add_topic_of(bus, bus->producers[0], options->topics[i], DEAD_LETTER_ENDING, BUS_RECORD_MAX + BUS_BURIED_ROOM,
                         problem, size));
    return STATUS_OK;
}

static enum status open_consumer(struct bus *bus, const struct bus_options *options, char *problem, size_t size)
{
    rd_kafka_conf_t *config = bus_consumer_config(options, bus, problem, size);
    rd_kafka_topic_partition_list_t *topics;
    rd_kafka_resp_err_t error;

    if (config == NULL)
        return STATUS_BAD_MESSAGE;
    bus->consumer = rd_kafka_new(RD_KAFKA_CONSUMER, config, problem, size);
    if (bus->consumer == NULL) {
        rd_kafka_conf_destroy(config);
        return STATUS_BAD_MESSAGE;
    }
    rd_kafka_poll_set_consumer(bus->consumer);
    topics = rd_kafka_topic_partition_list_new(BUS_TOPICS_MAX);
    for (size_t i = 0; options->topics[i] != NULL; i++)
        rd_kafka_topic_partition_list_add(topics, options->topics[i], RD_KAFKA_PARTITION_UA);
    error = rd_kafka_subscribe(bus->consumer, topics);
    rd_kafka_topic_partition_list_destroy(topics);
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR)
        snprintf(problem, size, "can't subscribe: %s", rd_kafka_err2str(error));
    return error == RD_KAFKA_RESP_ERR_NO_ERROR ? STATUS_OK : STATUS_BAD_MESSAGE;
}

/* ---- callbacks: all run inside a poll, in the loop's own thread; that of rebalances is in bus_poll.c ---- */

bool bus_broker_clocks(struct bus *bus, int64_t *out_lowest_ms, int64_t *out_highest_ms)
{
    if (!bus->dated)
        return false;
    bus->dated = false;
    *out_lowest_ms = bus->lowest_ahead_ms;
    *out_highest_ms = bus->highest_ahead_ms;
    return true;
}

/* The answer to what was sent carries the broker's time, when it is the broker that dates the records of the topic. */
static void note_broker_clock(struct bus *bus, const rd_kafka_message_t *message)
{
    rd_kafka_timestamp_type_t dated_by = RD_KAFKA_TIMESTAMP_NOT_AVAILABLE;
    int64_t ahead_ms = rd_kafka_message_timestamp(message, &dated_by);

    if (dated_by != RD_KAFKA_TIMESTAMP_LOG_APPEND_TIME || ahead_ms <= 0)
        return;
    ahead_ms -= clock_running_ms();
    bus->lowest_ahead_ms = bus->dated && bus->lowest_ahead_ms < ahead_ms ? bus->lowest_ahead_ms : ahead_ms;
    bus->highest_ahead_ms = bus->dated && bus->highest_ahead_ms > ahead_ms ? bus->highest_ahead_ms : ahead_ms;
    bus->dated = true;
}

void bus_on_delivery(rd_kafka_t *client, const rd_kafka_message_t *message, void *opaque)
{
    struct bus *bus = opaque;

    (void)client;
    bus->in_flight--;
    bus->bytes_in_flight -= message->len + message->key_len;
    ((struct bus_round *)message->_private)->in_flight--;
    if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
        bus->brokers_down = false;
        note_broker_clock(bus, message);
        return;
    }
    bus->refused++;
    bus_set_problem(bus, "a record for %s was refused: %s", rd_kafka_topic_name(message->rkt), rd_kafka_err2str(message->err));
}

void bus_on_error(rd_kafka_t *client, int error, const char *reason, void *opaque)
{
    struct bus *bus = opaque;

    (void)client;
    bus_set_problem(bus, "%s: %s", rd_kafka_err2name((rd_kafka_resp_err_t)error), reason);
    if (error == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN)
        bus->brokers_down = true;
    if (error == RD_KAFKA_RESP_ERR__FATAL)
        bus->fatal = true;
}

void bus_on_log(const rd_kafka_t *client, int level, const char *facility, const char *line)
{
    const struct bus *bus = rd_kafka_opaque(client);

    if (bus->log != NULL)
        bus->log(level, facility, line);
}
