#include "bus_internal.h"
#include "clock.h"
#include "names.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define ASK_WAIT_MS 100
#define BATCH_BYTES_MAX ((size_t)1024 * 1024) /* of keys and values: what is read from a byte may take thirty */
#define SILENCE_MS 50 /* a poll that waited so long and got nothing tells that nothing waits: longer than an answer to a fetch takes */
#define REVOKE_WAIT_MS 2000 /* for the broker's word on what is under way, before the partitions go to another member */
#define CLOSE_WAIT_MS 5000

static enum status open_producers(struct bus *bus, const struct bus_options *options, char *problem, size_t size);
static enum status open_consumer(struct bus *bus, const struct bus_options *options, char *problem, size_t size);
static void pause_all(struct bus *bus, bool paused);
static void hold_message(struct bus *bus, rd_kafka_message_t *message);
static void check_brokers(struct bus *bus);
static bool take_message(struct bus *bus, rd_kafka_message_t *message, struct record *out_record);

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

/* Partitions that are added while all runs make the group share them out anew: what was counted before then is wrong. Without an answer the next
 * poll asks again. */
static void count_again(struct bus *bus)
{
    for (size_t i = 0; i < bus->producer_count; i++)
        if (warm_up_client(bus, bus->producers[i], ASK_WAIT_MS) == STATUS_UNAVAILABLE)
            return;
    bus->counted = bus->assignments;
}

bool bus_is_joined(const struct bus *bus)
{
    return bus->joined && !bus->brokers_down;
}

size_t bus_assignments(const struct bus *bus)
{
    return bus->assignments;
}

const char *bus_problem(const struct bus *bus)
{
    return bus->problem;
}

/* What came while everything was paused, then what the client has. */
static rd_kafka_message_t *arrived_message(struct bus *bus, int wait_ms)
{
    if (bus->held_next < bus->held_count)
        return bus->held[bus->held_next++];
    bus->held_next = bus->held_count = 0;
    return rd_kafka_consumer_poll(bus->consumer, wait_ms);
}

static rd_kafka_message_t *next_message(struct bus *bus, int wait_ms)
{
    rd_kafka_message_t *message = bus_flow_next(bus);

    while (message == NULL) {
        message = arrived_message(bus, wait_ms);
        if (message == NULL || !bus_flow_puts_aside(bus, message))
            return message;
        message = NULL;
        wait_ms = 0;
    }
    return message;
}

enum status bus_poll(struct bus *bus, int wait_ms, struct record out_records[], size_t *out_count)
{
    rd_kafka_message_t *message;
    size_t count = 0, bytes = 0;

    if (bus->paused)
        pause_all(bus, false);
    bus_serve_producers(bus);
    if (bus->counted != bus->assignments && !bus->brokers_down)
        count_again(bus);
    message = next_message(bus, wait_ms);
    if (message == NULL && wait_ms >= SILENCE_MS && bus->joined && !bus->brokers_down)
        bus_flow_note_silence(bus);
    while (message != NULL) {
        if (take_message(bus, message, &out_records[count])) {
            bytes += out_records[count].key.length + out_records[count].value.length;
            count++;
        }
        message = count < bus->batch_max && bytes < BATCH_BYTES_MAX ? next_message(bus, 0) : NULL;
    }
    if (count == 0 && bus->brokers_down)
        check_brokers(bus);
    *out_count = count;
    return bus->fatal ? STATUS_FATAL : STATUS_OK;
}

enum status bus_idle(struct bus *bus, int wait_ms)
{
    rd_kafka_message_t *message;

    if (!bus->paused)
        pause_all(bus, true);
    bus_serve_producers(bus);
    message = rd_kafka_consumer_poll(bus->consumer, wait_ms);
    if (message != NULL && (message->err == RD_KAFKA_RESP_ERR_NO_ERROR || bus_is_end(message))) {
        hold_message(bus, message);
    } else if (message != NULL) {
        bus_on_error(bus->consumer, (int)message->err, rd_kafka_message_errstr(message), bus);
        rd_kafka_message_destroy(message);
    }
    return bus->fatal ? STATUS_FATAL : STATUS_OK;
}

void bus_release(struct bus *bus, struct record records[], size_t count)
{
    (void)bus;
    for (size_t i = 0; i < count; i++)
        rd_kafka_message_destroy((rd_kafka_message_t *)(uintptr_t)records[i].handle);
}

