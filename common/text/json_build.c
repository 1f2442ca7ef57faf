/* json_build.c - a draft is json-c's own object under another name. */
#include "json_build.h"

#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>

#define DECIMAL_SIZE 352 /* of the largest double with its decimals */

static struct json_object *object_of(struct json_draft *draft) { return (struct json_object *)draft; }

static struct json_draft *draft_of(struct json_object *object)
{
    if (object == NULL)
        abort(); /* out of memory, as everywhere */
    return (struct json_draft *)object;
}

struct json_draft *json_draft_object(void) { return draft_of(json_object_new_object()); }

void json_draft_destroy(struct json_draft *draft) { json_object_put(object_of(draft)); }

/* ---- adding ---- */

/* Takes over the value; NULL is null. The name is not looked for: that is faster, and a member that is there twice is printed
 * twice. */
static void add(struct json_object *parent, const char *name, struct json_object *value)
{
    const int failed = name == NULL ? json_object_array_add(parent, value)
                                    : json_object_object_add_ex(parent, name, value, JSON_C_OBJECT_ADD_KEY_IS_NEW);

    if (failed != 0)
        abort();
}

static struct json_object *string_of(struct text text) { return json_object_new_string_len(text.at, (int)text.length); }

void json_add_text(struct json_draft *draft, const char *name, struct text text)
{
    add(object_of(draft), name, text_is_there(text) ? string_of(text) : NULL);
}

void json_add_number(struct json_draft *draft, const char *name, int64_t number)
{
    add(object_of(draft), name, json_object_new_int64(number));
}

/* json-c prints the text that comes with a double, not the double. */
static struct json_object *number_of(const char *digits) { return json_object_new_double_s(0, digits); }

void json_add_decimal(struct json_draft *draft, const char *name, double number, int decimals)
{
    char digits[DECIMAL_SIZE];

    snprintf(digits, sizeof(digits), "%.*f", decimals, number);
    add(object_of(draft), name, number_of(digits));
}

void json_add_bool(struct json_draft *draft, const char *name, bool is_true)
{
    add(object_of(draft), name, json_object_new_boolean(is_true));
}

struct json_draft *json_add_object(struct json_draft *draft, const char *name)
{
    struct json_draft *object = json_draft_object();

    add(object_of(draft), name, object_of(object));
    return object;
}

struct json_draft *json_add_array(struct json_draft *draft, const char *name)
{
    struct json_draft *array = draft_of(json_object_new_array());

    add(object_of(draft), name, object_of(array));
    return array;
}

/* ---- what was read ---- */

static struct json_object *copy_of(struct arena *arena, const struct json *value);

/* A name for json-c, which cuts names at '\0': one that holds such a byte stays escaped. */
static const char *name_of(struct arena *arena, const struct json *name)
{
    const struct text decoded = json_string(arena, name);

    return text_copy(arena, memchr(decoded.at, '\0', decoded.length) == NULL ? decoded : json_inside(name)).at;
}

static struct json_object *copy_of_object(struct arena *arena, const struct json *value)
{
    struct json_object *object = json_object_new_object();

    for (JSON_EACH_MEMBER(name, value))
        add(object, name_of(arena, name), copy_of(arena, json_next(name)));
    return object;
}

static struct json_object *copy_of_array(struct arena *arena, const struct json *value)
{
    struct json_object *array = json_object_new_array();

    for (JSON_EACH(element, value))
        add(array, NULL, copy_of(arena, element));
    return array;
}

/* Made from our values, not by json-c's reader: that would change large numbers. */
static struct json_object *copy_of(struct arena *arena, const struct json *value)
{
    switch ((enum json_value_type)value->type) {
    case JSON_NULL:
        return NULL;
    case JSON_FALSE:
        return json_object_new_boolean(false);
    case JSON_TRUE:
        return json_object_new_boolean(true);
    case JSON_STRING:
        return string_of(json_string(arena, value));
    case JSON_ARRAY:
        return copy_of_array(arena, value);
    case JSON_OBJECT:
        return copy_of_object(arena, value);
    default:
        return number_of(text_copy(arena, json_raw(value)).at);
    }
}

void json_add_value(struct json_draft *draft, const char *name, const struct json *value)
{
    CLEANUP(arena_destroy) struct arena *arena = arena_create();

    add(object_of(draft), name, copy_of(arena, value));
}

/* ---- printing ---- */

static struct text print(struct arena *arena, struct json_object *object, enum json_style style)
{
    static const int flags[] = {[JSON_ONE_LINE] = JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE,
                                [JSON_INDENTED] =
                                    JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED | JSON_C_TO_STRING_NOSLASHESCAPE};

    return text_copy(arena, text_of(json_object_to_json_string_ext(object, flags[style])));
}

struct text json_draft_text(struct arena *arena, struct json_draft *draft, enum json_style style)
{
    return print(arena, object_of(draft), style);
}

struct text json_pretty(struct arena *arena, struct text bytes)
{
    const struct json *root;
    struct json_object *document;
    struct text printed;

    if (json_read(arena, bytes, &root) != STATUS_OK)
        return TEXT_NONE;
    document = copy_of(arena, root);
    printed = print(arena, document, JSON_INDENTED);
    json_object_put(document);
    return printed;
}

const char *json_library_version(void) { return json_c_version(); }
