/* JSON that is built member by member. */
#include "json_build.h"

#include <criterion/criterion.h>

static struct arena *arena;
static struct json_draft *draft;

static void set_up(void)
{
    arena = arena_create();
    draft = json_draft_object();
}

static void tear_down(void)
{
    json_draft_destroy(draft);
    arena_destroy(arena);
}

TestSuite(json_build, .init = set_up, .fini = tear_down);

static void expect_line(const char *line)
{
    struct text text = json_draft_text(arena, draft, JSON_ONE_LINE);

    cr_expect(text_equals(text, text_of(line)), "%.*s is not %s", TEXT_ARG(text), line);
}

Test(json_build, an_empty_draft_is_an_empty_object) { expect_line("{}"); }

Test(json_build, members_come_out_in_the_order_they_were_added)
{
    json_add_text(draft, "b", TEXT("x"));
    json_add_number(draft, "a", 1);
    json_add_bool(draft, "d", true);
    json_add_bool(draft, "c", false);
    expect_line("{\"b\":\"x\",\"a\":1,\"d\":true,\"c\":false}");
}

Test(json_build, a_text_that_is_not_there_is_null_and_an_empty_one_is_not)
{
    json_add_text(draft, "none", TEXT_NONE);
    json_add_text(draft, "empty", TEXT(""));
    expect_line("{\"none\":null,\"empty\":\"\"}");
}

Test(json_build, texts_are_escaped_as_everywhere)
{
    struct buffer buffer = buffer_in(arena, 64);
    struct text odd = TEXT("\"\\/\b\f\n\r\t\x01\x1f\x00\x7fè☕");

    buffer_add(&buffer, TEXT("{\"a\":"));
    buffer_add_json_string(&buffer, odd);
    buffer_add(&buffer, TEXT("}"));
    json_add_text(draft, "a", odd);
    cr_expect(text_equals(json_draft_text(arena, draft, JSON_ONE_LINE), buffer_text(&buffer)));
}

Test(json_build, numbers_keep_all_their_digits)
{
    json_add_number(draft, "low", INT64_MIN);
    json_add_number(draft, "high", INT64_MAX);
    json_add_decimal(draft, "third", 1.0 / 3, 3);
    json_add_decimal(draft, "whole", 2, 1);
    expect_line("{\"low\":-9223372036854775808,\"high\":9223372036854775807,\"third\":0.333,\"whole\":2.0}");
}

Test(json_build, objects_and_arrays_hold_one_another)
{
    struct json_draft *list = json_add_array(draft, "list"), *inner = json_add_object(list, NULL);

    json_add_number(inner, "n", 1);
    json_add_text(list, NULL, TEXT("x"));
    json_add_array(list, NULL);
    json_add_object(draft, "empty");
    expect_line("{\"list\":[{\"n\":1},\"x\",[]],\"empty\":{}}");
}

Test(json_build, what_was_read_keeps_its_numbers)
{
    const struct json *root;

    cr_assert_eq(
        json_read(arena, TEXT("{ \"a\": [10.50, 1e400, -0, 123456789012345678901234567890, null], \"b\": \"\\u00e8\" }"), &root),
        STATUS_OK);
    json_add_value(draft, "order", root);
    expect_line("{\"order\":{\"a\":[10.50,1e400,-0,123456789012345678901234567890,null],\"b\":\"è\"}}");
}

Test(json_build, a_name_that_is_added_twice_is_printed_twice)
{
    json_add_number(draft, "a", 1);
    json_add_number(draft, "a", 2);
    expect_line("{\"a\":1,\"a\":2}");
}

Test(json_build, for_people_it_is_indented)
{
    json_add_number(json_add_object(draft, "a"), "b", 1);
    cr_expect(text_equals(json_draft_text(arena, draft, JSON_INDENTED), TEXT("{\n  \"a\": {\n    \"b\": 1\n  }\n}")));
}
