#include "schema.h"

#include <criterion/criterion.h>

/* A message with a field of every kind. */
struct parcel {
    struct text id, note, size;
    int64_t weight, bonus;
    struct text address, extras, stamps;
};

static const struct field parcel_fields[] = {
    FIELD_TEXT(struct parcel, id, "id", 1, 8),
    FIELD_TEXT_OPTIONAL(struct parcel, note, "note", 5),
    FIELD_WORD(struct parcel, size, "size", "small large huge"),
    FIELD_NUMBER(struct parcel, weight, "weight", -1, 1000),
    FIELD_NUMBER_OPTIONAL(struct parcel, bonus, "bonus", 0, INT64_MAX),
    FIELD_OBJECT(struct parcel, address, "address"),
    FIELD_OBJECT_OPTIONAL(struct parcel, extras, "extras"),
    FIELD_ARRAY_OPTIONAL(struct parcel, stamps, "stamps"),
};

static struct arena *arena;

static void set_up(void) { arena = arena_create(); }
static void tear_down(void) { arena_destroy(arena); }
TestSuite(schema, .init = set_up, .fini = tear_down);

#define EXPECT_TEXT(got, wanted) expect_text((got), (wanted), __LINE__)

static void expect_text(struct text got, struct text wanted, int line)
{
    cr_expect(text_is_there(got) == text_is_there(wanted) && text_equals(got, wanted), "line %d: got <%.*s>, wanted <%.*s>", line,
              TEXT_ARG(got), TEXT_ARG(wanted));
}

static enum status parcel_read(const char *json, struct parcel *out_parcel, const char **out_field)
{
    const struct json *root;

    *out_parcel = (struct parcel){0};
    cr_assert_eq(json_read(arena, text_of(json), &root), STATUS_OK, "%s", json);
    return schema_read(arena, parcel_fields, COUNT_OF(parcel_fields), root, out_parcel, out_field);
}

static struct text parcel_text(const struct parcel *parcel)
{
    struct buffer buffer = buffer_in(arena, 0);

    schema_write(&buffer, parcel_fields, COUNT_OF(parcel_fields), parcel);
    return buffer_text(&buffer);
}

static const char full[] = "{\"id\":\"P-1\",\"note\":\"hello\",\"size\":\"large\",\"weight\":12,\"bonus\":7,"
                           "\"address\":{\"city\": \"Turin\"},\"extras\":{},\"stamps\":[ 1, 2 ]}";
static const char least[] = "{\"id\":\"P-1\",\"size\":\"small\",\"weight\":-1,\"address\":{}}";

Test(schema, every_field_gets_its_value)
{
    struct parcel parcel;

    cr_assert_eq(parcel_read(full, &parcel, NULL), STATUS_OK);
    EXPECT_TEXT(parcel.id, TEXT("P-1"));
    EXPECT_TEXT(parcel.note, TEXT("hello"));
    EXPECT_TEXT(parcel.size, TEXT("large"));
    cr_expect_eq(parcel.weight, 12);
    cr_expect_eq(parcel.bonus, 7);
    EXPECT_TEXT(parcel.address, TEXT("{\"city\": \"Turin\"}")); /* its own bytes, spaces too */
    EXPECT_TEXT(parcel.extras, TEXT("{}"));
    EXPECT_TEXT(parcel.stamps, TEXT("[ 1, 2 ]"));
}

Test(schema, optional_fields_may_be_absent)
{
    struct parcel parcel;

    cr_assert_eq(parcel_read(least, &parcel, NULL), STATUS_OK);
    cr_expect_not(text_is_there(parcel.note));
    cr_expect_eq(parcel.bonus, 0);
    cr_expect_not(text_is_there(parcel.extras));
    cr_expect_not(text_is_there(parcel.stamps));
}

