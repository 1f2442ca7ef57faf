/* fuzz_json.c - any bytes are read or refused. What was read is the same document when it is printed again, its strings come back
 * the same, and masking leaves it JSON without a card number.
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

static void check_values(struct arena *arena, const struct json *root)
{
    for (const struct json *value = root; value < json_next(root); value++) {
        check(value->at >= root->at && value->at + value->length <= root->at + root->length);
        check(json_next(value) <= json_next(root));
        if (value->type == JSON_STRING)
            check_string(arena, value);
        if (value->type == JSON_OBJECT)
            for (JSON_EACH_MEMBER(name, value))
                check(json_member(value, json_string(arena, name)) == json_next(name));
    }
}

static void check_mask(struct arena *arena, const struct json *root)
{
    bool masked, again;
    const struct text text = mask_json(arena, root, &masked);

    check(masked == (text.at != root->at) && text.length == root->length);
    mask_json(arena, read_again(arena, text), &again);
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
