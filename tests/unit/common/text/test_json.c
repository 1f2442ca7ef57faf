#include "json_build.h"

#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdio.h>

static struct arena *arena;

static void set_up(void) { arena = arena_create(); }
static void tear_down(void) { arena_destroy(arena); }
TestSuite(json, .init = set_up, .fini = tear_down);

/* Also for texts with a '\0' inside. */
#define BYTES(literal)                                                                                                           \
    {                                                                                                                            \
        (literal), sizeof(literal) - 1                                                                                           \
    }
#define EXPECT_TEXT(got, wanted) expect_text((got), (wanted), __LINE__)

static void expect_text(struct text got, struct text wanted, int line)
{
    cr_expect(text_is_there(got) == text_is_there(wanted) && text_equals(got, wanted), "line %d: got <%.*s>, wanted <%.*s>", line,
              TEXT_ARG(got), TEXT_ARG(wanted));
}

/* What a text reads as; the test ends when it is refused. */
static const struct json *read_good(struct text bytes)
{
    const struct json *root = NULL;

    cr_assert_eq(json_read(arena, bytes, &root), STATUS_OK, "refused: %.*s", TEXT_ARG(bytes));
    return root;
}

static bool is_refused(struct text bytes)
{
    const struct json *root = NULL;

    return json_read(arena, bytes, &root) == STATUS_BAD_MESSAGE && root == NULL;
}

/* A copy in memory of exactly its size, so that the sanitizer sees a byte read too far. */
static bool is_refused_alone(struct text bytes)
{
    char *copy = malloc(bytes.length + 1);
    const char *from = copy + 1; /* not aligned either */

    memcpy(copy + 1, bytes.at, bytes.length);
    const bool refused = is_refused((struct text){from, bytes.length});
    free(copy);
    return refused;
}

static struct text repeated(const char *part, size_t times)
{
    struct buffer buffer = buffer_in(arena, strlen(part) * times);

    for (size_t i = 0; i < times; i++)
        buffer_add(&buffer, text_of(part));
    return buffer_text(&buffer);
}

static struct text joined(struct text a, struct text b, struct text c)
{
    struct buffer buffer = buffer_in(arena, a.length + b.length + c.length);

    buffer_add(&buffer, a);
    buffer_add(&buffer, b);
    buffer_add(&buffer, c);
    return buffer_text(&buffer);
}

/* ---- what is JSON, and what is not ---- */

static const struct {
    struct text text;
    enum json_value_type type;
} good[] = {
    {BYTES("null"), JSON_NULL},
    {BYTES("true"), JSON_TRUE},
    {BYTES("false"), JSON_FALSE},
    {BYTES("0"), JSON_INTEGER},
    {BYTES("-0"), JSON_INTEGER},
    {BYTES("7"), JSON_INTEGER},
    {BYTES("-7"), JSON_INTEGER},
    {BYTES("10"), JSON_INTEGER},
    {BYTES("1234567890123456789012345678901234567890"), JSON_INTEGER},
    {BYTES("0.0"), JSON_DECIMAL},
    {BYTES("-0.0"), JSON_DECIMAL},
    {BYTES("2.0"), JSON_DECIMAL},
    {BYTES("0.123"), JSON_DECIMAL},
    {BYTES("1e2"), JSON_DECIMAL},
    {BYTES("1E2"), JSON_DECIMAL},
    {BYTES("1e+2"), JSON_DECIMAL},
    {BYTES("1e-2"), JSON_DECIMAL},
    {BYTES("0e0"), JSON_DECIMAL},
    {BYTES("1e0001"), JSON_DECIMAL},
    {BYTES("-1.5E+300"), JSON_DECIMAL},
    {BYTES("1e999999"), JSON_DECIMAL},
    {BYTES("\"\""), JSON_STRING},
    {BYTES("\"a\""), JSON_STRING},
    {BYTES("\"eight888\""), JSON_STRING},
    {BYTES("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\""), JSON_STRING},
    {BYTES("\"\\u0041\""), JSON_STRING},
    {BYTES("\"\\u00e9\\u00E9\""), JSON_STRING},
    {BYTES("\"\\u0000\""), JSON_STRING},
    {BYTES("\"\\uD7FF\\uE000\\uFFFF\""), JSON_STRING},
    {BYTES("\"\\ud83d\\ude00\""), JSON_STRING},
    {BYTES("\"\\uDBFF\\uDFFF\""), JSON_STRING},
    {BYTES("\"\x7f\""), JSON_STRING},
    {BYTES("\"è\""), JSON_STRING},
    {BYTES("\"€\""), JSON_STRING},
    {BYTES("\"😀\""), JSON_STRING},
    {BYTES("\"\xC2\x80\""), JSON_STRING},
    {BYTES("\"\xDF\xBF\""), JSON_STRING},
    {BYTES("\"\xE0\xA0\x80\""), JSON_STRING},
    {BYTES("\"\xED\x9F\xBF\""), JSON_STRING},
    {BYTES("\"\xEE\x80\x80\""), JSON_STRING},
    {BYTES("\"\xEF\xBF\xBF\""), JSON_STRING},
    {BYTES("\"\xF0\x90\x80\x80\""), JSON_STRING},
    {BYTES("\"\xF4\x8F\xBF\xBF\""), JSON_STRING},
    {BYTES("\"\xEF\xBB\xBF\""), JSON_STRING},
    {BYTES("[]"), JSON_ARRAY},
    {BYTES("[ ]"), JSON_ARRAY},
    {BYTES("[1]"), JSON_ARRAY},
    {BYTES("[1,2]"), JSON_ARRAY},
    {BYTES("[[],{},[[]]]"), JSON_ARRAY},
    {BYTES("[true,false,null]"), JSON_ARRAY},
    {BYTES("{}"), JSON_OBJECT},
    {BYTES("{ }"), JSON_OBJECT},
    {BYTES("{\"\":0}"), JSON_OBJECT},
    {BYTES("{\"a\":1}"), JSON_OBJECT},
    {BYTES("{\"a\":1,\"b\":2}"), JSON_OBJECT},
    {BYTES("{\"a\":1,\"A\":2}"), JSON_OBJECT},
    {BYTES("{\"a\":{\"a\":{\"a\":1}}}"), JSON_OBJECT},
    {BYTES("[{\"a\":1},{\"a\":1}]"), JSON_ARRAY},
    {BYTES("{\"\\u0000\":1,\"\":2}"), JSON_OBJECT},
    {BYTES(" \t\r\n1 \t\r\n"), JSON_INTEGER},
    {BYTES("\n{\r\n\t\"a\" \n:\t1 ,\r\"b\"\n:\n[\n1\n,\n2\n]\n}\n"), JSON_OBJECT},
};

