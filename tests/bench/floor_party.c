/* floor_party.c - the orchestrator and the workers without anything to think about: poll, read, write, send, wait, commit. */
#include "floor.h"

#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#define POLL_WAIT_MS 100

static volatile sig_atomic_t stop_requested;

static void request_stop(int signal_number)
{
    (void)signal_number;
    stop_requested = 1;
}

struct party {
    const struct floor_setup *setup;
    struct floor_kafka *kafka;
    struct floor_redis *redis;
    struct floor_record records[FLOOR_BATCH_MAX];
    size_t count;
};

/* ---- the orchestrator ---- */

static void send_of_stage(struct party *party, const struct floor_tag *tag)
{
    const struct floor_stage *stage = &floor_stages[tag->stage];
    struct floor_tag event = *tag;
    char topic[48];

    for (int i = 0; i < stage->events; i++) {
        if (stage->worker < 0 && i == stage->events - 1)
            event.stage = FLOOR_LAST_EVENT;
        floor_send(party->kafka, "floor.events", party->setup->run, &event, stage->event_bytes[i], true);
    }
    if (stage->worker < 0)
        return;
    snprintf(topic, sizeof(topic), "floor.%s", floor_worker_names[stage->worker]);
    floor_send(party->kafka, topic, party->setup->run, tag, stage->command_bytes, true);
}

static void orchestrate(struct party *party)
{
    struct floor_tag tags[FLOOR_BATCH_MAX];
    size_t count = 0;

    for (size_t i = 0; i < party->count; i++)
        if (!party->records[i].is_order)
            tags[count++] = party->records[i].tag;
    for (size_t i = 0; i < count; i++)
        floor_queue_transition(party->redis, &tags[i]);
    floor_queue_indexes(party->redis, tags, count);
    floor_redis_flush(party->redis);
    for (size_t i = 0; i < count; i++)
        send_of_stage(party, &tags[i]);
    for (size_t i = 0; i < party->count; i++)
        if (party->records[i].is_order)
            floor_send(party->kafka, "floor.inbox", party->setup->run, &party->records[i].tag, FLOOR_ADMITTED_BYTES, true);
}

/* ---- a worker ---- */

static void work(struct party *party)
{
    for (size_t i = 0; i < party->count; i++)
        floor_queue_catalog(party->redis, &party->records[i].tag);
    floor_redis_flush(party->redis);
    for (size_t i = 0; i < party->count; i++)
        floor_queue_effect(party->redis, &party->records[i].tag);
    floor_redis_flush(party->redis);
    for (size_t i = 0; i < party->count; i++) {
        struct floor_tag reply = party->records[i].tag;
        reply.stage++;
        floor_send(party->kafka, "floor.inbox", party->setup->run, &reply, floor_stages[reply.stage - 1].reply_bytes, true);
    }
}

void floor_party_serve(const struct floor_setup *setup, int number, int ready)
{
    static struct party party;
    char own_topic[48];
    const char *const orchestrator_topics[] = {"floor.orders", "floor.inbox", NULL}, *const worker_topics[] = {own_topic, NULL};
    const char *const orchestrator_sends_to[] = {
        "floor.payment", "floor.inventory", "floor.fulfillment", "floor.validator", "floor.inbox", "floor.events", NULL};
    const char *const worker_sends_to[] = {"floor.inbox", NULL};

    signal(SIGTERM, request_stop);
    party.setup = setup;
    if (number > 0)
        snprintf(own_topic, sizeof(own_topic), "floor.%s", floor_worker_names[number - 1]);
    party.redis = floor_redis_open(setup->redis_port, setup->run);
    party.kafka = floor_kafka_open(setup->bootstrap, number == 0 ? orchestrator_sends_to : worker_sends_to,
                                   number == 0 ? orchestrator_topics : worker_topics);
    if (write(ready, "r", 1) != 1)
        floor_die("nobody waits for party %d", number);
    while (!stop_requested) {
        party.count = floor_poll(party.kafka, POLL_WAIT_MS, setup->fill_ms, party.records);
        if (party.count == 0)
            continue;
        if (number == 0)
            orchestrate(&party);
        else
            work(&party);
        floor_commit(party.kafka, party.records, party.count);
    }
    floor_kafka_close(party.kafka);
    floor_redis_close(party.redis);
}
