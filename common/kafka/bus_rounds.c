/* bus_rounds.c - offsets last: what a batch sent is a round, and its offsets are stored when the broker has acknowledged its
 * round and all rounds before it. The next batches are handled meanwhile, BUS_ROUNDS_MAX of them. */
#include "bus_internal.h"
#include "clock.h"

#include <assert.h>

#define FLUSH_STEP_MS 100
#define PUSH_WAIT_MS 2 /* long enough for the client's thread to hear of it */
#define PAUSE_AFTER_MS                                                                                                           \
    3000 /* then the group has to be kept alive; not earlier: a partition that was paused is fetched again a second late */

static struct bus_round *round_at(struct bus *bus, size_t number)
{
    return &bus->rounds[(bus->round_first + number) % COUNT_OF(bus->rounds)];
}

struct bus_round *bus_round_open(struct bus *bus) { return round_at(bus, bus->round_count); }

static void end_first(struct bus *bus)
{
    struct bus_round *first = round_at(bus, 0);

    rd_kafka_topic_partition_list_destroy(first->offsets);
    first->offsets = NULL;
    bus->round_first = (bus->round_first + 1) % COUNT_OF(bus->rounds);
    bus->round_count--;
}

/* A partition that was revoked meanwhile is refused here, one by one: its new owner reads the records again. */
static void store_offsets(struct bus *bus, rd_kafka_topic_partition_list_t *offsets)
{
    bus_lag_handled(bus, offsets);
    rd_kafka_offsets_store(bus->consumer, offsets);
}

void bus_rounds_settle(struct bus *bus)
{
    while (bus->round_count > 0 && round_at(bus, 0)->in_flight == 0 && bus->refused == 0) {
        store_offsets(bus, round_at(bus, 0)->offsets);
        end_first(bus);
    }
}

void bus_serve_producers(struct bus *bus)
{
    for (size_t i = 0; i < bus->producer_count; i++)
        rd_kafka_poll(bus->producers[i], 0);
}

/* Serves the clients that have something under way, each until that is acknowledged or for its part of wait_ms, 1 ms at least.
 * at_once: what is sent is not held back for more to come: rd_kafka_flush() overrides linger.ms. */
static void serve_busy(struct bus *bus, int wait_ms, bool at_once)
{
    const int part_ms = wait_ms > (int)bus->producer_count ? wait_ms / (int)bus->producer_count : 1;

    for (size_t i = 0; i < bus->producer_count; i++) {
        rd_kafka_t *producer = bus->producers[i];
        if (rd_kafka_outq_len(producer) == 0)
            continue;
        if (at_once)
            rd_kafka_flush(producer, part_ms);
        else
            rd_kafka_poll(producer, part_ms);
    }
    bus_rounds_settle(bus);
}

void bus_rounds_forget(struct bus *bus)
{
    while (bus->round_count > 0)
        end_first(bus);
}

/* librdkafka refuses the offsets of a partition that is gone, but not those of one that is back: they would take its commit back
 * to before what was handled in between. */
void bus_rounds_disown(struct bus *bus)
{
    bus->tenure++;
    for (size_t i = 0; i < bus->round_count; i++) {
        struct bus_round *round = round_at(bus, i);
        rd_kafka_topic_partition_list_destroy(round->offsets);
        round->offsets = rd_kafka_topic_partition_list_new(0);
    }
}

/* ---- offsets ---- */

/* The entry of a partition, made when it is not there. */
static rd_kafka_topic_partition_t *offset_entry(rd_kafka_topic_partition_list_t *offsets, const char *topic, int32_t partition)
{
    rd_kafka_topic_partition_t *entry = rd_kafka_topic_partition_list_find(offsets, topic, partition);

    if (entry == NULL) {
        entry = rd_kafka_topic_partition_list_add(offsets, topic, partition);
        entry->offset = 0;
    }
    return entry;
}

void bus_set_epoch(rd_kafka_topic_partition_t *entry, const rd_kafka_message_t *message)
{
#if RD_KAFKA_VERSION >=                                                                                                          \
    0x02030000 /* from 2.1 on there are terms, but until 2.3 an offset without one counts as before all others */
    rd_kafka_topic_partition_set_leader_epoch(entry, message == NULL ? -1 : rd_kafka_message_leader_epoch(message));
#else
    (void)entry, (void)message;
#endif
}