Test(json, strict_json_is_read)
{
    for (size_t i = 0; i < COUNT_OF(good); i++)
        cr_expect_eq(read_good(good[i].text)->type, good[i].type, "%s", good[i].text.at);
}

static const struct text bad[] = {
    /* nothing, or too much */
    BYTES(""),
    BYTES(" "),
    BYTES("\n\t\r "),
    BYTES("1 2"),
    BYTES("1,"),
    BYTES("{}{}"),
    BYTES("[]]"),
    BYTES("{}}"),
    BYTES("null null"),
    BYTES("1\0"),
    BYTES("\0"
          "1"),
    BYTES("\"a\"\"b\""),
    BYTES("{}x"),
    BYTES("\xEF\xBB\xBF{}"),
    BYTES("1\f"),
    BYTES("\v1"),
    BYTES("\xC2\xA0"
          "1"),
    /* words */
    BYTES("nul"),
    BYTES("nulll"),
    BYTES("NULL"),
    BYTES("True"),
    BYTES("tru"),
    BYTES("truee"),
    BYTES("fals"),
    BYTES("undefined"),
    BYTES("a"),
    BYTES("NaN"),
    BYTES("nan"),
    BYTES("Infinity"),
    BYTES("-Infinity"),
    BYTES("inf"),
    BYTES("t"),
    BYTES("n"),
    /* numbers */
    BYTES("-"),
    BYTES("+1"),
    BYTES("01"),
    BYTES("-01"),
    BYTES("00"),
    BYTES("1."),
    BYTES(".5"),
    BYTES("-.5"),
    BYTES("1.e5"),
    BYTES("1e"),
    BYTES("1e+"),
    BYTES("1E-"),
    BYTES("1e5.0"),
    BYTES("1.2.3"),
    BYTES("0x10"),
    BYTES("1a"),
    BYTES("--1"),
    BYTES("- 1"),
    BYTES("1e 5"),
    BYTES("1_000"),
    BYTES("1,5"),
    BYTES("\xD9\xA1"),
    BYTES("0e"),
    BYTES("-a"),
    BYTES("1\x80"),
    /* arrays */
    BYTES("["),
    BYTES("]"),
    BYTES("[1"),
    BYTES("[1,"),
    BYTES("[,]"),
    BYTES("[1,]"),
    BYTES("[,1]"),
    BYTES("[1,,2]"),
    BYTES("[1 2]"),
    BYTES("[1}"),
    BYTES("[1:2]"),
    BYTES("[\"a\""),
    BYTES("[[]"),
    BYTES("(1)"),
    BYTES("[1;2]"),
    /* objects */
    BYTES("{"),
    BYTES("}"),
    BYTES("{\"a\"}"),
    BYTES("{\"a\":}"),
    BYTES("{\"a\":1"),
    BYTES("{\"a\":1,}"),
    BYTES("{,}"),
    BYTES("{,\"a\":1}"),
    BYTES("{\"a\" 1}"),
    BYTES("{\"a\"=1}"),
    BYTES("{a:1}"),
    BYTES("{'a':1}"),
    BYTES("{1:1}"),
    BYTES("{null:1}"),
    BYTES("{\"a\":1 \"b\":2}"),
    BYTES("{\"a\":1]"),
    BYTES("{\"a\"::1}"),
    BYTES("{\"a\":1,,\"b\":2}"),
    BYTES("{[]:1}"),
    BYTES("{\"a\":1;\"b\":2}"),
    BYTES("{:1}"),
    BYTES("{\"a\""),
    BYTES("{\"a\":"),
    BYTES("{\"a\",\"b\"}"),
    /* comments are not JSON */
    BYTES("/**/1"),
    BYTES("1//x"),
    BYTES("{\"a\":1/*x*/}"),
    BYTES("#\n1"),
    /* strings */
    BYTES("\""),
    BYTES("\"a"),
    BYTES("'a'"),
    BYTES("\"\\\""),
    BYTES("\"\\"),
    BYTES("\"\\x41\""),
    BYTES("\"\\a\""),
    BYTES("\"\\'\""),
    BYTES("\"\\0\""),
    BYTES("\"\\\0\""),
    BYTES("\"\\U0041\""),
    BYTES("\"\\N\""),
    BYTES("\"\\ \""),
    BYTES("\"a\nb\""),
    BYTES("\"\\\n\""),
    BYTES("\"eight88\\\""),
    BYTES("`a`"),
    /* \uXXXX */
    BYTES("\"\\u\""),
    BYTES("\"\\u0\""),
    BYTES("\"\\u00\""),
    BYTES("\"\\u004\""),
    BYTES("\"\\u004"),
    BYTES("\"\\u0041"),
    BYTES("\"\\u00g1\""),
    BYTES("\"\\u 041\""),
    BYTES("\"\\u+041\""),
    BYTES("\"\\u-041\""),
    BYTES("\"\\u{41}\""),
    BYTES("\"\\u004\xC3\xA9\""),
    BYTES("\"\\u004`\""),
    BYTES("\"\\u004@\""),
    BYTES("\"\\u004/\""),
    BYTES("\"\\u004:\""),
    BYTES("\"\\u\020041\""),
    /* half of a surrogate pair */
    BYTES("\"\\ud800\""),
    BYTES("\"\\uDBFF\""),
    BYTES("\"\\udc00\""),
    BYTES("\"\\uDFFF\""),
    BYTES("\"\\ud83d\\u0041\""),
    BYTES("\"\\ud83dx\""),
    BYTES("\"\\ud83d\\n\""),
    BYTES("\"\\ude00\\ud83d\""),
    BYTES("\"\\ud83d\\ud83d\""),
    BYTES("\"\\ud83d\\ue000\""),
    BYTES("\"\\ud83d\\ude0"),
    BYTES("\"\\ud83d\\ude00"),
    BYTES("\"\\ud83d\\ud83d\\ude00\""),
    BYTES("\"\\ud83d\\u\""),
    BYTES("\"\\ud83d\\xde00\""),
    BYTES("\"\\ud83d\""),
    BYTES("\"\\ud83d \\ude00\""),
    BYTES("\"\\ud83d\\uxxxx\""),
    /* not UTF-8: a tail alone, no tail, overlong, surrogates, above U+10FFFF, other charsets */
    BYTES("\"\x80\""),
    BYTES("\"\xBF\""),
    BYTES("\"\xC3\""),
    BYTES("\"\xC3"),
    BYTES("\"\xE2\x82\""),
    BYTES("\"\xE2\x82"),
    BYTES("\"\xF0\x9F\x98\""),
    BYTES("\"\xC0\x80\""),
    BYTES("\"\xC0\xAF\""),
    BYTES("\"\xC1\xBF\""),
    BYTES("\"\xE0\x80\xAF\""),
    BYTES("\"\xE0\x9F\xBF\""),
    BYTES("\"\xF0\x80\x80\xAF\""),
    BYTES("\"\xF0\x8F\xBF\xBF\""),
    BYTES("\"\xED\xA0\x80\""),
    BYTES("\"\xED\xBF\xBF\""),
    BYTES("\"\xED\xA0\xBD\xED\xB8\x80\""),
    BYTES("\"\xF4\x90\x80\x80\""),
    BYTES("\"\xF5\x80\x80\x80\""),
    BYTES("\"\xF8\x88\x80\x80\x80\""),
    BYTES("\"\xFE\""),
    BYTES("\"\xFF\""),
    BYTES("\"caf\xE9\""),
    BYTES("\"\xE2\x28\xA1\""),
    BYTES("\"\xF0\x28\x8C\xBC\""),
    BYTES("\xFF\xFE{\0}\0"),
    BYTES("{\"\xC0\xAF\":1}"),
    BYTES("\"\xC3\\u00a9\""),
    /* a member twice */
    BYTES("{\"a\":1,\"a\":1}"),
    BYTES("{\"a\":1,\"b\":2,\"a\":3}"),
    BYTES("{\"\":1,\"\":2}"),
    BYTES("{\"a\":1,\"\\u0061\":2}"),
    BYTES("{\"\\u0061\":1,\"a\":2}"),
    BYTES("{\"\\u0061\":1,\"\\u0061\":2}"),
    BYTES("{\"/\":1,\"\\/\":2}"),
    BYTES("{\"\\n\":1,\"\\u000A\":2}"),
    BYTES("{\"😀\":1,\"\\ud83d\\uDE00\":2}"),
    BYTES("{\"\\u0000\":1,\"\\u0000\":2}"),
    BYTES("[{\"a\":1},{\"b\":1,\"b\":2}]"),
    BYTES("{\"x\":{\"a\":[],\"a\":[]}}"),
    BYTES("{\"order\\u0049d\":\"A\",\"orderId\":\"B\"}"),
};

