#include "schema.h"

#include <assert.h>

/* Whether a word stands in a list of words with single spaces between them. */
static bool is_one_of(struct text word, const char *words)
{
    while (words != NULL) {
        const char *space = strchr(words, ' ');
        const size_t length = space == NULL ? strlen(words) : (size_t)(space - words);
        if (text_equals(word, (struct text){words, length}))
            return true;
        words = space == NULL ? NULL : space + 1;
    }
    return false;
}

/* No text has more characters than bytes: mostly nothing has to be counted. */
static bool is_in_range(const struct field *field, struct text text)
{
    if ((int64_t)text.length <= field->high && field->low <= (text.length > 0))
        return true;
    const int64_t characters = (int64_t)text_characters(text);
    return characters >= field->low && characters <= field->high;
}

static bool read_text(struct arena *arena, const struct field *field, const struct json *value, struct text *out_text)
{
    const struct text text = json_string(arena, value);

    if (!text_is_there(text) || !(field->kind == FIELD_KIND_WORD ? is_one_of(text, field->words) : is_in_range(field, text)))
        return false;
    *out_text = text;
    return true;
}

static bool read_number(const struct field *field, const struct json *value, int64_t *out_number)
{
    int64_t number;

    if (!json_integer(value, &number) || number < field->low || number > field->high)
        return false;
    *out_number = number;
    return true;
}

static bool read_raw(const struct json *value, enum json_value_type type, struct text *out_text)
{
    if (value->type != type)
        return false;
    *out_text = json_raw(value);
    return true;
}

static bool read_field(struct arena *arena, const struct field *field, const struct json *value, void *out_message)
{
    void *place = (char *)out_message + field->offset;

    switch (field->kind) {
    case FIELD_KIND_NUMBER:
        return read_number(field, value, place);
    case FIELD_KIND_OBJECT:
        return read_raw(value, JSON_OBJECT, place);
    case FIELD_KIND_ARRAY:
        return read_raw(value, JSON_ARRAY, place);
    default:
        return read_text(arena, field, value, place);
    }
}

/* What is left of a value that breaks its row: the beginning of a text, or nothing. */
static void mend_field(struct arena *arena, const struct field *field, const struct json *value, void *out_message)
{
    if (field->kind == FIELD_KIND_TEXT)
        *(struct text *)(void *)((char *)out_message + field->offset) = text_cut(json_string(arena, value), (size_t)field->high);
}

static bool is_named(const struct field *field, const struct json *name)
{
    return json_string_is(name, (struct text){field->name, field->name_length});
}

/* The row of a member, or count. The row at hint is tried first: members mostly come in the order of the table. */
static size_t find_field(const struct field fields[], size_t count, const struct json *name, size_t hint)
{
    size_t i = 0;

    if (hint < count && is_named(&fields[hint], name))
        return hint;
    while (i < count && !is_named(&fields[i], name))
        i++;
    return i;
}

/* Names the field that stopped the reading. */
static enum status bad_field(const char *name, const char **out_field)
{
    if (out_field != NULL)
        *out_field = name;
    return STATUS_BAD_MESSAGE;
}

/* Reads one member; false when it spoils the message. A required field counts as seen when it has its value. */
static bool read_member(struct arena *arena, const struct field *field, const struct json *value, void *out_message, uint64_t bit,
                        uint64_t *seen, uint64_t *mended)
{
    if (value->type == JSON_NULL && (!field->required || field->mended))
        return true;
    if (read_field(arena, field, value, out_message)) {
        *seen |= bit;
    } else if (field->mended) {
        mend_field(arena, field, value, out_message);
        *mended |= bit;
    } else {
        return false;
    }
    return true;
}

static enum status read_object(struct arena *arena, const struct field fields[], size_t field_count, const struct json *object,
                               void *out_message, const char **out_field, uint64_t *mended)
{
    uint64_t seen = 0;
    size_t next = 0;

    assert(field_count <= FIELDS_MAX);
    if (object == NULL || object->type != JSON_OBJECT)
        return bad_field("", out_field);
    for (JSON_EACH_MEMBER(name, object)) {
        const size_t i = find_field(fields, field_count, name, next);
        if (i == field_count)
            continue;
        if (!read_member(arena, &fields[i], json_next(name), out_message, UINT64_C(1) << i, &seen, mended))
            return bad_field(fields[i].name, out_field);
        next = i + 1;
    }
    for (size_t i = 0; i < field_count; i++) {
        if (!fields[i].required || (seen >> i & 1) != 0)
            continue;
        if (!fields[i].mended)
            return bad_field(fields[i].name, out_field);
        *mended |= UINT64_C(1) << i;
    }
    return STATUS_OK;
}

enum status schema_read(struct arena *arena, const struct field fields[], size_t field_count, const struct json *object,
                        void *out_message, const char **out_field)
{
    uint64_t mended = 0;

    return read_object(arena, fields, field_count, object, out_message, out_field, &mended);
}

enum status schema_read_mending(struct arena *arena, const struct field fields[], size_t field_count, const struct json *object,
                                void *out_message, uint64_t *out_mended)
{
    *out_mended = 0;
    return read_object(arena, fields, field_count, object, out_message, NULL, out_mended);
}

#define WRITTEN_MORE 4 /* the comma, two quotes and a colon */

static void write_name(struct buffer *buffer, const struct field *field, bool is_first)
{
    if (is_first)
        buffer_add(buffer, TEXT("{"));
    buffer_add(buffer, (struct text){field->written + is_first, field->name_length + WRITTEN_MORE - is_first});
}

static bool is_absent(const struct field *field, const void *place)
{
    if (field->required)
        return false;
    return field->kind == FIELD_KIND_NUMBER ? *(const int64_t *)place == 0 : !text_is_there(*(const struct text *)place);
}

static void write_value(struct buffer *buffer, const struct field *field, const void *place)
{
    const struct text *text = place;

    switch (field->kind) {
    case FIELD_KIND_NUMBER:
        buffer_add_number(buffer, *(const int64_t *)place);
        break;
    case FIELD_KIND_OBJECT:
    case FIELD_KIND_ARRAY:
        assert(text->length >= 2);
        buffer_add(buffer, *text);
        break;
    default:
        assert(text_is_there(*text));
        buffer_add_json_string(buffer, *text);
    }
}

void schema_write(struct buffer *buffer, const struct field fields[], size_t field_count, const void *message)
{
    bool is_first = true;

    for (size_t i = 0; i < field_count; i++) {
        const void *place = (const char *)message + fields[i].offset;
        if (is_absent(&fields[i], place))
            continue;
        write_name(buffer, &fields[i], is_first);
        write_value(buffer, &fields[i], place);
        is_first = false;
    }
    buffer_add(buffer, is_first ? TEXT("{}") : TEXT("}"));
}
