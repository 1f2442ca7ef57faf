/* Texts from outside play no tricks on a terminal. */
#include "cli.h"

#include <criterion/criterion.h>

static const struct {
    const char *text, *shown;
} rows[] = {
    {"", ""}, {"plain", "plain"}, {"Café ☕", "Café ☕"}, {"\x1b[31mred", "?[31mred"}, {"a\nb\x7f", "a?b?"}, {"\xc2\x9b" "2J", "??2J"},
    {"\xc2", "\xc2"}, {"\xc2\xa0", "\xc2\xa0"},
};

Test(shown_text, has_no_control_characters)
{
    CLEANUP(arena_destroy) struct arena *arena = arena_create();

    for (size_t i = 0; i < COUNT_OF(rows); i++)
        cr_expect(text_equals(shown_text(arena, text_of(rows[i].text)), text_of(rows[i].shown)), "%zu", i);
}