Test(json, everything_else_is_refused)
{
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        cr_expect(is_refused_alone(bad[i]), "row %zu was read: %.*s", i, TEXT_ARG(bad[i]));
}

/* These are no documents, but may stand between brackets. */
static bool is_good_inside(struct text text)
{
    return strspn(text.at, " \n\t\r") == text.length || text_equals(text, TEXT("1,5"));
}

Test(json, what_is_bad_alone_is_bad_inside)
{
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        cr_expect_neq(is_refused(joined(TEXT("["), bad[i], TEXT("]"))), is_good_inside(bad[i]), "row %zu: %.*s", i,
                      TEXT_ARG(bad[i]));
}

Test(json, what_is_bad_alone_is_bad_as_a_member)
{
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        cr_expect(is_refused(joined(TEXT("{\"k\":"), bad[i], TEXT("}"))), "row %zu: %.*s", i, TEXT_ARG(bad[i]));
}

static const struct text story =
    TEXT("{\"orderId\":\"ORD-1001\",\"n\\u006fte\":\"caff\u00e8 \\ud83d\\ude00 \xF0\x9F\x98\x80 \\\"x\\\"\","
         "\"items\":[{\"quantity\":-12.50e+3,\"ok\":true},{},[],null,false]}");

Test(json, no_beginning_of_a_document_is_a_document)
{
    read_good(story);
    for (size_t length = 0; length < story.length; length++)
        cr_expect(is_refused_alone((struct text){story.at, length}), "%zu bytes", length);
}

