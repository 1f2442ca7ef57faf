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

enum status bury_record(struct run *run, const struct record *record, const char *reason, struct text masked_value)
{
    struct text place = text_format(run->arena, "partition=%d offset=%lld", (int)record->partition, (long long)record->offset);

    note_buried(run, record->topic, place, reason);
    return bus_bury_record(run->bus, record, run->service->name, reason, masked_value);
}

enum status bury_unseen(struct run *run, const struct record *record, const char *reason)
{
    bool masked = false;
    struct text value = mask_bytes(run->arena, record->value, &masked);

    return bury_record(run, record, reason, masked ? value : TEXT_NONE);
}

/* ---- an order as it was when it was submitted ---- */

/* Finds among the record's headers those that were the order's own. Gives how many, and sets the key when it was another than the
 * orderId. The reverse of what outbox_admit() keeps. */
static size_t own_headers(const struct record *record, struct header out[BUS_HEADERS_MAX], struct text *key)
{
    struct header all[BUS_HEADERS_MAX];
    size_t all_count = record_headers(record, all), count = 0;
    const size_t prefix = sizeof(HEADER_OWN) - 1;

    for (size_t i = 0; i < all_count; i++) {
        if (text_equals(all[i].name, TEXT(HEADER_OWN_KEY)))
            *key = all[i].value;
        if (text_begins(all[i].name, TEXT(HEADER_OWN)))
            out[count++] = (struct header){{all[i].name.at + prefix, all[i].name.length - prefix}, all[i].value};
    }
    return count;
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
    letter->masked = masked != NULL && masked->type == JSON_TRUE;
}

enum status bury_order(struct run *run, const struct heard *heard, const char *reason)
{
    struct header headers[BUS_HEADERS_MAX];
    const struct inbox_record *message = heard->message;
    struct dead_letter letter = {
        .topic = text_of(topic_name(TOPIC_ORDERS)),
        .key = message->order_id,
        .value = message->order,
        .headers = headers,
        .service = run->service->name,
        .reason = reason,
    };

    note_buried(run, letter.topic, text_format(run->arena, "order=%.*s", TEXT_ARG(message->order_id)), reason);
    letter.header_count = own_headers(heard->record, headers, &letter.key);
    read_source(run->arena, message, &letter);
    return bus_bury(run->bus, &letter);
}
