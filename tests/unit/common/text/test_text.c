#include "text.h"

#include <criterion/criterion.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>

static struct arena *arena;

static void set_up(void) { arena = arena_create(); }
static void tear_down(void) { arena_destroy(arena); }
TestSuite(text, .init = set_up, .fini = tear_down);

#define BYTES(literal) ((struct text){(literal), sizeof(literal) - 1})
#define EXPECT_TEXT(got, wanted) expect_text((got), (wanted), __LINE__)

static void expect_text(struct text got, struct text wanted, int line)
{
    cr_expect(text_equals(got, wanted), "line %d: got <%.*s>, wanted <%.*s>", line, TEXT_ARG(got), TEXT_ARG(wanted));
}

Test(text, absent_and_empty_are_told_apart_but_equal)
{
    cr_expect_not(text_is_there(TEXT_NONE));
    cr_expect(text_is_there(TEXT("")));
    cr_expect(text_is_there(text_of("")));
    cr_expect_not(text_is_there(text_of(NULL)));
    cr_expect(text_equals(TEXT_NONE, TEXT("")));
    cr_expect_not(text_equals(TEXT_NONE, TEXT("a")));
}

Test(text, equal_means_the_same_bytes)
{
    cr_expect(text_equals(BYTES("a\0b"), BYTES("a\0b")));
    cr_expect_not(text_equals(BYTES("a\0b"), BYTES("a\0c")));
    cr_expect_not(text_equals(TEXT("abc"), TEXT("ab")));
    cr_expect(text_equals(text_of("abc"), TEXT("abc")));
}

static const struct {
    struct text text, prefix;
    bool begins;
} beginnings[] = {
    {TEXT("tok_visa"), TEXT("tok_"), true},
    {TEXT("tok_"), TEXT("tok_"), true},
    {TEXT("tok"), TEXT("tok_"), false},
    {TEXT("xtok_"), TEXT("tok_"), false},
    {TEXT(""), TEXT(""), true},
    {TEXT("a"), TEXT(""), true},
    {{NULL, 0}, TEXT(""), true},
    {{NULL, 0}, TEXT("a"), false},
    {TEXT("a"), {NULL, 0}, true},
};

Test(text, a_text_begins_with_its_prefix)
{
    for (size_t i = 0; i < COUNT_OF(beginnings); i++)
        cr_expect_eq(text_begins(beginnings[i].text, beginnings[i].prefix), beginnings[i].begins, "row %zu", i);
}

Test(text, a_copy_is_its_own_and_ends_with_a_nul)
{
    char original[] = "ORD-1";
    const struct text copy = text_copy(arena, text_of(original));

    memset(original, 'x', 5);
    cr_expect_str_eq(copy.at, "ORD-1");
    cr_expect_eq(copy.length, 5);
    EXPECT_TEXT(text_copy(arena, BYTES("a\0b")), BYTES("a\0b"));
    cr_expect(text_is_there(text_copy(arena, TEXT(""))));
    cr_expect_not(text_is_there(text_copy(arena, TEXT_NONE)));
}

static const struct {
    struct text text;
    int64_t number;
} numbers[] = {
    {TEXT("0"), 0},
    {TEXT("-0"), 0},
    {TEXT("7"), 7},
    {TEXT("007"), 7},
    {TEXT("-12"), -12},
    {TEXT("9223372036854775807"), INT64_MAX},
    {TEXT("-9223372036854775808"), INT64_MIN},
    {TEXT("00000000000000000000000000000000000000001"), 1},
};

Test(text, numbers_are_read)
{
    for (size_t i = 0; i < COUNT_OF(numbers); i++) {
        int64_t number = 99;
        cr_expect(text_to_number(numbers[i].text, &number), "%s", numbers[i].text.at);
        cr_expect_eq(number, numbers[i].number, "%s", numbers[i].text.at);
    }
}

static const struct text not_numbers[] = {
    TEXT(""),
    TEXT("-"),
    TEXT("+1"),
    TEXT(" 1"),
    TEXT("1 "),
    TEXT("1.0"),
    TEXT("1e3"),
    TEXT("0x1"),
    TEXT("--1"),
    TEXT("1-"),
    TEXT("a"),
    TEXT("9223372036854775808"),
    TEXT("-9223372036854775809"),
    TEXT("18446744073709551616"),
    TEXT("99999999999999999999999"),
    {"1\0", 2},
    {NULL, 0},
    TEXT("/"),
    TEXT(":"),
    TEXT("\xB2"),
};

Test(text, what_is_no_number_is_refused_and_changes_nothing)
{
    for (size_t i = 0; i < COUNT_OF(not_numbers); i++) {
        int64_t number = 99;
        cr_expect_not(text_to_number(not_numbers[i], &number), "row %zu", i);
        cr_expect_eq(number, 99, "row %zu", i);
    }
}