Test(json, control_characters_in_strings_are_refused_wherever_they_stand)
{
    /* Lengths around those in which eight bytes are looked at at once. */
    for (size_t length = 1; length <= 33; length++)
        for (size_t place = 0; place < length; place++)
            for (int byte = 0; byte < 256; byte++) {
                char text[40];
                memset(text, 'x', sizeof(text));
                text[0] = text[length + 1] = '"';
                text[place + 1] = (char)byte;
                const bool wanted = byte < 0x20 || byte == '"' || byte >= 0x80 || (byte == '\\');
                cr_assert_eq(is_refused_alone((struct text){text, length + 2}), wanted, "byte %d at %zu of %zu", byte, place,
                             length);
            }
}

Test(json, a_string_ends_at_its_own_quote_whatever_its_length)
{
    for (size_t length = 0; length <= 40; length++) {
        struct text text = joined(TEXT("[\""), repeated("x", length), TEXT("\",\"y\"]"));
        const struct json *first = json_first(read_good(text));
        cr_expect_eq(first->length, length + 2);
        EXPECT_TEXT(json_raw(json_next(first)), TEXT("\"y\""));
    }
}

static size_t accepted_strings(const unsigned char *bytes, size_t length)
{
    char text[8] = {'"'};
    const struct json *root;

    memcpy(text + 1, bytes, length);
    text[length + 1] = '"';
    return json_read(arena, (struct text){text, length + 2}, &root) == STATUS_OK;
}

Test(json, of_all_short_byte_sequences_just_utf8_is_read)
{
    static const unsigned char edges[] = {0x00, 0x22, 0x7F, 0x80, 0xBF, 0xC0, 0xFF};
    size_t two = 0, three = 0, four = 0;

    for (unsigned lead = 0x80; lead <= 0xFF; lead++)
        for (unsigned second = 0; second <= 0xFF; second++) {
            two += accepted_strings((unsigned char[]){(unsigned char)lead, (unsigned char)second}, 2);
            if (lead >= 0xE0 && lead <= 0xEF)
                for (unsigned third = 0; third <= 0xFF; third++)
                    three +=
                        accepted_strings((unsigned char[]){(unsigned char)lead, (unsigned char)second, (unsigned char)third}, 3);
            for (size_t i = 0; lead >= 0xF0 && i < COUNT_OF(edges) * COUNT_OF(edges); i++)
                four += accepted_strings((unsigned char[]){(unsigned char)lead, (unsigned char)second, edges[i / COUNT_OF(edges)],
                                                           edges[i % COUNT_OF(edges)]},
                                         4);
            arena_reset(arena);
        }
    cr_expect_eq(two, 0x800 - 0x80);              /* U+0080..U+07FF */
    cr_expect_eq(three, 0x10000 - 0x800 - 0x800); /* U+0800..U+FFFF without the surrogates */
    cr_expect_eq(four,
                 (0x110000 - 0x10000) / 4096 * 2 * 2); /* U+10000..U+10FFFF; 2 of the edges may stand in each of two places */
}

/* ---- limits ---- */

static struct text nested(const char *open, const char *inside, const char *close, size_t depth)
{
    return joined(repeated(open, depth), text_of(inside), repeated(close, depth));
}

static const struct {
    const char *open, *inside, *close;
} nests[] = {{"[", "", "]"}, {"{\"a\":", "1", "}"}, {"[{\"a\":", "0", "}]"}, {" [ 1 , ", "2", " ] "}, {"[[],", "[]", ",[]]"}};

Test(json, nesting_is_measured_and_has_a_limit)
{
    static const size_t deepens[] = {1, 1, 2, 1, 1}, more[] = {0, 0, 0, 0, 1};

    for (size_t i = 0; i < COUNT_OF(nests); i++)
        for (size_t times = 1; times <= 40; times++) {
            const struct text text = nested(nests[i].open, nests[i].inside, nests[i].close, times);
            const size_t depth = times * deepens[i] + more[i];
            if (depth <= JSON_DEPTH_READ_MAX)
                cr_expect_eq(read_good(text)->depth, depth, "%.*s", TEXT_ARG(text));
            else
                cr_expect(is_refused(text), "%.*s", TEXT_ARG(text));
        }
}

Test(json, an_order_as_deep_as_is_allowed_fits_into_the_messages_that_carry_it)
{
    const struct text deepest = nested("[", "", "]", JSON_DEPTH_MAX);

    read_good(joined(TEXT("{\"results\":{\"order.validate\":{\"result\":"), deepest, TEXT("}}}")));
}

