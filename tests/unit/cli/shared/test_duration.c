/* Spans of time as people write and read them. */
#include "duration.h"

#include <criterion/criterion.h>
#include <inttypes.h>

static const struct {
    const char *word;
    int64_t ms;
} good[] = {
    {"1ms", 1},
    {"90", 90000},
    {"315360000", DURATION_MAX_MS},
    {"90s", 90000},
    {"10m", 600000},
    {"2h", 7200000},
    {"1d", 86400000},
    {"1h30m", 5400000},
    {"0h5s", 5000},
    {"3650d", DURATION_MAX_MS},
};

static const char *const bad[] = {
    "",
    "0s",
    "0",
    "-10",
    "315360001",
    "s",
    "10 ",
    "10x",
    "10 m",
    " 10m",
    "10m ",
    "-10m",
    "1.5h",
    "30m1h",
    "1m1m",
    "10M",
    "3651d",
    "99999999999999999999s",
    "9223372036854775807d",
    "1h-5m",
};

Test(duration, reads_what_people_write)
{
    for (size_t i = 0; i < COUNT_OF(good); i++) {
        int64_t ms = -1;
        cr_expect(duration_read(good[i].word, 1, &ms), "%s", good[i].word);
        cr_expect_eq(ms, good[i].ms, "%s is %" PRId64, good[i].word, ms);
    }
}

Test(duration, refuses_everything_else)
{
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        int64_t ms = -1;
        cr_expect_not(duration_read(bad[i], 1, &ms), "%s", bad[i]);
        cr_expect_eq(ms, -1, "%s", bad[i]);
    }
}

Test(duration, shows_the_two_largest_units)
{
    static const struct {
        int64_t ms;
        const char *text;
    } shown[] = {{0, "0s"},        {-5, "0s"},         {999, "0s"},        {1000, "1s"},        {59999, "59s"},
                 {60000, "1m 0s"}, {725000, "12m 5s"}, {7260000, "2h 1m"}, {183600000, "2d 3h"}};
    CLEANUP(arena_destroy) struct arena *arena = arena_create();

    for (size_t i = 0; i < COUNT_OF(shown); i++) {
        struct text text = duration_text(arena, shown[i].ms);
        cr_expect(text_equals(text, text_of(shown[i].text)), "%.*s is not %s", TEXT_ARG(text), shown[i].text);
    }
}

Test(duration, may_be_nothing_where_that_makes_sense)
{
    static const char *const nothing[] = {"0", "0s", "0h0m"};

    for (size_t i = 0; i < COUNT_OF(nothing); i++) {
        int64_t ms = -1;
        cr_expect(duration_read(nothing[i], 0, &ms), "%s", nothing[i]);
        cr_expect_eq(ms, 0);
    }
    cr_expect_not(duration_read("", 0, &(int64_t){0}));
}

Test(duration, ages_are_short)
{
    static const struct {
        int64_t age_ms;
        const char *text;
    } cases[] = {{-5, "0s"},
                 {999, "0s"},
                 {119999, "119s"},
                 {120000, "2m"},
                 {7199999, "119m"},
                 {7200000, "2h"},
                 {2 * DAY_MS - 1, "47h"},
                 {2 * DAY_MS, "2d"},
                 {400 * DAY_MS, "400d"}};
    CLEANUP(arena_destroy) struct arena *arena = arena_create();

    for (size_t i = 0; i < COUNT_OF(cases); i++)
        cr_expect(text_equals(age_text(arena, cases[i].age_ms), text_of(cases[i].text)), "%s", cases[i].text);
}
