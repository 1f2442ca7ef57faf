#include "validator.h"

#include "mask.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#define NAME_SHOWN_MAX 64 /* characters of the name of an address' member */
#define FIELD_NAME_SIZE (NAME_SHOWN_MAX * CHARACTER_BYTES_MAX + 16)
#define MESSAGE_SIZE (FIELD_NAME_SIZE + 128) /* what is cut could end within a character, which is no JSON: nothing is */
#define PRODUCT_ID ".productId"              /* of an item */

/* An order being checked. */
struct check {
    struct arena *arena;
    const struct json *order;
    const struct text *product_ids;
    const struct product *products;
    size_t product_count;
    struct buffer errors;
    struct validation result;
};

static void check_items(struct check *check);
static void check_payment_method(struct check *check);
static void check_ship_to(struct check *check);

/* ---- errors ---- */

static void add_error(struct check *check, const char *field, const char *code, const char *format, ...) PRINTF_LIKE(4, 5);

static bool is_full(const struct check *check) { return check->result.error_count == VALIDATION_ERRORS_MAX; }

static void add_error(struct check *check, const char *field, const char *code, const char *format, ...)
{
    char message[MESSAGE_SIZE];
    va_list arguments;

    if (is_full(check))
        return;
    va_start(arguments, format);
    vsnprintf(message, sizeof(message), format, arguments);
    va_end(arguments);
    if (check->result.error_count++ > 0)
        buffer_add(&check->errors, TEXT(","));
    buffer_add(&check->errors, TEXT("{\"field\":"));
    buffer_add_json_string(&check->errors, text_of(field));
    buffer_add(&check->errors, TEXT(",\"code\":"));
    buffer_add_json_string(&check->errors, text_of(code));
    buffer_add(&check->errors, TEXT(",\"message\":"));
    buffer_add_json_string(&check->errors, text_of(message));
    buffer_add(&check->errors, TEXT("}"));
}

/* ---- strings ---- */

/* The name of a field that is not the same for all orders. It is made where an error says it: orders without errors are many. */
struct field_name {
    char text[FIELD_NAME_SIZE];
};

static struct field_name item_field(size_t number, const char *member)
{
    struct field_name name;

    snprintf(name.text, sizeof(name.text), "items[%zu]%s", number, member);
    return name;
}

static struct field_name address_field(struct text member)
{
    struct field_name name;

    snprintf(name.text, sizeof(name.text), "shipTo.%.*s", TEXT_ARG(text_cut(member, NAME_SHOWN_MAX)));
    return name;
}

/* What is wrong with a required member that is no string. */
static void add_string_error(struct check *check, const struct json *value, const char *field)
{
    if (value == NULL)
        add_error(check, field, "required", "%s is missing", field);
    else
        add_error(check, field, "wrong_type", "%s is not a string", field);
}

/* The string of a required member; TEXT_NONE when an error was added. */
static struct text required_string(struct check *check, const struct json *value, const char *field)
{
    const struct text string = json_string(check->arena, value);

    if (!text_is_there(string))
        add_string_error(check, value, field);
    return string;
}

static void check_id(struct check *check, const char *name, bool (*is_good)(struct text id), const char *rule)
{
    struct text id = required_string(check, json_member(check->order, text_of(name)), name);

    if (text_is_there(id) && !is_good(id))
        add_error(check, name, "invalid_format", "%s is not 1 to %d of %s", name, ORDER_ID_MAX, rule);
}

/* null is as good as absent where a member is optional. A required one that is null has the wrong type. */
static bool is_absent(const struct json *value) { return value == NULL || value->type == JSON_NULL; }

static void check_ids(struct check *check)
{
    check_id(check, "orderId", id_is_good, "A-Z a-z 0-9 . _ : -");
    check_id(check, "customerId", id_is_good, "A-Z a-z 0-9 . _ : -");
    if (!is_absent(json_member(check->order, TEXT("warehouse"))))
        check_id(check, "warehouse", warehouse_is_good, "A-Z a-z 0-9 . _ -");
}