Test(json, many_values_side_by_side_are_not_deep)
{
    const struct json *root = read_good(joined(TEXT("["), repeated("[[]],{\"a\":[1]},", 1000), TEXT("0]")));

    cr_expect_eq(root->depth, 3);
    cr_expect_eq(root->count, 2001);
}

Test(json, endless_nesting_is_refused_without_being_followed)
{
    cr_expect(is_refused(repeated("[", 1000000)));
    cr_expect(is_refused(repeated("{\"a\":", 1000000)));
}

Test(json, a_text_of_more_than_the_limit_is_not_even_looked_at) { cr_expect(is_refused((struct text){"1", JSON_BYTES_MAX + 1})); }

static struct text object_of(size_t count, const char *format)
{
    struct buffer buffer = buffer_in(arena, count * 16);

    buffer_add(&buffer, TEXT("{"));
    for (size_t i = 0; i < count; i++) {
        buffer_add(&buffer, i == 0 ? TEXT("") : TEXT(","));
        buffer_add_format(&buffer, format, i);
    }
    buffer_add(&buffer, TEXT("}"));
    return buffer_text(&buffer);
}

Test(json, a_member_twice_is_found_wherever_the_two_stand)
{
    for (size_t count = 2; count <= 40; count++) {
        char *text = (char *)(uintptr_t)object_of(count, "\"m%02zu\":0").at;
        read_good((struct text){text, count * 8 + 1});
        for (size_t first = 0; first < count; first++)
            for (size_t second = first + 1; second < count; second++) {
                char *name = text + 1 + second * 8 + 1, kept[3];
                memcpy(kept, name, 3);
                memcpy(name, text + 1 + first * 8 + 1, 3);
                cr_expect(is_refused((struct text){text, count * 8 + 1}), "%zu and %zu of %zu", first, second, count);
                memcpy(name, kept, 3);
            }
        arena_reset(arena);
    }
}

Test(json, names_in_a_large_object_are_compared_decoded)
{
    const struct text many = object_of(100, "\"m%zu\":0");
    const struct text inside = {many.at + 1, many.length - 2};

    read_good(joined(TEXT("{\"\\u006d100\":1,"), inside, TEXT("}")));
    cr_expect(is_refused(joined(TEXT("{\"\\u006d99\":1,"), inside, TEXT("}"))));
    cr_expect(is_refused(joined(TEXT("{"), inside, TEXT(",\"m\\u0030\":1}"))));
}

Test(json, an_object_of_100000_members_is_no_burden, .timeout = 5)
{
    const struct text many = object_of(100000, "\"%zu\":0");

    cr_expect_eq(read_good(many)->count, 100000);
    cr_expect(is_refused(joined(TEXT("{\"77777\":1,"), (struct text){many.at + 1, many.length - 2}, TEXT("}"))));
}

Test(json, a_megabyte_of_anything_is_read, .timeout = 10)
{
    enum { MEGABYTE = 1 << 20 };

    cr_expect_eq(read_good(joined(TEXT("\""), repeated("x", MEGABYTE), TEXT("\"")))->length, MEGABYTE + 2);
    cr_expect_eq(read_good(joined(TEXT("\""), repeated("\\n", MEGABYTE / 2), TEXT("\"")))->length, MEGABYTE + 2);
    cr_expect_eq(read_good(joined(TEXT("\""), repeated("\xC3\xA8", MEGABYTE / 2), TEXT("\"")))->length, MEGABYTE + 2);
    cr_expect_eq(read_good(repeated("7", MEGABYTE))->length, MEGABYTE);
    cr_expect_eq(read_good(joined(repeated(" ", MEGABYTE), TEXT("1"), TEXT("")))->length, 1);

    const struct json *zeros = read_good(joined(TEXT("["), repeated("0,", MEGABYTE / 2), TEXT("0]")));
    cr_expect_eq(zeros->count, MEGABYTE / 2 + 1);
    cr_expect_eq(zeros->span, MEGABYTE / 2 + 2);
    size_t seen = 0;
    for (JSON_EACH(zero, zeros))
        seen += zero->type == JSON_INTEGER && zero->length == 1;
    cr_expect_eq(seen, MEGABYTE / 2 + 1);
}

/* ---- looking into a document ---- */

Test(json, values_keep_the_bytes_they_came_from)
{
    const struct json *root = read_good(story), *items = json_member(root, TEXT("items"));

    EXPECT_TEXT(json_raw(root), story);
    cr_expect_eq(json_raw(root).at, story.at);
    EXPECT_TEXT(json_raw(json_member(root, TEXT("orderId"))), TEXT("\"ORD-1001\""));
    EXPECT_TEXT(json_raw(json_first(items)), TEXT("{\"quantity\":-12.50e+3,\"ok\":true}"));
    EXPECT_TEXT(json_raw(json_member(json_first(items), TEXT("quantity"))), TEXT("-12.50e+3"));
}

Test(json, spaces_around_a_value_are_not_part_of_it)
{
    const struct json *root = read_good(TEXT(" { \"a\" : [ 1 , 2 ] } "));

    EXPECT_TEXT(json_raw(root), TEXT("{ \"a\" : [ 1 , 2 ] }"));
    EXPECT_TEXT(json_raw(json_member(root, TEXT("a"))), TEXT("[ 1 , 2 ]"));
    EXPECT_TEXT(json_raw(json_first(json_member(root, TEXT("a")))), TEXT("1"));
}

