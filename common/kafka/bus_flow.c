/* bus_flow.c - what comes first: how far a topic has been read, and holding one topic back while others go on. */
#include "bus_internal.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#define WAITING_BYTES_MAX ((size_t)1024 * 1024) /* of the limited topic in memory: a batch has no more, either */

/* ---- how far each partition has been handed out ----
 * rd_kafka_position() may still tell of an earlier assignment: what is not known here counts as read, and is known with the first
 * record. */

static struct bus_position *position_of(struct bus *bus, const rd_kafka_message_t *message)
{
    struct bus_flow *flow = &bus->flow;

    for (size_t i = 0; i < flow->position_count; i++) {
        size_t place = (flow->last_position + i) % flow->position_count; /* most often the same partition as before */
        if (flow->positions[place].topic == message->rkt && flow->positions[place].partition == message->partition) {
            flow->last_position = place;
            return &flow->positions[place];
        }
    }
    flow->positions = realloc(flow->positions, (flow->position_count + 1) * sizeof(*flow->positions));
    if (flow->positions == NULL)
        abort();
    flow->last_position = flow->position_count;
    flow->positions[flow->position_count] = (struct bus_position){.topic = message->rkt,
                                                                  .partition = message->partition,
                                                                  .next = BUS_NOWHERE,
                                                                  .handled = BUS_NOWHERE,
                                                                  .end = BUS_NOWHERE,
                                                                  .silent = BUS_NOWHERE};
    return &flow->positions[flow->position_count++];
}

static int64_t later(int64_t a, int64_t b) { return a > b ? a : b; }

/* Where a partition ends, as the client has heard last; BUS_NOWHERE: not known. */
static int64_t high_of(const struct bus *bus, const struct bus_position *position)
{
    int64_t low, high;

    if (rd_kafka_get_watermark_offsets(bus->consumer, rd_kafka_topic_name(position->topic), position->partition, &low, &high) !=
        RD_KAFKA_RESP_ERR_NO_ERROR)
        return BUS_NOWHERE;
    return high;
}

int64_t bus_backlog(const struct bus *bus, const char *topic)
{
    int64_t backlog = 0;

    for (size_t i = 0; i < bus->flow.position_count; i++) {
        const struct bus_position *position = &bus->flow.positions[i];
        int64_t reached = later(later(position->next, position->end), position->silent), high;
        if (reached == BUS_NOWHERE || strcmp(rd_kafka_topic_name(position->topic), topic) != 0)
            continue;
        high = high_of(bus, position);
        backlog += high > reached ? high - reached : 0;
    }
    return backlog;
}

/* ---- holding a topic back ---- */

static bool is_limited(const struct bus *bus, const char *topic) { return strcmp(bus->flow.topic, topic) == 0; }

rd_kafka_topic_partition_list_t *bus_flow_partitions(const struct bus *bus, const rd_kafka_topic_partition_list_t *all,
                                                     bool limited)
{
    rd_kafka_topic_partition_list_t *chosen = rd_kafka_topic_partition_list_new(all->cnt);

    for (int i = 0; i < all->cnt; i++)
        if (is_limited(bus, all->elems[i].topic) == limited)
            rd_kafka_topic_partition_list_add(chosen, all->elems[i].topic, all->elems[i].partition);
    return chosen;
}

/* Resuming what is not paused would lose records that are in the client's queue: it is done once, and only to these. */
static void pause_limited(struct bus *bus, bool paused)
{
    rd_kafka_topic_partition_list_t *assigned = NULL, *limited;

    bus->flow.paused = paused;
    if (bus->paused || rd_kafka_assignment(bus->consumer, &assigned) != RD_KAFKA_RESP_ERR_NO_ERROR)
        return;
    limited = bus_flow_partitions(bus, assigned, true);
    if (paused)
        rd_kafka_pause_partitions(bus->consumer, limited);
    else
        rd_kafka_resume_partitions(bus->consumer, limited);
    rd_kafka_topic_partition_list_destroy(limited);
    rd_kafka_topic_partition_list_destroy(assigned);
}

static bool has_waiting(const struct bus *bus) { return bus->flow.waiting_next < bus->flow.waiting_count; }

void bus_limit(struct bus *bus, const char *topic, size_t records)
{
    struct bus_flow *flow = &bus->flow;

    assert(flow->topic[0] == '\0' || is_limited(bus, topic));
    snprintf(flow->topic, sizeof(flow->topic), "%s", topic);
    flow->room = records;
}

static void use_room(struct bus *bus)
{
    if (bus->flow.room != BUS_UNLIMITED)
        bus->flow.room--;
}