Test(schema, an_optional_text_that_is_there_may_be_empty)
{
    struct parcel parcel;

    cr_assert_eq(parcel_read("{\"id\":\"P\",\"size\":\"small\",\"weight\":0,\"address\":{},\"note\":\"\"}", &parcel, NULL),
                 STATUS_OK);
    EXPECT_TEXT(parcel.note, TEXT(""));
}

static const char *const other_ways[] = {
    /* another order, spaces, escapes in names and values, members that nobody knows */
    "{\"address\":{\"city\": \"Turin\"},\"stamps\":[ 1, 2 "
    "],\"weight\":12,\"extras\":{},\"size\":\"large\",\"bonus\":7,\"note\":\"hello\",\"id\":\"P-1\"}",
    " { \"id\" : \"P-1\" , \"note\" : \"hello\" , \"size\" : \"large\" , \"weight\" : 12 , \"bonus\" : 7 , \"address\" : "
    "{\"city\": \"Turin\"} , "
    "\"extras\" : {} , \"stamps\" : [ 1, 2 ] } ",
    "{\"\\u0069d\":\"\\u0050-1\",\"n\\u006fte\":\"he\\u006clo\",\"size\":\"l\\u0061rge\",\"weight\":12,\"bonus\":7,\"address\":{"
    "\"city\": \"Turin\"},"
    "\"extras\":{},\"stamps\":[ 1, 2 ]}",
    "{\"x\":{\"id\":1,\"weight\":[]},\"id\":\"P-1\",\"y\":null,\"note\":\"hello\",\"i\":1,\"size\":\"large\",\"idd\":2,"
    "\"weight\":12,\"ID\":3,\"bonus\":7,"
    "\"address\":{\"city\": \"Turin\"},\"\":[],\"extras\":{},\"stamps\":[ 1, 2 ],\"z\":\"id\"}",
};

Test(schema, the_same_fields_are_read_however_they_are_written)
{
    for (size_t i = 0; i < COUNT_OF(other_ways); i++) {
        struct parcel parcel;
        cr_assert_eq(parcel_read(other_ways[i], &parcel, NULL), STATUS_OK, "%s", other_ways[i]);
        EXPECT_TEXT(parcel_text(&parcel), text_of(full));
    }
}

static const struct {
    const char *json, *field;
} broken[] = {
    /* missing */
    {"{}", "id"},
    {"{\"size\":\"small\",\"weight\":1,\"address\":{}}", "id"},
    {"{\"id\":\"P\",\"weight\":1,\"address\":{}}", "size"},
    {"{\"id\":\"P\",\"size\":\"small\",\"address\":{}}", "weight"},
    {"{\"id\":\"P\",\"size\":\"small\",\"weight\":1}", "address"},
    {"{\"id \":\"P\",\"size\":\"small\",\"weight\":1,\"address\":{}}", "id"},
    /* wrong types; null is one where the field is required */
    {"{\"id\":1}", "id"},
    {"{\"id\":null}", "id"},
    {"{\"id\":[\"P\"]}", "id"},
    {"{\"id\":\"P\",\"note\":5}", "note"},
    {"{\"id\":\"P\",\"size\":1}", "size"},
    {"{\"id\":\"P\",\"weight\":\"12\"}", "weight"},
    {"{\"id\":\"P\",\"weight\":12.0}", "weight"},
    {"{\"id\":\"P\",\"weight\":1e1}", "weight"},
    {"{\"id\":\"P\",\"weight\":true}", "weight"},
    {"{\"id\":\"P\",\"size\":null}", "size"},
    {"{\"id\":\"P\",\"weight\":null}", "weight"},
    {"{\"id\":\"P\",\"address\":[]}", "address"},
    {"{\"id\":\"P\",\"address\":\"{}\"}", "address"},
    {"{\"id\":\"P\",\"address\":null}", "address"},
    {"{\"id\":\"P\",\"extras\":[]}", "extras"},
    {"{\"id\":\"P\",\"stamps\":{}}", "stamps"},
    /* out of range */
    {"{\"id\":\"\"}", "id"},
    {"{\"id\":\"123456789\"}", "id"},
    {"{\"id\":\"P\",\"note\":\"123456\"}", "note"},
    {"{\"id\":\"P\",\"note\":\"\\u00e8\\u00e8\\u00e8\\u00e8\\u00e8\\u00e8\"}", "note"}, /* 6 characters */
    {"{\"id\":\"P\",\"note\":\"\u65e5\u672c\u8a9e\U0001f600\U0001f600e\"}", "note"},
    {"{\"id\":\"P\",\"weight\":-2}", "weight"},
    {"{\"id\":\"P\",\"weight\":1001}", "weight"},
    {"{\"id\":\"P\",\"weight\":18446744073709551616}", "weight"},
    {"{\"id\":\"P\",\"bonus\":9223372036854775808}", "bonus"},
    {"{\"id\":\"P\",\"bonus\":-1}", "bonus"},
    /* no such word */
    {"{\"id\":\"P\",\"size\":\"\"}", "size"},
    {"{\"id\":\"P\",\"size\":\"smal\"}", "size"},
    {"{\"id\":\"P\",\"size\":\"smalls\"}", "size"},
    {"{\"id\":\"P\",\"size\":\"Small\"}", "size"},
    {"{\"id\":\"P\",\"size\":\"small large\"}", "size"},
    {"{\"id\":\"P\",\"size\":\" small\"}", "size"},
    {"{\"id\":\"P\",\"size\":\"small\\u0000\"}", "size"},
    /* no object at all */
    {"[]", ""},
    {"null", ""},
    {"\"id\"", ""},
    {"[{\"id\":\"P\"}]", ""},
};

