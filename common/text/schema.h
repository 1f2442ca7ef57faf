/* schema.h - a message is a struct and a table of its fields: the table reads it from JSON, checks it, and writes it.
 *
 * Every field is text, a number, one of a list of words, or raw JSON that is passed on as it stands. Members that are not in
 * the table are ignored.
 *
 * Ownership  texts borrow the message (or the arena, where a string had escapes)
 * Seen in    lwan send-money-json-api (descriptor tables) */
#ifndef ORDERLY_SCHEMA_H
#define ORDERLY_SCHEMA_H

#include "json.h"

#define FIELDS_MAX 64 /* rows of a table */

enum field_kind {
    FIELD_KIND_TEXT,   /* struct text: a JSON string, low..high characters (as JSON Schema counts them), escapes undone */
    FIELD_KIND_WORD,   /* struct text: a JSON string that is one of words */
    FIELD_KIND_NUMBER, /* int64_t: a JSON integer, low..high */
    FIELD_KIND_OBJECT, /* struct text: the raw bytes of a JSON object */
    FIELD_KIND_ARRAY,  /* struct text: the raw bytes of a JSON array */
};

struct field {
    const char *name; /* of the JSON member */
    size_t name_length;
    const char *written; /* the name as it is written: ,"name": */
    enum field_kind kind;
    size_t offset;
    int64_t low, high;
    const char *words; /* WORD: "succeeded refused failed" */
    bool required;     /* an optional field that is absent, or null, is TEXT_NONE, or 0 */
    bool mended; /* a value that breaks the row does not spoil the message: a text that is too long is cut, all else left out */
};

#define FIELD_NAME(json_name) .name = (json_name), .name_length = sizeof(json_name) - 1, .written = ",\"" json_name "\":"
#define FIELD(type, member, json_name, field_kind, low_, high_, required_)                                                       \
    {                                                                                                                            \
        FIELD_NAME(json_name), .kind = (field_kind), .offset = offsetof(type, member), .low = (low_), .high = (high_),           \
                               .required = (required_)                                                                           \
    }
#define FIELD_TEXT(type, member, name, low, high) FIELD(type, member, name, FIELD_KIND_TEXT, low, high, true)
#define FIELD_TEXT_OPTIONAL(type, member, name, high) FIELD(type, member, name, FIELD_KIND_TEXT, 0, high, false)
#define FIELD_WORD(type, member, json_name, words_)                                                                              \
    {                                                                                                                            \
        FIELD_NAME(json_name), .kind = FIELD_KIND_WORD, .offset = offsetof(type, member), .words = (words_), .required = true    \
    }
#define FIELD_NUMBER(type, member, name, low, high) FIELD(type, member, name, FIELD_KIND_NUMBER, low, high, true)
#define FIELD_NUMBER_OPTIONAL(type, member, name, low, high) FIELD(type, member, name, FIELD_KIND_NUMBER, low, high, false)
#define FIELD_OBJECT(type, member, name) FIELD(type, member, name, FIELD_KIND_OBJECT, 0, INT64_MAX, true)
#define FIELD_OBJECT_OPTIONAL(type, member, name) FIELD(type, member, name, FIELD_KIND_OBJECT, 0, INT64_MAX, false)
#define FIELD_ARRAY_OPTIONAL(type, member, name) FIELD(type, member, name, FIELD_KIND_ARRAY, 0, INT64_MAX, false)
/* The same, but mended. A number that is left out is 0, and written all the same. */
#define FIELD_MENDED(type, member, json_name, field_kind, low_, high_, required_)                                                \
    {                                                                                                                            \
        FIELD_NAME(json_name), .kind = (field_kind), .offset = offsetof(type, member), .low = (low_), .high = (high_),           \
                               .required = (required_), .mended = true                                                           \
    }
#define FIELD_TEXT_MENDED(type, member, name, high) FIELD_MENDED(type, member, name, FIELD_KIND_TEXT, 0, high, false)
#define FIELD_NUMBER_MENDED(type, member, name, low, high) FIELD_MENDED(type, member, name, FIELD_KIND_NUMBER, low, high, true)
#define FIELD_OBJECT_MENDED(type, member, name) FIELD_MENDED(type, member, name, FIELD_KIND_OBJECT, 0, INT64_MAX, false)
#define FIELD_ARRAY_MENDED(type, member, name) FIELD_MENDED(type, member, name, FIELD_KIND_ARRAY, 0, INT64_MAX, false)

/* Reads the fields of an object into the struct at out_message, which the caller has cleared.
 * STATUS_BAD_MESSAGE  not an object, or a field that breaks its row (out_field, unless NULL, is then its name; out_message may
 *                     hold the fields before it) */
MUST_CHECK enum status schema_read(struct arena *arena, const struct field fields[], size_t field_count,
                                   const struct json *object, void *out_message, const char **out_field);
/* The same for a table with rows that are mended. Bit i of out_mended is set when row i was mended: its value was cut or left
 * out, or it is required and was not there. */
MUST_CHECK enum status schema_read_mending(struct arena *arena, const struct field fields[], size_t field_count,
                                           const struct json *object, void *out_message, uint64_t *out_mended);
/* Appends the object as JSON: optional fields that are absent (TEXT_NONE, or 0) are left out. Required texts must be there. */
void schema_write(struct buffer *buffer, const struct field fields[], size_t field_count, const void *message);

#endif
