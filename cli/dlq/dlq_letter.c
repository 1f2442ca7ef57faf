/* dlq_letter.c - what a dead letter tells, and how it is shown. */
#include "dlq.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define ENDING_LENGTH (sizeof(DEAD_LETTER_ENDING) - 1)

/* ---- places ---- */

bool place_read(const char *text, struct place *out_place)
{
    const char *offset_at = strrchr(text, '/');
    const char *partition_at = offset_at == NULL ? NULL : memrchr(text, '/', (size_t)(offset_at - text));
    size_t topic_length = partition_at == NULL ? 0 : (size_t)(partition_at - text);
    int64_t partition, offset;

    if (topic_length <= ENDING_LENGTH || topic_length >= DLQ_TOPIC_SIZE ||
        memcmp(partition_at - ENDING_LENGTH, DEAD_LETTER_ENDING, ENDING_LENGTH) != 0)
        return false;
    if (!text_to_number((struct text){partition_at + 1, (size_t)(offset_at - partition_at - 1)}, &partition) ||
        !text_to_number(text_of(offset_at + 1), &offset) || partition < 0 || partition > INT32_MAX || offset < 0)
        return false;
    *out_place = (struct place){.partition = (int32_t)partition, .offset = offset};
    memcpy(out_place->topic, text, topic_length);
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
    if (letter.written_ms == 0) /* nobody knew: it is at least as old as its dead letter */
        letter.written_ms = letter.buried_ms;
    letter.masked = is_set(record, "dlq-masked");
    letter.cut = is_set(record, "dlq-cut");
    *out_letter = letter;
}

/* ---- showing ---- */

/* Whether a character would rule the terminal, or turn the direction of the text around it. */
static bool is_deceptive(uint32_t code)
{
    return code == 0x7f || code == 0x200e || code == 0x200f || (code >= 0x202a && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069);
}

/* The length of the UTF-8 character that begins here, or 0 when none does that may be shown. */
static size_t character_length(const unsigned char *at, size_t left)
{
    static const struct {
        unsigned char mask, mark;
        uint32_t least;
    } forms[] = {{0x80, 0x00, 0x20}, {0xe0, 0xc0, 0xa0}, {0xf0, 0xe0, 0x800}, {0xf8, 0xf0, 0x10000}};

    for (size_t length = 1; length <= COUNT_OF(forms); length++) {
        uint32_t code = at[0] & (unsigned char)~forms[length - 1].mask;
        if ((at[0] & forms[length - 1].mask) != forms[length - 1].mark)
            continue;
        if (length > left)
            return 0;
        for (size_t i = 1; i < length; i++) {
            if ((at[i] & 0xc0) != 0x80)
                return 0;
            code = code << 6 | (at[i] & 0x3f);
        }
        if (code < forms[length - 1].least || is_deceptive(code) || (code >= 0xd800 && code < 0xe000) || code > 0x10ffff)
            return 0;
        return length;
    }
    return 0;
}

bool shown_bytes(struct text bytes, char *out, size_t size)
{
    const unsigned char *at = (const unsigned char *)bytes.at;
    size_t done = 0, length = 0;
    bool whole = true;

    while (done < bytes.length) {
        size_t step = character_length(at + done, bytes.length - done);
        if (length + (step == 0 ? 1 : step) >= size) {
            whole = false;
            break;
        }
        if (step == 0) {
            out[length++] = '?';
            whole = false;
        } else {
            memcpy(out + length, at + done, step);
            length += step;
        }
        done += step == 0 ? 1 : step;
    }
    out[length] = '\0';
    return whole;
}

struct text age_text(struct arena *arena, int64_t age_ms)
{
    static const struct {
        int64_t unit_ms;
        char sign;
    } units[] = {{DLQ_DAY_MS, 'd'}, {DLQ_DAY_MS / 24, 'h'}, {60000, 'm'}};

    for (size_t i = 0; i < COUNT_OF(units); i++)
        if (age_ms >= 2 * units[i].unit_ms)
            return text_format(arena, "%" PRId64 "%c", age_ms / units[i].unit_ms, units[i].sign);
    return text_format(arena, "%" PRId64 "s", age_ms < 0 ? 0 : age_ms / 1000);
}

int64_t dlq_now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}
