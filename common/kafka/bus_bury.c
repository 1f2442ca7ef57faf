/* bus_bury.c - dead letters: a record that can't be handled, and why. */
#include "bus.h"
#include "names.h"

#include <inttypes.h>
#include <stdio.h>

#define OWN_HEADERS 9
#define NUMBER_SIZE 24
#define TOPIC_SIZE 256
#define CUT_VALUE_MAX (BUS_RECORD_MAX / 2)
#define CUT_KEY_MAX (16 * 1024)

/* Copies the original's headers without dlq-* ones. Gives how many; out_redrives is how often it was redriven, out_timestamp_ms when it was
 * first written: a redrive writes a new record, but makes nothing younger. */
static size_t copy_headers(const struct dead_letter *letter, struct header out_headers[BUS_HEADERS_MAX], struct text *out_redrives,
                           int64_t *out_timestamp_ms)
{
    size_t count = 0;
    int64_t timestamp_ms;

    for (size_t i = 0; i < letter->header_count && count < BUS_HEADERS_MAX; i++) {
        const struct header *header = &letter->headers[i];
        if (text_equals(header->name, TEXT("dlq-redrives")) && text_is_there(header->value))
            *out_redrives = header->value;
        if (text_equals(header->name, TEXT("dlq-timestamp")) && text_to_number(header->value, &timestamp_ms) && timestamp_ms > 0 &&
            timestamp_ms < *out_timestamp_ms)
            *out_timestamp_ms = timestamp_ms;
        if (!text_begins(header->name, TEXT("dlq-")))
            out_headers[count++] = *header;
    }
    return count;
}

static struct text number_text(char out[NUMBER_SIZE], int64_t number)
{
    return (struct text){out, (size_t)snprintf(out, NUMBER_SIZE, "%" PRId64, number)};
}

/* What a dead letter's own headers are printed into. */
struct own_headers {
    struct header headers[OWN_HEADERS];
    size_t count;
    char partition[NUMBER_SIZE], offset[NUMBER_SIZE], timestamp[NUMBER_SIZE];
};

static void own_add(struct own_headers *own, struct text name, struct text value)
{
    own->headers[own->count++] = (struct header){name, value};
}

static void own_fill(struct own_headers *own, const struct dead_letter *letter, struct text redrives,
                     int64_t timestamp_ms)
{
    own->count = 0;
    own_add(own, TEXT("dlq-topic"), letter->topic);
    own_add(own, TEXT("dlq-partition"), number_text(own->partition, letter->partition));
    own_add(own, TEXT("dlq-offset"), number_text(own->offset, letter->offset));
    own_add(own, TEXT("dlq-timestamp"), number_text(own->timestamp, timestamp_ms));
    own_add(own, TEXT("dlq-service"), text_of(letter->service));
    own_add(own, TEXT("dlq-reason"), text_of(letter->reason));
    own_add(own, TEXT("dlq-redrives"), redrives);
    if (letter->masked)
        own_add(own, TEXT("dlq-masked"), TEXT("true"));
}

/* Its size or its headers leave no room: what tells where it lies is kept, and its beginning. */
static enum status bury_cut(struct bus *bus, struct own_headers *own, struct outgoing outgoing)
{
    enum status status;

    own_add(own, TEXT("dlq-cut"), TEXT("true"));
    outgoing.headers = own->headers;
    outgoing.header_count = own->count;
    if (outgoing.value.length > CUT_VALUE_MAX)
        outgoing.value.length = CUT_VALUE_MAX;
    if (outgoing.key.length > CUT_KEY_MAX)
        outgoing.key.length = CUT_KEY_MAX;
    status = bus_send(bus, &outgoing);
    return status == STATUS_BAD_MESSAGE ? STATUS_FATAL : status;
}

enum status bus_bury(struct bus *bus, const struct dead_letter *letter)
{
    struct header headers[BUS_HEADERS_MAX + OWN_HEADERS];
    struct text redrives = TEXT("0");
    int64_t timestamp_ms = letter->timestamp_ms;
    size_t count = copy_headers(letter, headers, &redrives, &timestamp_ms);
    struct own_headers own;
    char topic[TOPIC_SIZE];
    struct outgoing outgoing = {.topic = topic, .partition = -1, .key = letter->key, .value = letter->value, .headers = headers};
    enum status status;

    own_fill(&own, letter, redrives, timestamp_ms);
    memcpy(headers + count, own.headers, own.count * sizeof(*headers));
    outgoing.header_count = count + own.count;
    snprintf(topic, sizeof(topic), "%.*s" DEAD_LETTER_ENDING, TEXT_ARG(letter->topic));
    status = bus_send(bus, &outgoing);
    return status == STATUS_BAD_MESSAGE ? bury_cut(bus, &own, outgoing) : status;
}

enum status bus_bury_record(struct bus *bus, const struct record *record, const char *service, const char *reason,
                            struct text masked_value)
{
    struct header headers[BUS_HEADERS_MAX];
    bool masked = text_is_there(masked_value);

    return bus_bury(bus, &(struct dead_letter){
                             .topic = record->topic,
                             .partition = record->partition,
                             .offset = record->offset,
                             .timestamp_ms = record->timestamp_ms,
                             .key = record->key,
                             .value = masked ? masked_value : record->value,
                             .headers = headers,
                             .header_count = record_headers(record, headers),
                             .service = service,
                             .reason = reason,
                             .masked = masked,
                         });
}