Test(json, elements_are_walked_in_their_order_whatever_is_inside_them)
{
    static const char *const wanted[] = {"1", "[2,[3]]", "{\"a\":{\"b\":4}}", "\"5\"", "[]", "{}", "null"};
    const struct json *root = read_good(TEXT("[1,[2,[3]],{\"a\":{\"b\":4}},\"5\",[],{},null]"));
    size_t i = 0;

    cr_assert_eq(root->count, COUNT_OF(wanted));
    for (JSON_EACH(element, root))
        EXPECT_TEXT(json_raw(element), text_of(wanted[i++]));
    cr_expect_eq(i, COUNT_OF(wanted));
}

Test(json, members_are_walked_in_their_order)
{
    static const char *const wanted[] = {"\"z\"", "1", "\"a\"", "[{\"x\":1}]", "\"m\"", "{\"z\":2}"};
    const struct json *root = read_good(TEXT("{\"z\":1,\"a\":[{\"x\":1}],\"m\":{\"z\":2}}"));
    size_t i = 0;

    cr_assert_eq(root->count, 3);
    for (JSON_EACH_MEMBER(name, root)) {
        EXPECT_TEXT(json_raw(name), text_of(wanted[i++]));
        EXPECT_TEXT(json_raw(json_next(name)), text_of(wanted[i++]));
    }
    cr_expect_eq(i, COUNT_OF(wanted));
}

Test(json, nothing_is_walked_in_what_is_empty)
{
    for (JSON_EACH(element, read_good(TEXT("[]"))))
        cr_expect_fail("%s", element->at);
    for (JSON_EACH_MEMBER(name, read_good(TEXT("{}"))))
        cr_expect_fail("%s", name->at);
}

Test(json, a_member_is_found_by_its_decoded_name)
{
    const struct json *root = read_good(TEXT("{\"a\":1,\"b\\u0062\":2,\"\":3,\"\\ud83d\\ude00\":4,\"x\\u0000y\":5,\"a\\/\":6}"));

    EXPECT_TEXT(json_raw(json_member(root, TEXT("a"))), TEXT("1"));
    EXPECT_TEXT(json_raw(json_member(root, TEXT("bb"))), TEXT("2"));
    EXPECT_TEXT(json_raw(json_member(root, TEXT(""))), TEXT("3"));
    EXPECT_TEXT(json_raw(json_member(root, TEXT("😀"))), TEXT("4"));
    EXPECT_TEXT(json_raw(json_member(root, (struct text)BYTES("x\0y"))), TEXT("5"));
    EXPECT_TEXT(json_raw(json_member(root, TEXT("a/"))), TEXT("6"));
    static const struct text missing[] = {TEXT("b"), TEXT("bbb"), TEXT("b\\u0062"), TEXT("x"),
                                          TEXT("A"), TEXT("\""),  TEXT("a\\/"),     BYTES("x\0z")};
    for (size_t i = 0; i < COUNT_OF(missing); i++)
        cr_expect_null(json_member(root, missing[i]), "%s", missing[i].at);
}

Test(json, only_objects_have_members)
{
    cr_expect_null(json_member(NULL, TEXT("a")));
    cr_expect_null(json_member(read_good(TEXT("[\"a\",1]")), TEXT("a")));
    cr_expect_null(json_member(read_good(TEXT("\"a\"")), TEXT("a")));
    cr_expect_null(json_member(read_good(TEXT("{\"b\":{\"a\":1}}")), TEXT("a")));
}

static const struct {
    struct text json, decoded;
} strings[] = {
    {BYTES("\"\""), BYTES("")},
    {BYTES("\"plain\""), BYTES("plain")},
    {BYTES("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\""), BYTES("\"\\/\b\f\n\r\t")},
    {BYTES("\"\\u0041\\u007f\""), BYTES("A\x7f")},
    {BYTES("\"\\u0080\\u07ff\""), BYTES("\xC2\x80\xDF\xBF")},
    {BYTES("\"\\u0800\\uffff\""), BYTES("\xE0\xA0\x80\xEF\xBF\xBF")},
    {BYTES("\"\\uD7FF\\ue000\""), BYTES("\xED\x9F\xBF\xEE\x80\x80")},
    {BYTES("\"\\ud800\\udc00\""), BYTES("\xF0\x90\x80\x80")},
    {BYTES("\"\\uDBFF\\uDFFF\""), BYTES("\xF4\x8F\xBF\xBF")},
    {BYTES("\"a\\u0000b\""), BYTES("a\0b")},
    {BYTES("\"\\\\u0041\""), BYTES("\\u0041")},
    {BYTES("\"caff\xC3\xA8 \\u00e8!\""), BYTES("caff\xC3\xA8 \xC3\xA8!")},
};

Test(json, strings_are_decoded)
{
    for (size_t i = 0; i < COUNT_OF(strings); i++) {
        const struct json *value = read_good(strings[i].json);
        EXPECT_TEXT(json_string(arena, value), strings[i].decoded);
        cr_expect_eq(value->has_escape, memchr(strings[i].json.at, '\\', strings[i].json.length) != NULL);
    }
}

Test(json, a_string_is_its_decoded_text_and_no_other)
{
    for (size_t i = 0; i < COUNT_OF(strings); i++)
        for (size_t j = 0; j < COUNT_OF(strings); j++)
            cr_expect_eq(json_string_is(read_good(strings[i].json), strings[j].decoded), i == j, "%zu, %zu", i, j);
}

