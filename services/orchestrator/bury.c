#include "bury.h"

#include "log.h"
#include "mask.h"
#include "outbox.h"
#include "service_metrics.h"

/* which: which record of the topic it is, as keys and values of the log. */
static void note_buried(struct run *run, struct text topic, struct text which, const char *reason)
{
    log_event(LOG_WARNING, "buried", "topic=%.*s %.*s reason=%s", TEXT_ARG(topic), TEXT_ARG(which), reason);
    metrics_count_buried(run->metrics, topic, reason);
}

enum status bury_record(struct run *run, const struct record *record, const struct burial *burial)
{
    struct text place = text_format(run->arena, "partition=%d offset=%lld", (int)record->partition, (long long)record->offset);
    struct dead_letter letter = bus_letter_of(run->arena, record, run->service->name, burial->reason, burial->masked_value);

    letter.id = burial->order_id;
    note_buried(run, record->topic, place, burial->reason);
    return bus_bury(run->bus, &letter);
}

enum status bury_unseen(struct run *run, const struct record *record, const char *reason)
{
    bool masked = false;
    struct text value = mask_bytes(run->arena, record->value, &masked);

    return bury_record(run, record, &(struct burial){.reason = reason, .masked_value = masked ? value : TEXT_NONE});
}

/* ---- an order as it was when it was submitted ---- */

/* Takes from among the record's headers those that were the order's own, and the key when it was another than the orderId. The
 * reverse of what outbox_admit() keeps. */
static void take_own(struct arena *arena, const struct record *record, struct dead_letter *letter)
{
    size_t count;
    const struct header *all = record_headers(arena, record, &count);
    struct header *own = arena_take(arena, count * sizeof(*own));
    const size_t prefix = sizeof(HEADER_OWN) - 1;

    for (size_t i = 0; i < count; i++) {
        if (text_equals(all[i].name, TEXT(HEADER_OWN_KEY)))
            letter->key = all[i].value;
        if (text_equals(all[i].name, TEXT(HEADER_OWN_MASKED)))
            letter->masked = true;
        if (text_begins(all[i].name, TEXT(HEADER_OWN)))
            own[letter->header_count++] = (struct header){{all[i].name.at + prefix, all[i].name.length - prefix}, all[i].value};
    }
    letter->headers = own;
}

/* Where the order lay, and whether something in it was masked, as admission wrote it down. What can't be read stays as it is. */
static void read_source(struct arena *arena, const struct inbox_record *message, struct dead_letter *letter)
{
    const struct json *source, *masked;
    int64_t partition = -1;

    if (json_read(arena, message->source, &source) != STATUS_OK ||
        !json_integer(json_member(source, TEXT("partition")), &partition) ||
        !json_integer(json_member(source, TEXT("offset")), &letter->offset) ||
        !json_integer(json_member(source, TEXT("timestamp")), &letter->timestamp_ms))
        log_event(LOG_WARNING, "misread", "order=%.*s problem=\"its source is not known\"", TEXT_ARG(message->order_id));
    letter->partition = (int32_t)partition;
    masked = json_member(source, TEXT("masked"));
    letter->masked = letter->masked || (masked != NULL && masked->type == JSON_TRUE);
}

enum status bury_order(struct run *run, const struct heard *heard, const char *reason)
{
    const struct inbox_record *message = heard->message;
    struct dead_letter letter = {
        .topic = text_of(topic_name(TOPIC_ORDERS)),
        .key = message->order_id,
        .value = message->order,
        .id = message->order_id,
        .service = run->service->name,
        .reason = reason,
    };

    note_buried(run, letter.topic, text_format(run->arena, "order=%.*s", TEXT_ARG(message->order_id)), reason);
    take_own(run->arena, heard->record, &letter);
    read_source(run->arena, message, &letter);
    return bus_bury(run->bus, &letter);
}