Test(schema, what_breaks_a_row_is_refused_and_named)
{
    for (size_t i = 0; i < COUNT_OF(broken); i++) {
        const char *field = NULL;
        struct parcel parcel;
        cr_expect_eq(parcel_read(broken[i].json, &parcel, &field), STATUS_BAD_MESSAGE, "%s", broken[i].json);
        cr_expect_str_eq(field, broken[i].field, "%s", broken[i].json);
        cr_expect_eq(parcel_read(broken[i].json, &parcel, NULL), STATUS_BAD_MESSAGE);
    }
}

Test(schema, no_object_is_refused)
{
    struct parcel parcel = {0};

    cr_expect_eq(schema_read(arena, parcel_fields, COUNT_OF(parcel_fields), NULL, &parcel, NULL), STATUS_BAD_MESSAGE);
}

Test(schema, values_at_the_edge_of_their_range_are_read)
{
    struct parcel parcel;

    cr_assert_eq(parcel_read("{\"id\":\"12345678\",\"note\":\"12345\",\"size\":\"huge\",\"weight\":1000,\"bonus\":"
                             "9223372036854775807,\"address\":{}}",
                             &parcel, NULL),
                 STATUS_OK);
    cr_expect_eq(parcel.weight, 1000);
    cr_expect_eq(parcel.bonus, INT64_MAX);
    EXPECT_TEXT(parcel.id, TEXT("12345678"));
}

Test(schema, the_length_of_a_text_is_counted_in_characters)
{
    struct parcel parcel;

    cr_assert_eq(parcel_read("{\"id\":\"\u65e5\u672c\u8a9e\u65e5\u672c\u8a9e\U0001f600\U0001f600\",\"note\":"
                             "\"\\ud83d\\ude00\\u00e8\\u00e8\\u65e5\\u0000\",\"size\":\"huge\","
                             "\"weight\":1,\"address\":{}}",
                             &parcel, NULL),
                 STATUS_OK);
    cr_expect_eq(parcel.id.length, 26);
    cr_expect_eq(parcel.note.length, 12);
}