void bus_store_offsets(struct bus *bus, const struct record records[], size_t count)
{
    rd_kafka_topic_partition_list_t *offsets = rd_kafka_topic_partition_list_new(BUS_TOPICS_MAX);
    const rd_kafka_message_t *previous = NULL;
    rd_kafka_topic_partition_t *entry = NULL;

    assert(bus->round_count < BUS_ROUNDS_MAX && "bus_make_room() comes first");
    for (size_t i = 0; i < count; i++) {
        const rd_kafka_message_t *message = records[i].handle;
        if (records[i].tenure != bus->tenure)
            continue;
        if (previous == NULL || message->rkt != previous->rkt || message->partition != previous->partition)
            entry = offset_entry(offsets, rd_kafka_topic_name(message->rkt), message->partition);
        if (message->offset + 1 > entry->offset) {
            entry->offset = message->offset + 1;
            bus_set_epoch(entry, message);
        }
        previous = message;
    }
    bus_flow_handled(bus, offsets);
    bus_round_open(bus)->offsets = offsets;
    bus->round_count++;
    bus_rounds_settle(bus);
}

void bus_rounds_reach(struct bus *bus, const char *topic, int32_t partition, int64_t offset)
{
    const bool waits = bus->round_count > 0;
    rd_kafka_topic_partition_list_t *offsets =
        waits ? round_at(bus, bus->round_count - 1)->offsets : rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_t *entry = offset_entry(offsets, topic, partition);

    entry->offset = offset;
    bus_set_epoch(entry, NULL);
    if (waits)
        return;
    store_offsets(bus, offsets);
    rd_kafka_topic_partition_list_destroy(offsets);
}

/* ---- waiting for the broker's word ---- */

bool bus_has_under_way(const struct bus *bus) { return bus->in_flight > 0 || bus->round_count > 0; }

/* One step of a wait that began at began_ms. at_once: what is sent is not held back for more to come: rd_kafka_flush() overrides
 * linger.ms. */
static enum status wait_step(struct bus *bus, const volatile int *stop, int64_t began_ms, bool at_once)
{
    if (bus->fatal)
        return STATUS_FATAL;
    if (clock_steady_ms() - began_ms >= FLUSH_STEP_MS && stop != NULL && *stop)
        return STATUS_UNAVAILABLE;
    serve_busy(bus, FLUSH_STEP_MS, at_once);
    if (bus->in_flight > 0 && clock_steady_ms() - began_ms >= PAUSE_AFTER_MS && bus->consumer != NULL)
        return bus_idle(bus, 0);
    return STATUS_OK;
}

enum status bus_flush(struct bus *bus, const volatile int *stop)
{
    const int64_t began_ms = clock_steady_ms();
    bool refused;

    while (bus->in_flight > 0)
        TRY(wait_step(bus, stop, began_ms, true));
    refused = bus->refused > 0;
    bus->refused = 0;
    if (refused)
        return STATUS_UNAVAILABLE;
    bus_rounds_settle(bus);
    return bus->fatal ? STATUS_FATAL : STATUS_OK;
}

enum status bus_push(struct bus *bus, const volatile int *stop)
{
    serve_busy(bus, PUSH_WAIT_MS, true);
    if (bus->fatal)
        return STATUS_FATAL;
    return bus->refused > 0 ? bus_flush(bus, stop) : STATUS_OK;
}

enum status bus_make_room(struct bus *bus, const volatile int *stop)
{
    const int64_t began_ms = clock_steady_ms();

    bus_rounds_settle(bus);
    while ((bus->round_count >= BUS_ROUNDS_MAX || bus->bytes_in_flight >= BUS_SENT_BYTES_MAX) && bus->refused == 0)
        TRY(wait_step(bus, stop, began_ms, false));
    return bus->refused > 0 ? bus_flush(bus, stop) : STATUS_OK;
}

enum status bus_drain(struct bus *bus, const volatile int *stop)
{
    const int64_t began_ms = clock_steady_ms();

    while (bus->bytes_in_flight >= BUS_SENT_BYTES_MAX && bus->refused == 0)
        TRY(wait_step(bus, stop, began_ms, false));
    return STATUS_OK;
}

void bus_rounds_wait(struct bus *bus, int wait_ms)
{
    for (int64_t end_ms = clock_steady_ms() + wait_ms; bus->in_flight > 0 && clock_steady_ms() < end_ms && !bus->fatal;)
        serve_busy(bus, FLUSH_STEP_MS, true);
    bus_rounds_settle(bus);
}
