/* bus_bury.c - dead letters: a record that can't be handled, and why. */
#include "bus_letter.h"

#include "bus_send.h"
#include "mask.h"
#include "names.h"
#include "trace.h"

#include <inttypes.h>
#include <stdio.h>

#define TOPIC_SIZE 256
#define CUT_VALUE_MAX (BUS_RECORD_MAX / 2)
#define CUT_KEY_MAX (16 * 1024)

/* The headers of a dead letter, in their order. */
enum own {
    OWN_TOPIC,
    OWN_PARTITION,
    OWN_OFFSET,
    OWN_TIMESTAMP,
    OWN_SERVICE,
    OWN_REASON,
    OWN_REDRIVES,
    OWN_MASKED,
    OWN_CUT,
    OWN_COUNT
};
static const char *const own_names[OWN_COUNT] = {"dlq-topic",  "dlq-partition", "dlq-offset", "dlq-timestamp", "dlq-service",
                                                 "dlq-reason", "dlq-redrives",  "dlq-masked", "dlq-cut"};

bool bus_is_letter_header(struct text name)
{
    for (size_t i = 0; i < OWN_COUNT; i++)
        if (text_equals(name, text_of(own_names[i])))
            return true;
    return false;
}

/* ---- what was redriven ---- */

/* What a redrive has written into a record. */
struct redriven {
    int64_t redrives, timestamp_ms; /* negative: it is not there */
};

static bool number_of(const struct header *header, enum own own, int64_t low, int64_t high, int64_t *out_number)
{
    return text_equals(header->name, text_of(own_names[own])) && text_is_there(header->value) &&
           text_to_number(header->value, out_number) && *out_number >= low && *out_number <= high;
}

/* Whether a header is one that a redrive writes. */
static bool redriven_take(struct redriven *redriven, const struct header *header)
{
    int64_t number;

    if (number_of(header, OWN_REDRIVES, 0, BUS_REDRIVES_MAX, &number)) {
        redriven->redrives = number;
        return true;
    }
    if (!number_of(header, OWN_TIMESTAMP, 1, INT64_MAX, &number))
        return false;
    if (redriven->timestamp_ms < 0 || number < redriven->timestamp_ms)
        redriven->timestamp_ms = number;
    return true;
}

/* A redrive writes both of its headers: one alone, or one that is no such number, is somebody else's, and counts for nothing. */
static struct redriven redriven_of(const struct dead_letter *letter)
{
    struct redriven redriven = {-1, -1};

    for (size_t i = 0; i < letter->header_count; i++)
        (void)redriven_take(&redriven, &letter->headers[i]);
    return redriven.redrives >= 0 && redriven.timestamp_ms >= 0 ? redriven : (struct redriven){-1, -1};
}

/* ---- card numbers ---- */

static struct text mask(struct arena *arena, struct dead_letter *letter, struct text bytes)
{
    bool masked = false;
    struct text result;

    if (!text_is_there(bytes) || (text_is_there(letter->id) && text_equals(bytes, letter->id)))
        return bytes;
    result = mask_bytes(arena, bytes, &masked);
    letter->masked = letter->masked || masked;
    return result;
}

/* Ids of traces are hex digits, and dashes stand between them: some look like card numbers, and would be broken. What a version
 * to come has behind them may be anything. */
static struct text mask_traceparent(struct arena *arena, struct dead_letter *letter, struct text parent)
{
    struct text rest = {parent.at + TRACEPARENT_LENGTH, parent.length - TRACEPARENT_LENGTH};
    struct text masked = mask(arena, letter, rest);
    char *whole;

    if (masked.at == rest.at)
        return parent;
    whole = arena_take(arena, parent.length);
    memcpy(whole, parent.at, TRACEPARENT_LENGTH);
    memcpy(whole + TRACEPARENT_LENGTH, masked.at, masked.length);
    return (struct text){whole, parent.length};
}

static void mask_header(struct arena *arena, struct dead_letter *letter, struct header *header)
{
    if (text_equals(header->name, TEXT("traceparent")) && text_is_there(header->value) && trace_is_parent(header->value)) {
        header->value = mask_traceparent(arena, letter, header->value);
        return;
    }
    header->name = mask(arena, letter, header->name);
    header->value = mask(arena, letter, header->value);
}

void bus_mask_letter(struct arena *arena, struct dead_letter *letter)
{
    const bool is_redriven = redriven_of(letter).redrives >= 0;
    struct header *headers = arena_take(arena, letter->header_count * sizeof(*headers));
    struct redriven ignored = {-1, -1};

    letter->key = mask(arena, letter, letter->key);
    for (size_t i = 0; i < letter->header_count; i++) {
        headers[i] = letter->headers[i];
        if (!is_redriven || !redriven_take(&ignored, &headers[i]))
            mask_header(arena, letter, &headers[i]);
    }
    letter->headers = headers;
}

/* ---- headers ---- */