Test(schema, null_is_as_good_as_absent_where_a_field_is_optional)
{
    struct parcel parcel;

    cr_assert_eq(
        parcel_read(
            "{\"id\":\"P-1\",\"note\":null,\"size\":\"small\",\"weight\":-1,\"bonus\":null,\"address\":{},\"extras\":null,"
            "\"stamps\":null}",
            &parcel, NULL),
        STATUS_OK);
    EXPECT_TEXT(parcel_text(&parcel), text_of(least));
}

/* ---- what is mended ---- */

struct postcard {
    struct text id, wish, stamps, picture;
    int64_t number;
};

static const struct field postcard_fields[] = {
    FIELD_TEXT(struct postcard, id, "id", 1, 8),
    FIELD_TEXT_MENDED(struct postcard, wish, "wish", 5),
    FIELD_NUMBER_MENDED(struct postcard, number, "number", 0, 9),
    FIELD_ARRAY_MENDED(struct postcard, stamps, "stamps"),
    FIELD_OBJECT_MENDED(struct postcard, picture, "picture"),
};

/* The numbers of the rows that were mended. */
enum { WISH = 1 << 1, NUMBER = 1 << 2, STAMPS = 1 << 3, PICTURE = 1 << 4 };

static const struct {
    const char *json;
    uint64_t mended;
    const char *written;
} postcards[] = {
    {"{\"id\":\"P\",\"wish\":\"hello\",\"number\":9,\"stamps\":[1],\"picture\":{}}", 0,
     "{\"id\":\"P\",\"wish\":\"hello\",\"number\":9,\"stamps\":[1],\"picture\":{}}"},
    {"{\"id\":\"P\"}", NUMBER, "{\"id\":\"P\",\"number\":0}"},
    {"{\"id\":\"P\",\"wish\":null,\"number\":null,\"stamps\":null,\"picture\":null}", NUMBER, "{\"id\":\"P\",\"number\":0}"},
    {"{\"id\":\"P\",\"wish\":\"hello!\",\"number\":1}", WISH, "{\"id\":\"P\",\"wish\":\"hello\",\"number\":1}"},
    {"{\"id\":\"P\",\"wish\":\"\u65e5\u672c\u8a9e\U0001f600\u672c\u8a9e\u672c\u8a9e\",\"number\":1}", WISH,
     "{\"id\":\"P\",\"wish\":\"\u65e5\u672c\u8a9e\U0001f600\u672c\",\"number\":1}"},
    {"{\"id\":\"P\",\"wish\":7,\"number\":1}", WISH, "{\"id\":\"P\",\"number\":1}"},
    {"{\"id\":\"P\",\"wish\":[\"hello\"],\"number\":1}", WISH, "{\"id\":\"P\",\"number\":1}"},
    {"{\"id\":\"P\",\"number\":10}", NUMBER, "{\"id\":\"P\",\"number\":0}"},
    {"{\"id\":\"P\",\"number\":-1}", NUMBER, "{\"id\":\"P\",\"number\":0}"},
    {"{\"id\":\"P\",\"number\":1.0}", NUMBER, "{\"id\":\"P\",\"number\":0}"},
    {"{\"id\":\"P\",\"number\":\"1\"}", NUMBER, "{\"id\":\"P\",\"number\":0}"},
    {"{\"id\":\"P\",\"number\":1,\"stamps\":{},\"picture\":[]}", STAMPS | PICTURE, "{\"id\":\"P\",\"number\":1}"},
};

Test(schema, what_breaks_a_row_that_is_mended_is_cut_or_left_out_and_told)
{
    for (size_t i = 0; i < COUNT_OF(postcards); i++) {
        struct postcard card = {0};
        struct buffer buffer = buffer_in(arena, 0);
        const struct json *root;
        uint64_t mended = UINT64_MAX;
        cr_assert_eq(json_read(arena, text_of(postcards[i].json), &root), STATUS_OK);
        cr_assert_eq(schema_read_mending(arena, postcard_fields, COUNT_OF(postcard_fields), root, &card, &mended), STATUS_OK,
                     "%s", postcards[i].json);
        cr_expect_eq(mended, postcards[i].mended, "%s", postcards[i].json);
        schema_write(&buffer, postcard_fields, COUNT_OF(postcard_fields), &card);
        EXPECT_TEXT(buffer_text(&buffer), text_of(postcards[i].written));
    }
}