Test(json, a_string_without_escapes_is_not_copied)
{
    const struct text text = TEXT("\"plain\"");

    cr_expect_eq(json_string(arena, read_good(text)).at, text.at + 1);
}

Test(json, what_is_no_string_has_no_text)
{
    static const char *const others[] = {"1", "null", "true", "[]", "{}", "[\"a\"]", "1.5"};

    cr_expect_not(text_is_there(json_string(arena, NULL)));
    cr_expect_not(json_string_is(NULL, TEXT("")));
    for (size_t i = 0; i < COUNT_OF(others); i++) {
        cr_expect_not(text_is_there(json_string(arena, read_good(text_of(others[i])))), "%s", others[i]);
        cr_expect_not(json_string_is(read_good(text_of(others[i])), text_of(others[i])), "%s", others[i]);
    }
}

Test(json, whole_numbers_within_64_bits_are_integers)
{
    static const struct {
        const char *json;
        int64_t number;
    } rows[] = {
        {"0", 0}, {"-0", 0}, {"1999", 1999}, {"-5", -5}, {"9223372036854775807", INT64_MAX}, {"-9223372036854775808", INT64_MIN}};

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        int64_t number = 77;
        cr_expect(json_integer(read_good(text_of(rows[i].json)), &number), "%s", rows[i].json);
        cr_expect_eq(number, rows[i].number, "%s", rows[i].json);
    }
}

Test(json, nothing_else_is_an_integer)
{
    static const char *const rows[] = {"2.0",
                                       "1e2",
                                       "0.0",
                                       "9223372036854775808",
                                       "-9223372036854775809",
                                       "18446744073709551617",
                                       "\"2\"",
                                       "true",
                                       "null",
                                       "[1]",
                                       "{}",
                                       "99999999999999999999999999999999999999"};
    int64_t number = 77;

    cr_expect_not(json_integer(NULL, &number));
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        cr_expect_not(json_integer(read_good(text_of(rows[i])), &number), "%s", rows[i]);
    cr_expect_eq(number, 77);
}

/* ---- the same document? ---- */

static const struct {
    const char *a, *b;
} same[] = {
    {"1", "1"},
    {"1", " 1\n"},
    {"{}", "{ }"},
    {"[]", "[\n]"},
    {"[1,2]", "[ 1 , 2 ]"},
    {"{\"a\":1,\"b\":2}", "{\"b\":2,\"a\":1}"},
    {"{\"a\":1,\"bb\":2,\"c\":3}", "{\"c\":3,\"a\":1,\"bb\":2}"},
    {"{\"a\":{\"x\":1,\"y\":[{\"p\":1,\"q\":2}]}}", "{\"a\":{\"y\":[{\"q\":2,\"p\":1}],\"x\":1}}"},
    {"\"A\"", "\"\\u0041\""},
    {"\"/\"", "\"\\/\""},
    {"\"😀\"", "\"\\uD83D\\uDE00\""},
    {"{\"a\":1}", "{\"\\u0061\":1}"},
    {"123456789012345678901234567890", " 123456789012345678901234567890"},
    {"[1.50,null,true,false]", "[1.50, null, true, false]"},
    /* numbers are compared as numbers */
    {"1", "1.0"},
    {"10.5", "10.50"},
    {"10", "1e1"},
    {"10", "1E+01"},
    {"10", "0.1e2"},
    {"10", "1000.00e-002"},
    {"0.001", "1e-3"},
    {"0.001", "0.00001E2"},
    {"-2.5", "-25e-1"},
    {"0", "-0"},
    {"0", "0.000"},
    {"0", "-0.0e-99999999999999999999999999"},
    {"0e99999999999999999999999999", "0"},
    {"123456789012345678901234567890", "1.2345678901234567890123456789e29"},
    {"1e999999999999999999999999", "1e999999999999999999999999"},
    {"1.0e999999999999999999999999", "1e+0999999999999999999999999"},
    {"0.1e999999999999999999999999", "0.10e999999999999999999999999"},
    {"-5e-999999999999999999999999", "-5.0e-0999999999999999999999999"},
    {"{\"a\":[10.50],\"b\":1e1}", "{\"b\":10,\"a\":[10.5]}"},
};
static const struct {
    const char *a, *b;
} different[] = {
    {"1", "2"},
    {"1", "\"1\""},
    {"true", "false"},
    {"null", "false"},
    {"0", "null"},
    {"\"\"", "null"},
    {"[]", "{}"},
    {"[]", "[null]"},
    {"[1,2]", "[2,1]"},
    {"[1,2]", "[1]"},
    {"[1,[2,3]]", "[1,2,3]"},
    {"[[1],2]", "[[1,2]]"},
    {"{}", "{\"a\":null}"},
    {"{\"a\":1}", "{\"b\":1}"},
    {"{\"a\":1}", "{\"A\":1}"},
    {"{\"a\":1}", "{\"a\":2}"},
    {"{\"a\":1,\"b\":2}", "{\"a\":2,\"b\":1}"},
    {"{\"a\":1,\"b\":2}", "{\"a\":1,\"b\":2,\"c\":3}"},
    {"{\"a\":[1,2]}", "{\"a\":[2,1]}"},
    {"\"a\"", "\"b\""},
    {"\"a\"", "\"a \""},
    {"\"\\u0000\"", "\"\""},
    {"\"a\\u0000b\"", "\"a\\u0000c\""},
    {"{\"a\\u0000b\":1}", "{\"a\\u0000c\":1}"},
    {"{\"a\\u0000b\":1}", "{\"a\":1}"},
    /* json-c, and everything that counts in doubles, calls these the same */
    {"9223372036854775808", "9223372036854775809"},
    {"18446744073709551616", "18446744073709551617"},
    {"-9223372036854775809", "-9223372036854775810"},
    {"123456789012345678901234567890", "123456789012345678901234567891"},
    {"1.00000000000000000001", "1.00000000000000000002"},
    {"0.1", "0.10000000000000000555"}, /* which is what a double makes of it */
    {"9007199254740993", "9007199254740992.0"},
    {"1", "-1"},
    {"1", "10"},
    {"1", "0.1"},
    {"100", "1"},
    {"1.5", "15"},
    {"1e5", "1e-5"},
    {"1e400", "1e401"},
    {"1e-400", "0"},
    {"1e999999999999999999999999", "1e999999999999999999999998"},
    {"1e999999999999999999999999", "1e-999999999999999999999999"},
    {"1e999999999999999999999999", "-1e999999999999999999999999"},
    {"1e999999999999999999999999", "2e999999999999999999999999"},
    {"1e18446744073709551617", "1e1"}, /* where a counter of 64 bits begins anew */
    {"1e18446744073709551616", "1"},
    /* a text that is no JSON is the same as itself only */
    {"{\"a\":1", " {\"a\":1"},
    {"", " "},
    {"{\"a\":1,\"a\":1}", " {\"a\":1,\"a\":1}"},
};

