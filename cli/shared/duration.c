#include "duration.h"

#include <inttypes.h>

static const struct unit {
    const char *name;
    int64_t ms;
} units[] = {{"d", 86400000}, {"h", 3600000}, {"m", 60000}, {"s", 1000}, {"ms", 1}};

/* The unit whose name is all of the letters here; NULL when there is none. */
static const struct unit *unit_at(const char *word)
{
    size_t length = strspn(word, "abcdefghijklmnopqrstuvwxyz");

    for (size_t i = 0; i < COUNT_OF(units); i++)
        if (strlen(units[i].name) == length && strncmp(word, units[i].name, length) == 0)
            return &units[i];
    return NULL;
}

bool duration_read(const char *word, int64_t *out_ms)
{
    const struct unit *before = NULL;
    int64_t sum_ms = 0;

    while (*word != '\0') {
        size_t digits = strspn(word, "0123456789");
        const struct unit *unit = unit_at(word + digits);
        int64_t number, ms;

        if (!text_to_number((struct text){word, digits}, &number) || unit == NULL || (before != NULL && unit <= before))
            return false;
        if (__builtin_mul_overflow(number, unit->ms, &ms) || __builtin_add_overflow(sum_ms, ms, &sum_ms) ||
            sum_ms > DURATION_MAX_MS)
            return false;
        before = unit;
        word += digits + strlen(unit->name);
    }
    if (sum_ms == 0)
        return false;
    *out_ms = sum_ms;
    return true;
}

struct text duration_text(struct arena *arena, int64_t ms)
{
    size_t first = 0;

    while (first < 3 && ms < units[first].ms)
        first++;
    if (ms < units[first].ms)
        return TEXT("0s");
    if (first == 3)
        return text_format(arena, "%" PRId64 "s", ms / units[first].ms);
    return text_format(arena, "%" PRId64 "%s %" PRId64 "%s", ms / units[first].ms, units[first].name,
                       ms % units[first].ms / units[first + 1].ms, units[first + 1].name);
}
