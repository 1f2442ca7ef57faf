#include "age.h"

#define SECONDS_LENGTH 19 /* of "2026-01-31T09:30:00" */
#define OFFSET_LENGTH 6   /* of "+02:00" */
#define MINUTE_MS 60000

static bool is_digit(char byte) { return byte >= '0' && byte <= '9'; }

/* Two digits at a place of an offset, or -1. */
static int64_t two_digits(const char *at) { return is_digit(at[0]) && is_digit(at[1]) ? (at[0] - '0') * 10 + (at[1] - '0') : -1; }

/* Z, or +hh:mm, or -hh:mm. */
static bool read_offset(struct text text, int64_t *out_ms)
{
    int64_t hours, minutes;

    if (text_equals(text, TEXT("Z")) || text_equals(text, TEXT("z"))) {
        *out_ms = 0;
        return true;
    }
    if (text.length != OFFSET_LENGTH || (text.at[0] != '+' && text.at[0] != '-') || text.at[3] != ':')
        return false;
    hours = two_digits(text.at + 1);
    minutes = two_digits(text.at + 4);
    if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59)
        return false;
    *out_ms = (hours * 60 + minutes) * MINUTE_MS * (text.at[0] == '-' ? -1 : 1);
    return true;
}

bool age_read_rfc3339(struct text text, int64_t *out_time_ms)
{
    char plain[TIME_SIZE] = "0000-00-00T00:00:00.000Z";
    size_t end = SECONDS_LENGTH;
    int64_t time_ms, offset_ms;

    if (text.length <= SECONDS_LENGTH)
        return false;
    memcpy(plain, text.at, SECONDS_LENGTH);
    if (plain[10] == 't' || plain[10] == ' ')
        plain[10] = 'T';
    if (text.at[end] == '.') { /* what is finer than milliseconds is cut */
        for (end++; end < text.length && is_digit(text.at[end]); end++)
            if (end <= SECONDS_LENGTH + 3)
                plain[end] = text.at[end];
        if (end == SECONDS_LENGTH + 1)
            return false;
    }
    if (!read_offset((struct text){text.at + end, text.length - end}, &offset_ms) ||
        !time_read((struct text){plain, TIME_SIZE - 1}, &time_ms))
        return false;
    *out_time_ms = time_ms - offset_ms;
    return true;
}

static bool is_number(struct text text, int64_t least, int64_t *out_number)
{
    return text_is_there(text) && text_to_number(text, out_number) && *out_number >= least;
}

int64_t age_made_ms(int64_t record_ms, const struct age_headers *headers)
{
    int64_t made_ms = record_ms, redrives, told_ms;

    if (is_number(headers->dlq_redrives, 0, &redrives) && is_number(headers->dlq_timestamp, 1, &told_ms) && told_ms < made_ms)
        made_ms = told_ms;
    if (text_is_there(headers->ce_time) && age_read_rfc3339(headers->ce_time, &told_ms) && told_ms < made_ms)
        made_ms = told_ms;
    return made_ms;
}
