/* bus_poll.c - taking records: polling, holding and pausing, and what becomes of all that when partitions come and go. */
#include "bus_internal.h"

#include <stdlib.h>

#define ASK_WAIT_MS 100
#define BATCH_BYTES_MAX ((size_t)1024 * 1024) /* of keys and values: what is read from a byte may take thirty */
#define SILENCE_MS                                                                                                               \
    50 /* a poll that waited so long and got nothing tells that nothing waits: longer than an answer to a fetch takes */
#define REVOKE_WAIT_MS 2000 /* for the broker's word on what is under way, before the partitions go to another member */

/* ---- pausing and holding ---- */

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

/* Whoever has the partitions next reads them: to hand them out now would be too late. */
void bus_drop_held(struct bus *bus)
{
    for (size_t i = bus->held_next; i < bus->held_count; i++)
        rd_kafka_message_destroy(bus->held[i]);
    bus->held_next = bus->held_count = 0;
}

/* ---- polling ---- */

/* Makes a record of a message. False: it was the client's own word, about an error or a partition's end, and is gone. */
static bool take_message(struct bus *bus, rd_kafka_message_t *message, struct record *out_record)
{
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
    *out_record = bus_record_of(message);
    out_record->tenure = bus->tenure;
    return true;
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
        bus_count_again(bus);
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

/* ---- partitions come and go ---- */

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

void bus_rewind(struct bus *bus)
{
    rd_kafka_topic_partition_list_t *assigned = NULL;

    bus_rounds_forget(bus);
    bus_rounds_disown(bus);
    rd_kafka_commit(bus->consumer, NULL, 0);
    if (rd_kafka_assignment(bus->consumer, &assigned) != RD_KAFKA_RESP_ERR_NO_ERROR)
        return;
    bus_flow_revoke(bus, assigned);
    bus_drop_held(bus);
    for (int i = 0; i < assigned->cnt; i++)
        assigned->elems[i].offset = RD_KAFKA_OFFSET_INVALID; /* from what is committed */
    rd_kafka_assign(bus->consumer, assigned);
    if (bus->paused)
        rd_kafka_pause_partitions(bus->consumer, assigned);
    rd_kafka_topic_partition_list_destroy(assigned);
}
