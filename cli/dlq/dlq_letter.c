/* dlq_letter.c - what a dead letter tells, and how it is shown. */
#include "dlq.h"

#include "bus_letter.h"

#include <inttypes.h>
#include <stdio.h>

#define ENDING_LENGTH (sizeof(DEAD_LETTER_ENDING) - 1)

/* ---- places ---- */

/* "orders.dlq", of a length that a place has room for. */
static bool is_topic(struct text topic)
{
    return topic.length > ENDING_LENGTH && topic.length < DLQ_TOPIC_SIZE &&
           memcmp(topic.at + topic.length - ENDING_LENGTH, DEAD_LETTER_ENDING, ENDING_LENGTH) == 0;
}

bool place_read(const char *text, struct place *out_place)
{
    const char *offset_at = strrchr(text, '/');
    const char *partition_at = offset_at == NULL ? NULL : memrchr(text, '/', (size_t)(offset_at - text));
    struct text topic = {text, partition_at == NULL ? 0 : (size_t)(partition_at - text)};
    int64_t partition, offset;

    if (!is_topic(topic) ||
        !text_to_number_between((struct text){partition_at + 1, (size_t)(offset_at - partition_at - 1)}, 0, INT32_MAX,
                                &partition) ||
        !text_to_number_between(text_of(offset_at + 1), 0, INT64_MAX, &offset))
        return false;
    *out_place = (struct place){.partition = (int32_t)partition, .offset = offset};
    memcpy(out_place->topic, topic.at, topic.length);
    return true;
}

struct text place_text(struct arena *arena, const struct place *place)
{
    return text_format(arena, "%s/%" PRId32 "/%" PRId64, place->topic, place->partition, place->offset);
}

struct text place_origin(const struct place *place)
{
    size_t length = strlen(place->topic);

    return (struct text){place->topic, length > ENDING_LENGTH ? length - ENDING_LENGTH : 0};
}

/* ---- headers ---- */

static void read_word(const struct record *record, const char *name, char *out, size_t size)
{
    struct text value = TEXT_NONE;

    (void)record_header(record, name, &value);
    (void)shown_bytes(value, out, size);
}

static bool read_number(const struct record *record, const char *name, int64_t low, int64_t high, int64_t *out_number)
{
    struct text value;
    int64_t number;

    if (!record_header(record, name, &value) || !text_to_number(value, &number) || number < low || number > high)
        return false;
    *out_number = number;
    return true;
}

static bool is_set(const struct record *record, const char *name)
{
    struct text value;

    return record_header(record, name, &value) && text_equals(value, TEXT("true"));
}

/* Anybody can write to a dead-letter topic: what does not say that it came from its topic is no dead letter. */
static bool comes_from_there(const struct record *record, const struct place *place)
{
    struct text topic;

    return record_header(record, "dlq-topic", &topic) && text_equals(topic, place_origin(place));
}

void letter_read(const struct record *record, struct letter *out_letter)
{
    struct letter letter = {.buried_ms = record->timestamp_ms, .from_partition = -1, .from_offset = -1};

    letter.place = (struct place){.partition = record->partition, .offset = record->offset};
    snprintf(letter.place.topic, sizeof(letter.place.topic), "%.*s", TEXT_ARG(record->topic));
    read_word(record, "dlq-reason", letter.reason, sizeof(letter.reason));
    read_word(record, "dlq-service", letter.service, sizeof(letter.service));
    letter.is_ours = comes_from_there(record, &letter.place) && letter.reason[0] != '\0';
    letter.is_ours = read_number(record, "dlq-partition", -1, INT32_MAX, &letter.from_partition) && letter.is_ours;
    letter.is_ours = read_number(record, "dlq-offset", -1, INT64_MAX, &letter.from_offset) && letter.is_ours;
    letter.is_ours = read_number(record, "dlq-timestamp", 0, INT64_MAX, &letter.written_ms) && letter.is_ours;
    letter.is_ours = read_number(record, "dlq-redrives", 0, BUS_REDRIVES_MAX, &letter.redrives) && letter.is_ours;
    if (letter.written_ms == 0) /* nobody knows when the record was written: it is at least as old as its dead letter */
        letter.written_ms = letter.buried_ms;
    letter.masked = is_set(record, "dlq-masked");
    letter.cut = is_set(record, "dlq-cut");
    *out_letter = letter;
}