struct validation validate_order(struct arena *arena, const struct json *order, const struct text product_ids[],
                                 const struct product products[], size_t product_count)
{
    struct check check = {.arena = arena,
                          .order = order,
                          .product_ids = product_ids,
                          .products = products,
                          .product_count = product_count,
                          .errors = buffer_in(arena, 64)};

    buffer_add(&check.errors, TEXT("["));
    check_ids(&check);
    check_items(&check);
    check_payment_method(&check);
    check_ship_to(&check);
    buffer_add(&check.errors, TEXT("]"));
    check.result.errors = buffer_text(&check.errors);
    return check.result;
}

/* ---- items ---- */

static const struct json *items_of(const struct json *order)
{
    const struct json *items = json_member(order, TEXT("items"));

    return items != NULL && items->type == JSON_ARRAY ? items : NULL;
}

size_t validation_product_ids(struct arena *arena, const struct json *order, struct text out_ids[ORDER_LINES_MAX])
{
    const struct json *items = items_of(order);
    size_t count = 0;

    if (items == NULL)
        return 0;
    for (JSON_EACH(item, items)) {
        struct text id;
        if (count == ORDER_LINES_MAX)
            break;
        id = json_string(arena, json_member(item, TEXT("productId")));
        out_ids[count++] = id_is_good(id) ? id : TEXT_NONE;
    }
    return count;
}

static void check_currency(struct check *check, size_t number, const struct product *product)
{
    if (!text_is_there(check->result.currency))
        check->result.currency = product->currency;
    else if (!text_equals(check->result.currency, product->currency))
        add_error(check, item_field(number, PRODUCT_ID).text, "mixed_currencies",
                  "this product is sold in %.*s, the others in %.*s", TEXT_ARG(product->currency),
                  TEXT_ARG(check->result.currency));
}

static bool is_listed_before(const struct check *check, size_t number)
{
    for (size_t i = 0; i < number; i++)
        if (text_is_there(check->product_ids[i]) && text_equals(check->product_ids[i], check->product_ids[number]))
            return true;
    return false;
}

/* What the catalog says of a product whose id is well-formed. An entry that makes no sense is the payment service's affair. */
static void check_product(struct check *check, size_t number)
{
    const struct product *product = &check->products[number];

    if (is_listed_before(check, number))
        add_error(check, item_field(number, PRODUCT_ID).text, "duplicate", "%.*s is listed twice",
                  TEXT_ARG(check->product_ids[number]));
    else if (product->state == PRODUCT_UNKNOWN)
        add_error(check, item_field(number, PRODUCT_ID).text, "unknown_product", "%.*s is not in the catalog",
                  TEXT_ARG(check->product_ids[number]));
    else if (product->state == PRODUCT_GOOD)
        check_currency(check, number, product);
}

static void check_product_id(struct check *check, const struct json *item, size_t number)
{
    const struct json *value = json_member(item, TEXT("productId"));
    struct text id = json_string(check->arena, value);

    if (!text_is_there(id))
        add_string_error(check, value, item_field(number, PRODUCT_ID).text);
    else if (!id_is_good(id))
        add_error(check, item_field(number, PRODUCT_ID).text, "invalid_format", "%s is not 1 to %d of A-Z a-z 0-9 . _ : -",
                  item_field(number, PRODUCT_ID).text, PRODUCT_ID_MAX);
    else if (number < check->product_count)
        check_product(check, number);
}

static void add_quantity_error(struct check *check, const struct json *value, const char *field)
{
    if (value == NULL)
        add_error(check, field, "required", "%s is missing", field);
    else if (value->type != JSON_INTEGER)
        add_error(check, field, "wrong_type", "%s is not a whole number", field);
    else
        add_error(check, field, "out_of_range", "%s is not 1 to %d", field, LINE_QUANTITY_MAX);
}

