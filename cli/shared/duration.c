#include "duration.h"

#include <inttypes.h>

enum { DAY, HOUR, MINUTE, SECOND, MILLISECOND };

static const struct unit {
    const char *name;
    int64_t ms;
} units[] = {
    [DAY] = {"d", DAY_MS}, [HOUR] = {"h", 3600000}, [MINUTE] = {"m", 60000}, [SECOND] = {"s", 1000}, [MILLISECOND] = {"ms", 1}};

/* ---- reading ---- */

/* The unit whose name is all of the letters here; NULL when there is none. */
static const struct unit *unit_at(const char *word)
{
    size_t length = strspn(word, "abcdefghijklmnopqrstuvwxyz");

    for (size_t i = 0; i < COUNT_OF(units); i++)
        if (strlen(units[i].name) == length && strncmp(word, units[i].name, length) == 0)
            return &units[i];
    return NULL;
}

/* Adds one number with its unit. Gives what follows; NULL when it is none, or its unit is not smaller than the one before. */
static const char *add_part(const char *word, const struct unit **unit, int64_t *sum_ms)
{
    size_t digits = strspn(word, "0123456789");
    const struct unit *next = unit_at(word + digits);
    int64_t number, ms;

    if (!text_to_number((struct text){word, digits}, &number) || next == NULL || (*unit != NULL && next <= *unit))
        return NULL;
    if (__builtin_mul_overflow(number, next->ms, &ms) || __builtin_add_overflow(*sum_ms, ms, sum_ms) || *sum_ms > DURATION_MAX_MS)
        return NULL;
    *unit = next;
    return word + digits + strlen(next->name);
}

/* False: no sum of parts, or nothing at all. */
static bool read_parts(const char *word, int64_t *out_ms)
{
    const struct unit *unit = NULL;

    *out_ms = 0;
    while (word != NULL && *word != '\0')
        word = add_part(word, &unit, out_ms);
    return word != NULL && unit != NULL;
}

bool duration_read(const char *word, int64_t least_ms, int64_t *out_ms)
{
    int64_t ms;

    if (text_to_number(text_of(word), &ms)) {
        if (ms < 0 || ms > DURATION_MAX_MS / units[SECOND].ms)
            return false;
        ms *= units[SECOND].ms;
    } else if (!read_parts(word, &ms)) {
        return false;
    }
    if (ms < least_ms)
        return false;
    *out_ms = ms;
    return true;
}

/* ---- showing ---- */

/* The largest unit of which there are so many; seconds when there is none. */
static size_t unit_for(int64_t ms, int64_t count)
{
    size_t unit = DAY;

    while (unit < SECOND && ms < count * units[unit].ms)
        unit++;
    return unit;
}

static struct text one_unit(struct arena *arena, int64_t ms, size_t unit)
{
    return text_format(arena, "%" PRId64 "%s", ms < 0 ? 0 : ms / units[unit].ms, units[unit].name);
}

struct text duration_text(struct arena *arena, int64_t ms)
{
    size_t unit = unit_for(ms, 1);

    if (unit == SECOND)
        return one_unit(arena, ms, unit);
    return text_format(arena, "%" PRId64 "%s %" PRId64 "%s", ms / units[unit].ms, units[unit].name,
                       ms % units[unit].ms / units[unit + 1].ms, units[unit + 1].name);
}

struct text age_text(struct arena *arena, int64_t ms) { return one_unit(arena, ms, unit_for(ms, 2)); }
