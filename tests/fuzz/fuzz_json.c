/* fuzz_json.c - any bytes are read or refused. What was read is the same document when it is printed again, its strings come back
 * the same, its numbers are the same in other writings, and masking leaves it JSON without a card number.
 *
 *     cmake --preset fuzz && cmake --build --preset fuzz && ctest --preset fuzz */
#include "json_build.h"
#include "mask.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

static void check(bool holds)
{
    if (!holds)
        abort();
}

static const struct json *read_again(struct arena *arena, struct text text)
{
    const struct json *root = NULL;

    check(json_read(arena, text, &root) == STATUS_OK);
    return root;
}

static void check_string(struct arena *arena, const struct json *string)
{
    const struct text decoded = json_string(arena, string);
    struct buffer buffer = buffer_in(arena, 0);

    buffer_add_json_string(&buffer, decoded);
    const struct json *again = read_again(arena, buffer_text(&buffer));
    check(text_equals(json_string(arena, again), decoded));
    check(json_string_is(string, decoded) && json_string_is(again, decoded));
    check(json_same(json_raw(string), json_raw(again)));
}

static bool is_number(const struct json *value) { return value->type == JSON_INTEGER || value->type == JSON_DECIMAL; }

/* The number written differently. */
static struct text rewritten(struct arena *arena, const struct json *number)
{
    const struct text raw = json_raw(number);
    const bool has_exponent = memchr(raw.at, 'e', raw.length) != NULL || memchr(raw.at, 'E', raw.length) != NULL;
    struct buffer buffer = buffer_in(arena, raw.length + 4);

    buffer_add(&buffer, raw);
    buffer_add(&buffer, has_exponent ? TEXT(" ") : number->type == JSON_INTEGER ? TEXT(".0e+0") : TEXT("0E-00"));
    return buffer_text(&buffer);
}

/* What is the same is so from both sides, and passes it on to what is the same as that. */
static void check_number(struct arena *arena, const struct json *number, const struct json *other)
{
    const struct text text = rewritten(arena, number);

    check(json_same(json_raw(number), text) && json_same(text, json_raw(number)));
    if (!is_number(other))
        return;
    const bool same = json_same(json_raw(number), json_raw(other));
    check(same == json_same(json_raw(other), json_raw(number)) && same == json_same(text, json_raw(other)));
}

static void check_values(struct arena *arena, const struct json *root)
{
    for (const struct json *value = root; value < json_next(root); value++) {
        check(value->at >= root->at && value->at + value->length <= root->at + root->length);
        check(json_next(value) <= json_next(root));
        if (value->type == JSON_STRING)
            check_string(arena, value);
        if (is_number(value))
            check_number(arena, value, value + 1 < json_next(root) ? value + 1 : root);
        if (value->type == JSON_OBJECT)
            for (JSON_EACH_MEMBER(name, value))
                check(json_member(value, json_string(arena, name)) == json_next(name));
    }
}

/* Where ids may be, which are left as they are: at the top, and in what its array of items holds. */
enum place { TOP, ITEMS, ITEM, ELSEWHERE };

static bool may_be_id(enum place place, const struct json *name)
{
    if (place == TOP)
        return json_string_is(name, TEXT("orderId")) || json_string_is(name, TEXT("customerId")) ||
               json_string_is(name, TEXT("warehouse"));
    return place == ITEM && json_string_is(name, TEXT("productId"));
}

/* No string, name or number holds a card number. */
static void check_no_card(const struct json *value, enum place place)
{
    if (value->type == JSON_STRING || value->type == JSON_INTEGER)
        check(!mask_finds_card(json_raw(value)));
    if (value->type == JSON_ARRAY)
        for (JSON_EACH(element, value))
            check_no_card(element, place == ITEMS ? ITEM : ELSEWHERE);
    if (value->type == JSON_OBJECT)
        for (JSON_EACH_MEMBER(name, value)) {
            const struct json *member = json_next(name);
            check(!mask_finds_card(json_inside(name)));
            if (!may_be_id(place, name) || member->type != JSON_STRING)
                check_no_card(member, place == TOP && json_string_is(name, TEXT("items")) ? ITEMS : ELSEWHERE);
        }
}

static void check_mask(struct arena *arena, const struct json *root)
{
    bool masked, again;
    const struct text text = mask_json(arena, root, &masked);

    check(masked == (text.at != root->at) && text.length == root->length);
    const struct json *masked_root = read_again(arena, text);
    check(masked_root->span == root->span && masked_root->count == root->count);
    check_no_card(masked_root, TOP);
    mask_json(arena, masked_root, &again);
    check(!again);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    CLEANUP(arena_destroy) struct arena *arena = arena_create();
    const struct text text = {(const char *)bytes, length};
    const struct json *root;
    bool masked;

    check(!mask_finds_card(mask_bytes(arena, text, &masked)));
    if (json_read(arena, text, &root) != STATUS_OK)
        return 0;
    check_values(arena, root);
    check_mask(arena, root);
    if (memmem(bytes, length, "\\u0000", 6) == NULL) /* see print_name() in json.c */
        check(json_same(text, json_pretty(arena, text)));
    return 0;
}