Test(schema, a_row_that_is_not_mended_still_spoils_the_message)
{
    struct postcard card = {0};
    const struct json *root;
    uint64_t mended;

    cr_assert_eq(json_read(arena, TEXT("{\"id\":null,\"number\":1}"), &root), STATUS_OK);
    cr_expect_eq(schema_read_mending(arena, postcard_fields, COUNT_OF(postcard_fields), root, &card, &mended),
                 STATUS_BAD_MESSAGE);
}

Test(schema, a_message_is_written_in_the_order_of_its_table)
{
    const struct parcel parcel = {
        .id = TEXT("P-1"),
        .note = TEXT("hello"),
        .size = TEXT("large"),
        .weight = 12,
        .bonus = 7,
        .address = TEXT("{\"city\": \"Turin\"}"),
        .extras = TEXT("{}"),
        .stamps = TEXT("[ 1, 2 ]"),
    };

    EXPECT_TEXT(parcel_text(&parcel), text_of(full));
}

Test(schema, absent_optional_fields_are_left_out)
{
    const struct parcel parcel = {.id = TEXT("P-1"), .size = TEXT("small"), .weight = -1, .address = TEXT("{}")};

    EXPECT_TEXT(parcel_text(&parcel), text_of(least));
}

Test(schema, a_required_number_is_written_even_when_it_is_0)
{
    const struct parcel parcel = {.id = TEXT("P"), .size = TEXT("small"), .weight = 0, .address = TEXT("{}")};

    EXPECT_TEXT(parcel_text(&parcel), TEXT("{\"id\":\"P\",\"size\":\"small\",\"weight\":0,\"address\":{}}"));
}

Test(schema, texts_are_escaped_when_they_are_written_and_come_back_the_same)
{
    const struct parcel parcel = {
        .id = TEXT("a\"\\\n\x01"), .note = TEXT("\xC3\xA8/\t"), .size = TEXT("small"), .address = TEXT("{}")};
    struct parcel read;
    const struct text text = parcel_text(&parcel);

    EXPECT_TEXT(
        text, TEXT("{\"id\":\"a\\\"\\\\\\n\\u0001\",\"note\":\"\xC3\xA8/\\t\",\"size\":\"small\",\"weight\":0,\"address\":{}}"));
    cr_assert_eq(parcel_read(text_copy(arena, text).at, &read, NULL), STATUS_OK);
    EXPECT_TEXT(read.id, parcel.id);
    EXPECT_TEXT(read.note, parcel.note);
}

Test(schema, nothing_but_optional_fields_that_are_absent_is_an_empty_object)
{
    static const struct field fields[] = {FIELD_TEXT_OPTIONAL(struct parcel, note, "note", 5)};
    const struct parcel parcel = {0};
    struct buffer buffer = buffer_in(arena, 0);

    schema_write(&buffer, fields, COUNT_OF(fields), &parcel);
    EXPECT_TEXT(buffer_text(&buffer), TEXT("{}"));
}

Test(schema, a_table_without_rows_reads_any_object_and_nothing_else)
{
    const struct json *root;

    cr_assert_eq(json_read(arena, TEXT("{\"a\":1}"), &root), STATUS_OK);
    cr_expect_eq(schema_read(arena, NULL, 0, root, NULL, NULL), STATUS_OK);
    cr_assert_eq(json_read(arena, TEXT("[1]"), &root), STATUS_OK);
    cr_expect_eq(schema_read(arena, NULL, 0, root, NULL, NULL), STATUS_BAD_MESSAGE);
}