/* The headers of a dead letter while they are made. */
struct making {
    struct arena *arena;
    struct header *headers; /* room for all of the original's, and ours behind them */
    size_t count, own_at;   /* own_at: where ours begin */
};

static void add_own(struct making *making, enum own own, struct text value)
{
    making->headers[making->count++] = (struct header){text_of(own_names[own]), value};
}

/* The original's headers, all of them; one that is named as ours is kept under another name. */
static void copy_headers(struct making *making, const struct dead_letter *letter, const struct redriven *redriven)
{
    struct redriven ignored = {-1, -1};

    for (size_t i = 0; i < letter->header_count; i++) {
        struct header header = letter->headers[i];
        if (redriven->redrives >= 0 && redriven_take(&ignored, &header))
            continue;
        if (bus_is_letter_header(header.name))
            header.name = text_format(making->arena, BUS_KEPT_HEADER "%.*s", TEXT_ARG(header.name));
        making->headers[making->count++] = header;
    }
}

static void add_own_headers(struct making *making, const struct dead_letter *letter, const struct redriven *redriven)
{
    bool is_older = redriven->timestamp_ms >= 0 && redriven->timestamp_ms < letter->timestamp_ms;

    making->own_at = making->count;
    add_own(making, OWN_TOPIC, letter->topic);
    add_own(making, OWN_PARTITION, text_of_number(making->arena, letter->partition));
    add_own(making, OWN_OFFSET, text_of_number(making->arena, letter->offset));
    add_own(making, OWN_TIMESTAMP, text_of_number(making->arena, is_older ? redriven->timestamp_ms : letter->timestamp_ms));
    add_own(making, OWN_SERVICE, text_of(letter->service));
    add_own(making, OWN_REASON, text_of(letter->reason));
    add_own(making, OWN_REDRIVES, text_of_number(making->arena, redriven->redrives < 0 ? 0 : redriven->redrives));
    if (letter->masked)
        add_own(making, OWN_MASKED, TEXT("true"));
}

static struct making headers_of(struct arena *arena, const struct dead_letter *letter)
{
    struct redriven redriven = redriven_of(letter);
    struct making making = {.arena = arena,
                            .headers = arena_take(arena, (letter->header_count + OWN_COUNT) * sizeof(*making.headers))};

    copy_headers(&making, letter, &redriven);
    add_own_headers(&making, letter, &redriven);
    return making;
}

/* ---- sending ---- */

/* Its size or its headers leave no room: what tells where it lies is kept, and its beginning. */
static enum status bury_cut(struct bus *bus, struct making *making, struct outgoing outgoing)
{
    enum status status;

    add_own(making, OWN_CUT, TEXT("true"));
    outgoing.headers = making->headers + making->own_at;
    outgoing.header_count = making->count - making->own_at;
    if (outgoing.value.length > CUT_VALUE_MAX)
        outgoing.value.length = CUT_VALUE_MAX;
    if (outgoing.key.length > CUT_KEY_MAX)
        outgoing.key.length = CUT_KEY_MAX;
    status = bus_send(bus, &outgoing);
    return status == STATUS_BAD_MESSAGE ? STATUS_FATAL : status;
}

enum status bus_bury(struct bus *bus, const struct dead_letter *letter)
{
    CLEANUP(arena_destroy) struct arena *arena = arena_create();
    struct dead_letter masked = *letter;
    struct outgoing outgoing = {.partition = -1, .value = letter->value};
    struct making making;
    char topic[TOPIC_SIZE];
    enum status status;

    bus_mask_letter(arena, &masked);
    making = headers_of(arena, &masked);
    snprintf(topic, sizeof(topic), "%.*s" DEAD_LETTER_ENDING, TEXT_ARG(letter->topic));
    outgoing.topic = topic;
    outgoing.key = masked.key;
    outgoing.headers = making.headers;
    outgoing.header_count = making.count;
    status = bus_send(bus, &outgoing);
    return status == STATUS_BAD_MESSAGE ? bury_cut(bus, &making, outgoing) : status;
}

struct dead_letter bus_letter_of(struct arena *arena, const struct record *record, const char *service, const char *reason,
                                 struct text masked_value)
{
    bool masked = text_is_there(masked_value);
    struct dead_letter letter = {
        .topic = record->topic,
        .partition = record->partition,
        .offset = record->offset,
        .timestamp_ms = record->timestamp_ms,
        .key = record->key,
        .value = masked ? masked_value : record->value,
        .id = TEXT_NONE,
        .service = service,
        .reason = reason,
        .masked = masked,
    };

    letter.headers = record_headers(arena, record, &letter.header_count);
    return letter;
}

enum status bus_bury_record(struct bus *bus, const struct record *record, const char *service, const char *reason,
                            struct text masked_value)
{
    CLEANUP(arena_destroy) struct arena *arena = arena_create();
    struct dead_letter letter = bus_letter_of(arena, record, service, reason, masked_value);

    return bus_bury(bus, &letter);
}
