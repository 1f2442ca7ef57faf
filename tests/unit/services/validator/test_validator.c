/* One case for each rule: what is wrong with an order, and where. */
#include "validator.h"

#include <criterion/criterion.h>
#include <stdio.h>

static struct arena *arena;

static void set_up(void) { arena = arena_create(); }
static void tear_down(void) { arena_destroy(arena); }
TestSuite(validator, .init = set_up, .fini = tear_down);

/* The catalog of these tests: A and B cost dollars, E euros, X makes no sense, everything else is not there. */
static struct product product_of(struct text id)
{
    if (text_equals(id, TEXT("A")) || text_equals(id, TEXT("B")))
        return (struct product){PRODUCT_GOOD, 100, TEXT("USD"), TEXT("")};
    if (text_equals(id, TEXT("E")))
        return (struct product){PRODUCT_GOOD, 100, TEXT("EUR"), TEXT("")};
    return (struct product){.state = text_equals(id, TEXT("X")) ? PRODUCT_BROKEN : PRODUCT_UNKNOWN};
}

static struct validation validate(struct text order)
{
    struct text ids[ORDER_LINES_MAX];
    struct product products[ORDER_LINES_MAX];
    const struct json *root;
    size_t count;

    cr_assert_eq(json_read(arena, order, &root), STATUS_OK, "%.*s", TEXT_ARG(order));
    count = validation_product_ids(arena, root, ids);
    for (size_t i = 0; i < count; i++)
        products[i] = product_of(ids[i]);
    return validate_order(arena, root, ids, products, count);
}

/* All errors as "field code, field code". */
static const char *errors_of(struct text order)
{
    struct validation validation = validate(order);
    struct buffer buffer = buffer_in(arena, 64);
    const struct json *root;
    size_t count = 0;

    cr_assert_eq(json_read(arena, validation.errors, &root), STATUS_OK, "%.*s", TEXT_ARG(validation.errors));
    for (JSON_EACH(error, root)) {
        struct text field = json_string(arena, json_member(error, TEXT("field")));
        struct text code = json_string(arena, json_member(error, TEXT("code")));
        cr_expect_gt(json_string(arena, json_member(error, TEXT("message"))).length, 0);
        buffer_add_format(&buffer, "%s%.*s %.*s", count++ == 0 ? "" : ", ", TEXT_ARG(field), TEXT_ARG(code));
    }
    cr_expect_eq(count, validation.error_count);
    return text_copy(arena, buffer_text(&buffer)).at;
}

#define ITEM "\"items\":[{\"productId\":\"A\",\"quantity\":1}]"
#define IDS "\"orderId\":\"O-1\",\"customerId\":\"C-1\""
#define PAY "\"paymentMethod\":\"tok_visa\""
#define LONG_64 "0123456789012345678901234567890123456789012345678901234567890123"

#define KANJI_10 "\u65e5\u65e5\u65e5\u65e5\u65e5\u65e5\u65e5\u65e5\u65e5\u65e5"
#define KANJI_70 KANJI_10 KANJI_10 KANJI_10 KANJI_10 KANJI_10 KANJI_10 KANJI_10