Test(text, a_number_out_of_its_limits_is_refused_and_changes_nothing)
{
    int64_t number = 99;

    cr_expect_not(text_to_number_between(TEXT("0"), 1, 3, &number));
    cr_expect_not(text_to_number_between(TEXT("4"), 1, 3, &number));
    cr_expect_not(text_to_number_between(TEXT("x"), 1, 3, &number));
    cr_expect_eq(number, 99);
    cr_expect(text_to_number_between(TEXT("1"), 1, 3, &number));
    cr_expect_eq(number, 1);
    cr_expect(text_to_number_between(TEXT("3"), 1, 3, &number));
    cr_expect_eq(number, 3);
}

Test(text, a_text_is_split_at_the_first_separator)
{
    struct text rest = TEXT("a=b=c"), part;

    cr_expect(text_split(&rest, '=', &part));
    cr_expect(text_equals(part, TEXT("a")));
    cr_expect(text_equals(rest, TEXT("b=c")));
    rest = TEXT("=");
    cr_expect(text_split(&rest, '=', &part));
    cr_expect(part.length == 0 && rest.length == 0);
    rest = TEXT("plain");
    cr_expect_not(text_split(&rest, '=', &part));
    cr_expect(text_equals(part, TEXT("plain")));
    cr_expect(text_equals(rest, TEXT("plain")));
    rest = TEXT_NONE;
    cr_expect_not(text_split(&rest, '=', &part));
    cr_expect_not(text_is_there(part));
}

Test(text, the_hash_is_fnv_1a)
{
    /* The published vectors: the partition of a timer must not change with a build. */
    cr_expect_eq(text_hash(TEXT("")), UINT64_C(0xcbf29ce484222325));
    cr_expect_eq(text_hash(TEXT("a")), UINT64_C(0xaf63dc4c8601ec8c));
    cr_expect_eq(text_hash(TEXT("foobar")), UINT64_C(0x85944171f73967e8));
    cr_expect_eq(text_hash(TEXT("\xff")), (UINT64_C(0xcbf29ce484222325) ^ 0xff) * UINT64_C(0x100000001b3));
}

Test(text, an_empty_buffer_is_an_empty_text)
{
    const struct buffer none = buffer_in(arena, 0), some = buffer_in(arena, 10);

    cr_expect(text_is_there(buffer_text(&none)));
    EXPECT_TEXT(buffer_text(&none), TEXT(""));
    EXPECT_TEXT(buffer_text(&some), TEXT(""));
}

Test(text, a_buffer_grows_with_what_is_added_whatever_was_guessed)
{
    static const size_t guesses[] = {0, 1, 7, 100000};

    for (size_t guess = 0; guess < COUNT_OF(guesses); guess++) {
        struct buffer buffer = buffer_in(arena, guesses[guess]);
        for (int i = 0; i < 10000; i++) {
            buffer_add(&buffer, (struct text){(char[]){(char)('a' + i % 26)}, 1});
            buffer_add(&buffer, TEXT_NONE);
        }
        cr_assert_eq(buffer_text(&buffer).length, 10000);
        for (size_t i = 0; i < 10000; i++)
            cr_assert_eq(buffer_text(&buffer).at[i], 'a' + (char)(i % 26), "byte %zu", i);
    }
}

Test(text, a_buffer_takes_a_megabyte_at_once)
{
    char *much = arena_take(arena, 1 << 20);
    struct buffer buffer = buffer_in(arena, 3);

    memset(much, 'x', 1 << 20);
    buffer_add(&buffer, TEXT("<"));
    buffer_add(&buffer, (struct text){much, 1 << 20});
    buffer_add(&buffer, TEXT(">"));
    const struct text all = buffer_text(&buffer);
    cr_assert_eq(all.length, (1 << 20) + 2);
    cr_expect(all.at[0] == '<' && all.at[all.length - 1] == '>' && memcmp(all.at + 1, much, 1 << 20) == 0);
}

Test(text, numbers_are_written_as_printf_does)
{
    static const int64_t values[] = {0, 1, -1, 9, 10, -10, 1999, INT64_MAX, INT64_MIN, INT32_MIN, 1000000000000};

    for (size_t i = 0; i < COUNT_OF(values); i++) {
        struct buffer buffer = buffer_in(arena, 0);
        char wanted[32];
        snprintf(wanted, sizeof(wanted), "%" PRId64, values[i]);
        buffer_add_number(&buffer, values[i]);
        EXPECT_TEXT(buffer_text(&buffer), text_of(wanted));
    }
}

Test(text, formats_of_any_length_are_appended_whole)
{
    struct buffer buffer = buffer_in(arena, 4);

    buffer_add_format(&buffer, "%s", "");
    EXPECT_TEXT(buffer_text(&buffer), TEXT(""));
    buffer_add_format(&buffer, "%d-%s", 12, "abc");
    EXPECT_TEXT(buffer_text(&buffer), TEXT("12-abc"));
    buffer_add_format(&buffer, "%0300d", 7);
    cr_expect_eq(buffer_text(&buffer).length, 306);
    cr_expect_eq(buffer_text(&buffer).at[305], '7');
    EXPECT_TEXT(text_format(arena, "%s/%s", "ORD-1", "order.validate"), TEXT("ORD-1/order.validate"));
    EXPECT_TEXT(text_format(arena, "%s", ""), TEXT(""));
}

