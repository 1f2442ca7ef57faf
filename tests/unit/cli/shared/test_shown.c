/* Texts from outside play no tricks on a terminal. */
#include "shown.h"

#include <criterion/criterion.h>

static const struct {
    const char *text, *shown;
} rows[] = {
    {"", ""},
    {"plain", "plain"},
    {"Café ☕", "Café ☕"},
    {"\x1b[31mred", "?[31mred"},
    {"a\nb\x7f", "a?b?"},
    {"\xc2\x9b"
     "2J",
     "??2J"},
    {"\xc2", "?"},
    {"\xc2\xa0", "\xc2\xa0"},
    {"a\xe2\x80\xae"
     "b",
     "a???b"},
    {"\xff\xfe", "??"},
};

Test(shown, a_text_has_nothing_that_plays_tricks)
{
    CLEANUP(arena_destroy) struct arena *arena = arena_create();

    for (size_t i = 0; i < COUNT_OF(rows); i++)
        cr_expect(text_equals(shown_text(arena, text_of(rows[i].text)), text_of(rows[i].shown)), "%zu", i);
}

Test(shown, a_good_text_is_not_copied)
{
    CLEANUP(arena_destroy) struct arena *arena = arena_create();
    struct text good = TEXT("Café");

    cr_expect_eq(shown_text(arena, good).at, good.at);
    cr_expect_not(text_is_there(shown_text(arena, TEXT_NONE)));
}

Test(shown, bytes_are_made_fit_to_be_shown)
{
    static const struct {
        struct text bytes;
        const char *shown;
        bool whole;
    } cases[] = {
        {{"plain", 5}, "plain", true},
        {{"gr\xc3\xbc\xc3\x9f \xf0\x9f\x93\xa6", 11}, "gr\xc3\xbc\xc3\x9f \xf0\x9f\x93\xa6", true},
        {{"a\x1b[31m\nb", 8}, "a?[31m?b", false},
        {{"\xff\xc3", 2}, "??", false},
        {{"\xc2\x9b", 2}, "??", false},           /* the one-byte CSI of the second control set */
        {{"\xe2\x80\xae", 3}, "???", false},      /* turns the text around */
        {{"\xc0\x80", 2}, "??", false},           /* overlong */
        {{"\xed\xa0\x80", 3}, "???", false},      /* half of a pair */
        {{"\xf4\x90\x80\x80", 4}, "????", false}, /* beyond Unicode */
        {{"123456789012345", 15}, "123456789012345", true},
        {{"1234567890123456", 16}, "123456789012345", false},
        {{"12345678901234\xc3\xbc", 16}, "12345678901234", false}, /* not cut inside a character */
        {{NULL, 0}, "", true},
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char shown[16];
        cr_expect_eq(shown_bytes(cases[i].bytes, shown, sizeof(shown)), cases[i].whole, "%s", cases[i].shown);
        cr_expect_str_eq(shown, cases[i].shown);
    }
}