static const struct {
    const char *order, *errors;
} cases[] = {
    {"{" IDS "," ITEM "," PAY "}", ""},
    {"{" IDS "," ITEM ",\"paymentMethod\":\"pm_1\",\"warehouse\":\"east-1\",\"extra\":{\"kept\":true},\"price\":1}", ""},
    {"{}", "orderId required, customerId required, items required, paymentMethod required"},
    {"{\"orderId\":\"O 1\",\"customerId\":\"C-1\"," ITEM "," PAY "}", "orderId invalid_format"},
    {"{\"orderId\":\"O-1\",\"customerId\":7," ITEM "," PAY "}", "customerId wrong_type"},
    {"{\"orderId\":\"O-1\",\"customerId\":\"\"," ITEM "," PAY "}", "customerId invalid_format"},
    {"{\"orderId\":\"O-1\",\"customerId\":\"" LONG_64 "\"," ITEM "," PAY "}", ""},
    {"{\"orderId\":\"O-1\",\"customerId\":\"" LONG_64 "x\"," ITEM "," PAY "}", "customerId invalid_format"},
    {"{\"orderId\":\"O-1\",\"customerId\":null," ITEM "," PAY "}", "customerId wrong_type"},
    {"{" IDS "," ITEM "," PAY ",\"warehouse\":\"a:b\"}", "warehouse invalid_format"},
    /* null is as good as absent where a member is optional, and nowhere else */
    {"{" IDS "," ITEM "," PAY ",\"warehouse\":null,\"shipTo\":null}", ""},
    {"{" IDS "," ITEM "," PAY ",\"shipTo\":{\"name\":null,\"country\":null,\"floor\":null}}", ""},
    {"{\"orderId\":null,\"customerId\":null,\"items\":null,\"paymentMethod\":null}",
     "orderId wrong_type, customerId wrong_type, items wrong_type, paymentMethod wrong_type"},
    {"{" IDS ",\"items\":[null,{\"productId\":null,\"quantity\":1}]," PAY "}",
     "items[0] wrong_type, items[1].productId wrong_type"},
    {"{" IDS ",\"items\":7," PAY "}", "items wrong_type"},
    {"{" IDS ",\"items\":[]," PAY "}", "items out_of_range"},
    {"{" IDS ",\"items\":[7]," PAY "}", "items[0] wrong_type"},
    {"{" IDS ",\"items\":[{}]," PAY "}", "items[0].productId required, items[0].quantity required"},
    {"{" IDS ",\"items\":[{\"productId\":7,\"quantity\":1}]," PAY "}", "items[0].productId wrong_type"},
    {"{" IDS ",\"items\":[{\"productId\":\"a b\",\"quantity\":1}]," PAY "}", "items[0].productId invalid_format"},
    {"{" IDS ",\"items\":[{\"productId\":\"NO\",\"quantity\":1}]," PAY "}", "items[0].productId unknown_product"},
    {"{" IDS ",\"items\":[{\"productId\":\"X\",\"quantity\":1}]," PAY "}", ""}, /* the payment service says catalog_broken */
    {"{" IDS ",\"items\":[{\"productId\":\"A\",\"quantity\":1},{\"productId\":\"A\",\"quantity\":2}]," PAY "}",
     "items[1].productId duplicate"},
    {"{" IDS ",\"items\":[{\"productId\":\"A\",\"quantity\":1},{\"productId\":\"E\",\"quantity\":2}]," PAY "}",
     "items[1].productId mixed_currencies"},
    {"{" IDS ",\"items\":[{\"productId\":\"A\",\"quantity\":0}]," PAY "}", "items[0].quantity out_of_range"},
    {"{" IDS ",\"items\":[{\"productId\":\"A\",\"quantity\":-1}]," PAY "}", "items[0].quantity out_of_range"},
    {"{" IDS ",\"items\":[{\"productId\":\"A\",\"quantity\":10000}]," PAY "}", ""},
    {"{" IDS ",\"items\":[{\"productId\":\"A\",\"quantity\":10001}]," PAY "}", "items[0].quantity out_of_range"},
    {"{" IDS ",\"items\":[{\"productId\":\"A\",\"quantity\":99999999999999999999}]," PAY "}", "items[0].quantity out_of_range"},
    {"{" IDS ",\"items\":[{\"productId\":\"A\",\"quantity\":2.0}]," PAY "}", "items[0].quantity wrong_type"},
    {"{" IDS ",\"items\":[{\"productId\":\"A\",\"quantity\":1e2}]," PAY "}", "items[0].quantity wrong_type"},
    {"{" IDS ",\"items\":[{\"productId\":\"A\",\"quantity\":\"2\"}]," PAY "}", "items[0].quantity wrong_type"},
    {"{" IDS ",\"items\":[{\"productId\":\"A\",\"quantity\":true}]," PAY "}", "items[0].quantity wrong_type"},
    {"{" IDS ",\"items\":[{\"productId\":\"A\",\"quantity\":null}]," PAY "}", "items[0].quantity wrong_type"},
    {"{" IDS "," ITEM ",\"paymentMethod\":7}", "paymentMethod wrong_type"},
    {"{" IDS "," ITEM ",\"paymentMethod\":\"visa\"}", "paymentMethod invalid_format"},
    {"{" IDS "," ITEM ",\"paymentMethod\":\"\"}", "paymentMethod invalid_format"},
    {"{" IDS "," ITEM ",\"paymentMethod\":\"tok_" LONG_64 LONG_64 "\"}", "paymentMethod out_of_range"},
    {"{" IDS "," ITEM ",\"paymentMethod\":\"****************\"}", "paymentMethod card_number"},
    {"{" IDS "," ITEM ",\"paymentMethod\":\"tok_****************\"}", "paymentMethod card_number"},
    {"{" IDS "," ITEM ",\"paymentMethod\":\"**************\"}", "paymentMethod card_number"}, /* of a number */
    {"{" IDS "," ITEM "," PAY ",\"shipTo\":[]}", "shipTo wrong_type"},
    {"{" IDS "," ITEM "," PAY ",\"shipTo\":{\"name\":\"\",\"city\":7,\"country\":\"it\"}}",
     "shipTo.name out_of_range, shipTo.city wrong_type, shipTo.country invalid_format"},
    {"{" IDS "," ITEM "," PAY ",\"shipTo\":{\"line1\":\"" LONG_64 LONG_64 LONG_64 "12345678\"}}", ""},
    {"{" IDS "," ITEM "," PAY ",\"shipTo\":{\"line1\":\"" LONG_64 LONG_64 LONG_64 "123456789\"}}", "shipTo.line1 out_of_range"},
    {"{" IDS "," ITEM "," PAY ",\"shipTo\":{\"country\":\"ITA\"}}", "shipTo.country invalid_format"},
    {"{" IDS "," ITEM "," PAY ",\"shipTo\":{}}", ""},
    /* lengths count characters */
    {"{" IDS "," ITEM "," PAY ",\"shipTo\":{\"line1\":\"" KANJI_70 "\"}}", ""},
    {"{" IDS "," ITEM "," PAY ",\"shipTo\":{\"line1\":\"" KANJI_70 KANJI_70 KANJI_10 KANJI_10 KANJI_10 KANJI_10 KANJI_10 KANJI_10
     "\"}}",
     ""},
    {"{" IDS "," ITEM "," PAY ",\"shipTo\":{\"line1\":\"" KANJI_70 KANJI_70 KANJI_70 "\"}}", "shipTo.line1 out_of_range"},
    {"{" IDS "," ITEM ",\"paymentMethod\":\"tok_" KANJI_70 KANJI_10 KANJI_10 KANJI_10 KANJI_10 KANJI_10 "1234\"}", ""},
    {"{" IDS "," ITEM ",\"paymentMethod\":\"tok_" KANJI_70 KANJI_10 KANJI_10 KANJI_10 KANJI_10 KANJI_10 "12345\"}",
     "paymentMethod out_of_range"},
    /* the name of a member is cut at a character */
    {"{" IDS "," ITEM "," PAY ",\"shipTo\":{\"" KANJI_70 "\":\"\"}}",
     "shipTo." KANJI_10 KANJI_10 KANJI_10 KANJI_10 KANJI_10 KANJI_10 "\u65e5\u65e5\u65e5\u65e5 out_of_range"},
    {"{" IDS "," ITEM "," PAY ",\"shipTo\":{\"x" KANJI_70 "\":7}}",
     "shipTo.x" KANJI_10 KANJI_10 KANJI_10 KANJI_10 KANJI_10 KANJI_10 "\u65e5\u65e5\u65e5 wrong_type"},
};