static void check_quantity(struct check *check, const struct json *item, size_t number)
{
    const struct json *value = json_member(item, TEXT("quantity"));
    int64_t quantity;

    if (!json_integer(value, &quantity) || quantity < 1 || quantity > LINE_QUANTITY_MAX)
        add_quantity_error(check, value, item_field(number, ".quantity").text);
}

static void check_item(struct check *check, const struct json *item, size_t number)
{
    if (item->type != JSON_OBJECT) {
        add_error(check, item_field(number, "").text, "wrong_type", "%s is not an object", item_field(number, "").text);
        return;
    }
    check_product_id(check, item, number);
    check_quantity(check, item, number);
}

static void check_items(struct check *check)
{
    const struct json *items = json_member(check->order, TEXT("items"));
    size_t number = 0;

    if (items == NULL) {
        add_error(check, "items", "required", "items is missing");
        return;
    }
    if (items->type != JSON_ARRAY) {
        add_error(check, "items", "wrong_type", "items is not an array");
        return;
    }
    if (items->count == 0)
        add_error(check, "items", "out_of_range", "there is nothing in items");
    if (items->count > ORDER_LINES_MAX)
        add_error(check, "items", "too_many", "there are %" PRIu32 " items, %d are the most", items->count, ORDER_LINES_MAX);
    check->result.line_count = items->count;
    for (JSON_EACH(item, items)) {
        if (is_full(check))
            break;
        check_item(check, item, number++);
    }
}

/* ---- payment and address ---- */

/* Admission has put '*' in the place of a card number's digits. */
static bool was_card_number(struct text method)
{
    return memchr(method.at, '*', method.length) != NULL || mask_finds_card(method);
}

static void check_payment_method(struct check *check)
{
    const char *field = "paymentMethod";
    struct text method = required_string(check, json_member(check->order, TEXT("paymentMethod")), field);

    if (!text_is_there(method))
        return;
    if (was_card_number(method))
        add_error(check, field, "card_number", "%s holds a card number: send a token", field);
    else if (!text_begins(method, TEXT("tok_")) && !text_begins(method, TEXT("pm_")))
        add_error(check, field, "invalid_format", "%s does not begin with tok_ or pm_", field);
    else if (text_characters(method) > PAYMENT_METHOD_MAX)
        add_error(check, field, "out_of_range", "%s is longer than %d characters", field, PAYMENT_METHOD_MAX);
}

static bool is_country(struct text country)
{
    return country.length == 2 && country.at[0] >= 'A' && country.at[0] <= 'Z' && country.at[1] >= 'A' && country.at[1] <= 'Z';
}

static void check_address_member(struct check *check, struct text name, const struct json *value)
{
    struct text string = json_string(check->arena, value);

    if (is_absent(value))
        return;
    if (!text_is_there(string))
        add_string_error(check, value, address_field(name).text);
    else if (text_equals(name, TEXT("country")) && !is_country(string))
        add_error(check, address_field(name).text, "invalid_format", "%s is not two capital letters", address_field(name).text);
    else if (string.length == 0 || text_characters(string) > ADDRESS_MEMBER_MAX)
        add_error(check, address_field(name).text, "out_of_range", "%s is not 1 to %d characters long", address_field(name).text,
                  ADDRESS_MEMBER_MAX);
}

static void check_ship_to(struct check *check)
{
    const struct json *ship_to = json_member(check->order, TEXT("shipTo"));

    if (is_absent(ship_to))
        return;
    if (ship_to->type != JSON_OBJECT) {
        add_error(check, "shipTo", "wrong_type", "shipTo is not an object");
        return;
    }
    for (JSON_EACH_MEMBER(name, ship_to)) {
        if (is_full(check))
            break;
        check_address_member(check, json_string(check->arena, name), json_next(name));
    }
}
