/* service_under_test.c - a service that test_service.c makes do what it wants. Every call is logged as event=noted.
 *
 * A record "conflict" has its batch tried three times, "never" for ever, "broken" is a mistake that handle() must not make,
 * "send" sends itself to order.events. The tick counts itself in Redis. */
#include "log.h"
#include "service.h"

#define TRIES 3

struct state {
    int tries;
};

static enum status handle_record(struct run *run, const struct record *record)
{
    struct state *state = run->state;
    const struct outgoing outgoing = {
        .topic = topic_name(TOPIC_EVENTS), .partition = -1, .key = record->key, .value = record->value};

    if (text_equals(record->value, TEXT("conflict")) && ++state->tries < TRIES)
        return STATUS_CONFLICT;
    if (text_equals(record->value, TEXT("never")))
        return STATUS_CONFLICT;
    if (text_equals(record->value, TEXT("broken")))
        return STATUS_BROKEN;
    return text_equals(record->value, TEXT("send")) ? bus_send(run->bus, &outgoing) : STATUS_OK;
}

static enum status handle(struct run *run)
{
    log_event(LOG_INFO, "noted", "call=handle records=%zu", run->record_count);
    for (size_t i = 0; i < run->record_count; i++)
        TRY(handle_record(run, &run->records[i]));
    return STATUS_OK;
}

static enum status tick(struct run *run)
{
    log_event(LOG_INFO, "noted", "call=tick");
    store_begin(run->store);
    store_queue(run->store, TEXT("ticks"), (struct text[]){TEXT("INCR"), TEXT("ticks")}, 2);
    return store_flush(run->store);
}

int main(int argc, char **argv)
{
    static const enum topic reads[] = {TOPIC_PAYMENT};
    static const enum topic sends_to[] = {TOPIC_EVENTS};
    static const struct service service = {
        .name = "payment",
        .purpose = "does what a test wants",
        .reads = reads,
        .read_count = COUNT_OF(reads),
        .sends_to = sends_to,
        .sends_to_count = COUNT_OF(sends_to),
        .handle = handle,
        .state_size = sizeof(struct state),
        .tick = tick,
    };

    return service_run(&service, argc, argv);
}