Test(validator, says_all_that_is_wrong)
{
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        cr_expect_str_eq(errors_of(text_of(cases[i].order)), cases[i].errors, "%s", cases[i].order);
}

static struct text order_of_items(int count, const char *format)
{
    struct buffer buffer = buffer_in(arena, 1024);

    buffer_add(&buffer, TEXT("{" IDS "," PAY ",\"items\":["));
    for (int i = 0; i < count; i++) {
        char item[128];
        snprintf(item, sizeof(item), format, i);
        buffer_add_format(&buffer, "%s%s", i == 0 ? "" : ",", item);
    }
    buffer_add(&buffer, TEXT("]}"));
    return buffer_text(&buffer);
}

Test(validator, a_hundred_items_are_the_most)
{
    struct validation hundred = validate(order_of_items(100, "{\"productId\":\"X\",\"quantity\":%d}"));
    struct validation more = validate(order_of_items(101, "{\"productId\":\"P%d\",\"quantity\":1}"));

    cr_expect_eq(hundred.error_count, 100, "the product is listed again 99 times, and one quantity is 0");
    cr_expect_not_null(memmem(more.errors.at, more.errors.length, "too_many", 8));
}

Test(validator, reports_a_hundred_errors_at_most)
{
    struct validation validation = validate(order_of_items(5000, "{\"productId\":%d}"));

    cr_expect_eq(validation.error_count, VALIDATION_ERRORS_MAX);
    cr_expect_lt(validation.errors.length, 32768);
}

Test(validator, knows_the_currency_and_the_lines)
{
    struct validation validation = validate(TEXT("{" IDS "," ITEM "," PAY "}"));

    cr_expect(text_equals(validation.currency, TEXT("USD")));
    cr_expect_eq(validation.line_count, 1);
}