bool record_header(const struct record *record, const char *name, struct text *out_value)
{
    rd_kafka_headers_t *headers;
    const void *value;
    size_t size;

    if (record->handle == NULL || rd_kafka_message_headers(record->handle, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR ||
        rd_kafka_header_get_last(headers, name, &value, &size) != RD_KAFKA_RESP_ERR_NO_ERROR)
        return false;
    *out_value = (struct text){value, size};
    return true;
}

const struct header *record_headers(struct arena *arena, const struct record *record, size_t *out_count)
{
    rd_kafka_headers_t *headers;
    struct header *all;
    const char *name;
    const void *value;
    size_t size;

    *out_count = 0;
    if (record->handle == NULL || rd_kafka_message_headers(record->handle, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR)
        return NULL;
    all = arena_take(arena, rd_kafka_header_cnt(headers) * sizeof(*all));
    while (rd_kafka_header_get_all(headers, *out_count, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR)
        all[(*out_count)++] = (struct header){text_of(name), {value, size}};
    return all;
}

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
        TRY(add_topic_of(bus, bus->producers[0], options->topics[i], DEAD_LETTER_ENDING, BUS_RECORD_MAX + BUS_BURIED_ROOM, problem, size));
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

/* ---- reading ---- */

/* Makes a record of a message. False: it was the client's own word, about an error or a partition's end, and is gone. */
static bool take_message(struct bus *bus, rd_kafka_message_t *message, struct record *out_record)
{
    int64_t timestamp_ms;

    if (bus_is_end(message))
        bus_flow_note_end(bus, message);
    else if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR)
        bus_on_error(bus->consumer, (int)message->err, rd_kafka_message_errstr(message), bus);
    if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
        rd_kafka_message_destroy(message);
        return false;
    }
    bus->brokers_down = false;
    bus_flow_note(bus, message);
    timestamp_ms = rd_kafka_message_timestamp(message, NULL);
    *out_record = (struct record){
        .topic = text_of(rd_kafka_topic_name(message->rkt)),
        .partition = message->partition,
        .offset = message->offset,
        .timestamp_ms = timestamp_ms < 0 ? 0 : timestamp_ms,
        .key = {message->key, message->key_len},
        .value = {message->payload, message->len},
        .handle = message,
        .tenure = bus->tenure,
    };
    return true;
}

/* A pause does not call back what was on its way already. */
static void hold_message(struct bus *bus, rd_kafka_message_t *message)
{
    bus->held = realloc(bus->held, (bus->held_count + 1) * sizeof(*bus->held));
    if (bus->held == NULL)
        abort();
    bus->held[bus->held_count++] = message;
}

static void pause_all(struct bus *bus, bool paused)
{
    rd_kafka_topic_partition_list_t *assigned = NULL, *others;

    bus->paused = paused;
    if (rd_kafka_assignment(bus->consumer, &assigned) != RD_KAFKA_RESP_ERR_NO_ERROR)
        return;
    others = bus->flow.paused ? bus_flow_partitions(bus, assigned, false) : rd_kafka_topic_partition_list_copy(assigned);
    if (paused)
        rd_kafka_pause_partitions(bus->consumer, others);
    else
        rd_kafka_resume_partitions(bus->consumer, others);
    rd_kafka_topic_partition_list_destroy(others);
    rd_kafka_topic_partition_list_destroy(assigned);
}

/* librdkafka says when all brokers are down but not when one is back: ask. */
static void check_brokers(struct bus *bus)
{
    const struct rd_kafka_metadata *metadata;

    if (rd_kafka_metadata(bus->consumer, 0, NULL, &metadata, ASK_WAIT_MS) != RD_KAFKA_RESP_ERR_NO_ERROR)
        return;
    rd_kafka_metadata_destroy(metadata);
    bus->brokers_down = false;
}

/* Whoever has the partitions next reads them: to hand them out now would be too late. */
void bus_drop_held(struct bus *bus)
{
    for (size_t i = bus->held_next; i < bus->held_count; i++)
        rd_kafka_message_destroy(bus->held[i]);
    bus->held_next = bus->held_count = 0;
}

/* ---- callbacks: all run inside a poll, in the loop's own thread ---- */

void bus_on_rebalance(rd_kafka_t *client, rd_kafka_resp_err_t error, rd_kafka_topic_partition_list_t *partitions, void *opaque)
{
    struct bus *bus = opaque;

    if (error == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
        rd_kafka_assign(client, partitions);
        if (bus->paused)
            rd_kafka_pause_partitions(client, partitions);
        bus_lag_assigned(bus, partitions);
        bus_rounds_disown(bus);
        bus->assignments++;
        bus->joined = true;
        return;
    }
    /* What was handled must not be handled by the next owner again only because the commit was late. */
    if (!rd_kafka_assignment_lost(client)) {
        bus_rounds_wait(bus, REVOKE_WAIT_MS);
        rd_kafka_commit(client, NULL, 0);
    }
    bus_rounds_disown(bus);
    bus_flow_revoke(bus, partitions);
    bus_drop_held(bus);
    rd_kafka_assign(client, NULL);
    bus_lag_assigned(bus, NULL);
    bus->joined = false;
}

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