static const struct {
    struct text text;
    struct text json;
} strings[] = {
    {TEXT(""), TEXT("\"\"")},
    {TEXT("plain"), TEXT("\"plain\"")},
    {TEXT("\""), TEXT("\"\\\"\"")},
    {TEXT("\\"), TEXT("\"\\\\\"")},
    {TEXT("a\"b\\c"), TEXT("\"a\\\"b\\\\c\"")},
    {TEXT("\b\f\n\r\t"), TEXT("\"\\b\\f\\n\\r\\t\"")},
    {BYTES("\0"), TEXT("\"\\u0000\"")},
    {TEXT("\x01\x1f"), TEXT("\"\\u0001\\u001f\"")},
    {TEXT("\x7f/"), TEXT("\"\x7f/\"")},
    {TEXT("Torino è 😀"), TEXT("\"Torino è 😀\"")},
    {TEXT("\n\n"), TEXT("\"\\n\\n\"")},
    {{NULL, 0}, TEXT("\"\"")},
};

Test(text, json_strings_escape_what_json_does_not_take)
{
    for (size_t i = 0; i < COUNT_OF(strings); i++) {
        struct buffer buffer = buffer_in(arena, 0);
        buffer_add_json_string(&buffer, strings[i].text);
        EXPECT_TEXT(buffer_text(&buffer), strings[i].json);
    }
}

/* ---- characters ---- */

static const struct {
    const char *text;
    size_t characters;
    const char *first_two;
} characters[] = {
    {"", 0, ""},
    {"a", 1, "a"},
    {"ab", 2, "ab"},
    {"abc", 3, "ab"},
    {"\u00e8\u00e8\u00e8", 3, "\u00e8\u00e8"},
    {"\u65e5\u672c\u8a9e", 3, "\u65e5\u672c"},
    {"\U0001f600a\U0001f600", 3, "\U0001f600a"},
    {"e\u0301x", 3, "e\u0301"}, /* two code points that look like one */
};

Test(text, characters_are_counted_and_cut_whole)
{
    for (size_t i = 0; i < COUNT_OF(characters); i++) {
        cr_expect_eq(text_characters(text_of(characters[i].text)), characters[i].characters, "%s", characters[i].text);
        EXPECT_TEXT(text_cut(text_of(characters[i].text), 2), text_of(characters[i].first_two));
        EXPECT_TEXT(text_cut(text_of(characters[i].text), 3), text_of(characters[i].text));
        EXPECT_TEXT(text_cut(text_of(characters[i].text), 0), TEXT(""));
    }
    cr_expect_eq(text_characters(TEXT_NONE), 0);
    cr_expect_not(text_is_there(text_cut(TEXT_NONE, 5)));
    cr_expect(text_is_there(text_cut(TEXT("a"), 0)));
}

Test(text, a_byte_order_mark_is_no_part_of_a_text)
{
    EXPECT_TEXT(text_without_mark(TEXT("\xEF\xBB\xBF{}")), TEXT("{}"));
    EXPECT_TEXT(text_without_mark(TEXT("\xEF\xBB\xBF")), TEXT(""));
    EXPECT_TEXT(text_without_mark(TEXT("{}\xEF\xBB\xBF")), TEXT("{}\xEF\xBB\xBF"));
    EXPECT_TEXT(text_without_mark(TEXT("\xEF\xBB")), TEXT("\xEF\xBB"));
    EXPECT_TEXT(text_without_mark(TEXT_NONE), TEXT(""));
}

Test(text, wide_characters_are_told_from_utf_8)
{
    static const struct text wide[] = {
        BYTES("\xFF\xFE{\0"),  BYTES("\xFE\xFF\0{"), BYTES("\xFF\xFE\0\0"),
        BYTES("\0\0\xFE\xFF"), BYTES("{\0}\0"),      BYTES("\0{\0}"),
    };
    static const struct text narrow[] = {TEXT(""), TEXT("{}"), TEXT("\xEF\xBB\xBF{}"), TEXT("\xFF"), TEXT("{"), {NULL, 0}};

    for (size_t i = 0; i < COUNT_OF(wide); i++)
        cr_expect(text_is_wide(wide[i]), "%zu", i);
    for (size_t i = 0; i < COUNT_OF(narrow); i++)
        cr_expect_not(text_is_wide(narrow[i]), "%zu", i);
}

Test(text, what_surrounds_a_line_is_taken_off)
{
    EXPECT_TEXT(text_without_blanks(TEXT("  {\"a\": 1}\t \r\n")), TEXT("{\"a\": 1}"));
    EXPECT_TEXT(text_without_blanks(TEXT(" \t\r\n")), TEXT(""));
    EXPECT_TEXT(text_without_blanks(TEXT("")), TEXT(""));
    EXPECT_TEXT(text_without_blanks(TEXT_NONE), TEXT(""));
}