Test(json, the_same_document_may_be_written_in_many_ways)
{
    for (size_t i = 0; i < COUNT_OF(same); i++) {
        cr_expect(json_same(text_of(same[i].a), text_of(same[i].b)), "%s and %s", same[i].a, same[i].b);
        cr_expect(json_same(text_of(same[i].b), text_of(same[i].a)), "%s and %s", same[i].b, same[i].a);
        cr_expect(json_same(text_of(same[i].a), text_of(same[i].a)), "%s", same[i].a);
    }
}

Test(json, another_document_is_never_called_the_same)
{
    for (size_t i = 0; i < COUNT_OF(different); i++) {
        cr_expect_not(json_same(text_of(different[i].a), text_of(different[i].b)), "%s and %s", different[i].a, different[i].b);
        cr_expect_not(json_same(text_of(different[i].b), text_of(different[i].a)), "%s and %s", different[i].b, different[i].a);
        cr_expect(json_same(text_of(different[i].b), text_of(different[i].b)), "%s", different[i].b);
    }
}

Test(json, large_documents_are_compared_too, .timeout = 10)
{
    enum { COUNT = 100000 };
    struct buffer up = buffer_in(arena, COUNT * 16), down = buffer_in(arena, COUNT * 16);

    for (int i = 0; i < COUNT; i++) {
        buffer_add_format(&up, "%c\"%d\":%d", i == 0 ? '{' : ',', i, i);
        buffer_add_format(&down, "%c\"%d\":%d", i == 0 ? '{' : ',', COUNT - 1 - i, COUNT - 1 - i);
    }
    buffer_add(&up, TEXT("}"));
    buffer_add(&down, TEXT("}"));
    cr_expect(json_same(buffer_text(&up), buffer_text(&down)));
    down.bytes[down.length - 2] = '9';
    cr_expect_not(json_same(buffer_text(&up), buffer_text(&down)));
}

/* ---- printing for people ---- */

static const struct {
    struct text json, pretty;
} pretties[] = {
    {BYTES("1"), BYTES("1")},
    {BYTES(" \"a\\/\\u00e8\" "), BYTES("\"a/è\"")},
    {BYTES("null"), BYTES("null")},
    {BYTES("{\"b\":1,\"a\":[true,false,null]}"), BYTES("{\n  \"b\": 1,\n  \"a\": [\n    true,\n    false,\n    null\n  ]\n}")},
    {BYTES("123456789012345678901234567890"), BYTES("123456789012345678901234567890")},
    {BYTES("1.50"), BYTES("1.50")},
    {BYTES("-1E+400"), BYTES("-1E+400")},
    {BYTES("\"a\\u0000\\n\""), BYTES("\"a\\u0000\\n\"")},
};

Test(json, documents_are_indented_for_people_and_keep_their_values)
{
    for (size_t i = 0; i < COUNT_OF(pretties); i++)
        EXPECT_TEXT(json_pretty(arena, pretties[i].json), pretties[i].pretty);
}

Test(json, the_indented_document_is_the_same_document)
{
    for (size_t i = 0; i < COUNT_OF(good); i++) {
        if (strstr(good[i].text.at, "{\"\\u0000\"") != NULL)
            continue; /* shown with its escape, see name_of() in json_build.c */
        cr_expect(json_same(good[i].text, json_pretty(arena, good[i].text)), "%s", good[i].text.at);
    }
    cr_expect(json_same(story, json_pretty(arena, story)));
}

Test(json, members_that_begin_alike_up_to_a_nul_are_all_shown)
{
    const struct json *root = read_good(json_pretty(arena, TEXT("{\"a\\u0000b\":1,\"a\\u0000c\":2,\"a\":3}")));

    cr_expect_eq(root->count, 3);
}

Test(json, what_is_no_json_is_not_indented)
{
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        cr_expect_not(text_is_there(json_pretty(arena, bad[i])), "row %zu", i);
}