rd_kafka_message_t *bus_flow_next(struct bus *bus)
{
    if (bus->flow.room == 0)
        return NULL;
    if (!has_waiting(bus)) {
        if (bus->flow.paused)
            pause_limited(bus, false);
        return NULL;
    }
    if (!bus_is_end(bus->flow.waiting[bus->flow.waiting_next]))
        use_room(bus);
    bus->flow.waiting_bytes -= bus_message_bytes(bus->flow.waiting[bus->flow.waiting_next]);
    return bus->flow.waiting[bus->flow.waiting_next++];
}

static bool is_enough(const struct bus *bus)
{
    return bus->flow.waiting_count - bus->flow.waiting_next >= bus->batch_max || bus->flow.waiting_bytes >= WAITING_BYTES_MAX;
}

/* Fetching stops only when a whole batch waits: a pause throws away what the client has fetched already. */
static void put_aside(struct bus *bus, rd_kafka_message_t *message)
{
    struct bus_flow *flow = &bus->flow;

    if (!has_waiting(bus))
        flow->waiting_next = flow->waiting_count = 0;
    flow->waiting = realloc(flow->waiting, (flow->waiting_count + 1) * sizeof(*flow->waiting));
    if (flow->waiting == NULL)
        abort();
    flow->waiting[flow->waiting_count++] = message;
    flow->waiting_bytes += bus_message_bytes(message);
    if (!flow->paused && is_enough(bus))
        pause_limited(bus, true);
}

bool bus_flow_puts_aside(struct bus *bus, rd_kafka_message_t *message)
{
    if ((message->err != RD_KAFKA_RESP_ERR_NO_ERROR && !bus_is_end(message)) ||
        !is_limited(bus, rd_kafka_topic_name(message->rkt)))
        return false;
    if (bus_is_end(message) && !has_waiting(bus))
        return false;
    if (bus->flow.room > 0 && !has_waiting(bus)) {
        use_room(bus);
        return false;
    }
    put_aside(bus, message);
    return true;
}

void bus_flow_note(struct bus *bus, const rd_kafka_message_t *message)
{
    struct bus_position *position = position_of(bus, message);

    position->next = message->offset + 1;
    if (position->next <= position->silent) /* it had only not come yet */
        position->silent = BUS_NOWHERE;
}

/* A client that reads what is aborted again and again seldom comes to an end. */
void bus_flow_note_silence(struct bus *bus)
{
    for (size_t i = 0; i < bus->flow.position_count; i++)
        bus->flow.positions[i].silent = high_of(bus, &bus->flow.positions[i]);
}

/* ---- where partitions end ----
 * Records of aborted transactions, and those that end any transaction, take offsets and are never delivered: only the end of a
 * partition tells that they are passed. It is stored when all that was handed out before it is handled, so that the group's
 * commit gets there too. */

void bus_flow_note_end(struct bus *bus, const rd_kafka_message_t *message)
{
    struct bus_position *position = position_of(bus, message);

    position->end = message->offset;
    if (position->handled == position->next && position->end > position->next)
        bus_rounds_reach(bus, rd_kafka_topic_name(message->rkt), message->partition, message->offset);
}

void bus_flow_handled(struct bus *bus, rd_kafka_topic_partition_list_t *offsets)
{
    for (size_t i = 0; i < bus->flow.position_count; i++) {
        struct bus_position *position = &bus->flow.positions[i];
        rd_kafka_topic_partition_t *entry =
            rd_kafka_topic_partition_list_find(offsets, rd_kafka_topic_name(position->topic), position->partition);
        if (entry == NULL)
            continue;
        position->handled = entry->offset;
        if (position->handled != position->next || position->end <= position->next)
            continue;
        entry->offset = position->end;
        bus_set_epoch(entry, NULL); /* of the last record: what lies behind it may be of a later term */
    }
}

/* ---- rebalances ---- */

static void forget(struct bus *bus)
{
    struct bus_flow *flow = &bus->flow;

    for (size_t i = flow->waiting_next; i < flow->waiting_count; i++)
        rd_kafka_message_destroy(flow->waiting[i]);
    flow->waiting_next = flow->waiting_count = flow->waiting_bytes = 0;
    flow->position_count = flow->last_position = 0;
    flow->paused = false;
}

void bus_flow_revoke(struct bus *bus, const rd_kafka_topic_partition_list_t *revoked)
{
    rd_kafka_topic_partition_list_t *paused = NULL;

    if (bus->paused)
        paused = rd_kafka_topic_partition_list_copy(revoked);
    else if (bus->flow.paused)
        paused = bus_flow_partitions(bus, revoked, true);
    if (paused != NULL) {
        rd_kafka_resume_partitions(bus->consumer, paused);
        rd_kafka_topic_partition_list_destroy(paused);
    }
    forget(bus);
}

void bus_flow_end(struct bus *bus)
{
    forget(bus);
    free(bus->flow.waiting);
    free(bus->flow.positions);
}
