/* json.h - strict JSON: read into a flat array of values that point into the bytes they came from.
 *
 * json-c 0.16 is not strict (see docs/decisions/0001-json.md), gives no offsets, and costs 5 us an order. So one pass of ours
 * checks every byte (RFC 8259, UTF-8, no lone surrogate, no member twice, at most JSON_DEPTH_READ_MAX deep) and remembers
 * where each value stands: a member's own bytes can be spliced into the next message without printing them again. json-c
 * prints for people (json_build.h).
 *
 * Ownership  values live in the arena and borrow the bytes: both must outlive them
 * Source     RFC 8259; docs/operations.md (not_json) */
#ifndef ORDERLY_JSON_H
#define ORDERLY_JSON_H

#include "text.h"

#define JSON_DEPTH_MAX 32                        /* how deep a document from outside may be nested */
#define JSON_DEPTH_READ_MAX (JSON_DEPTH_MAX + 4) /* of what json_read() takes: our messages wrap an order or a result */
#define JSON_BYTES_MAX ((size_t)64 * 1024 * 1024)

enum json_value_type { JSON_NULL, JSON_FALSE, JSON_TRUE, JSON_INTEGER, JSON_DECIMAL, JSON_STRING, JSON_ARRAY, JSON_OBJECT };

/* One value, or the name of a member. In the array an object is followed by name, value, name, value, ...; an array by its
 * elements; each with all that is inside it. INTEGER is a number without fraction and exponent, of any size. */
struct json {
    const char *at;  /* first byte, the quote of a string included */
    uint32_t length; /* bytes, quotes included */
    uint32_t span;   /* values in the array from this one on, itself and all inside included */
    uint32_t count;  /* elements of an array, members of an object */
    uint8_t type;    /* enum json_value_type */
    uint8_t depth;   /* arrays and objects inside one another, itself included; 0 for all others. Admission limits it */
    bool has_escape; /* a string with a backslash */
};

/* Reads one whole JSON text. The root is the first of a contiguous array.
 * STATUS_BAD_MESSAGE  not strict JSON, or nothing but spaces, or over JSON_BYTES_MAX */
MUST_CHECK enum status json_read(struct arena *arena, struct text bytes, const struct json **out_root);

/* The value's own bytes, as they stand in the message. */
static inline struct text json_raw(const struct json *value) { return (struct text){value->at, value->length}; }
/* First element, or name of the first member; only when count > 0. */
static inline const struct json *json_first(const struct json *parent) { return parent + 1; }
/* What follows value inside its parent. The value of a member name is its json_next(). */
static inline const struct json *json_next(const struct json *value) { return value + value->span; }
/* The value of an object's member, or NULL: not an object (also NULL), no such member. */
const struct json *json_member(const struct json *object, struct text name);
/* The bytes between the quotes of a string. */
static inline struct text json_inside(const struct json *string) { return (struct text){string->at + 1, string->length - 2}; }
/* What the inside of a string with escapes stands for, in the arena. */
struct text json_unescaped(struct arena *arena, struct text inside);
/* Whether the inside of a string with escapes stands for this text. */
bool json_unescaped_is(struct text inside, struct text text);
/* A string without quotes and escapes: borrowed from the message when it has no escape, else made in the arena.
 * TEXT_NONE when value is NULL or not a string. */
static inline struct text json_string(struct arena *arena, const struct json *value)
{
    if (value == NULL || value->type != JSON_STRING)
        return TEXT_NONE;
    return value->has_escape ? json_unescaped(arena, json_inside(value)) : json_inside(value);
}
/* Whether a string, its escapes undone, is this text. False when value is NULL or not a string. */
static inline bool json_string_is(const struct json *value, struct text text)
{
    if (value == NULL || value->type != JSON_STRING)
        return false;
    return value->has_escape ? json_unescaped_is(json_inside(value), text) : text_equals(json_inside(value), text);
}
/* An INTEGER within int64. False for everything else (NULL too): out_number untouched. */
MUST_CHECK bool json_integer(const struct json *value, int64_t *out_number);
/* Whether two texts are the same document: member order, spaces and escapes don't matter, nor how a number is written (10, 10.0,
 * 1e1). Texts that are not strict JSON are the same when their bytes are. */
bool json_same(struct text a, struct text b);
/* for (JSON_EACH(element, array)) runs over the elements; an object's members are walked with JSON_EACH_MEMBER. */
#define JSON_EACH(element, parent)                                                                                               \
    const struct json *element##_in = (parent), *element##_end = json_next(element##_in), *element = element##_in + 1;           \
    element < element##_end;                                                                                                     \
    element = json_next(element)
#define JSON_EACH_MEMBER(name, parent)                                                                                           \
    const struct json *name##_in = (parent), *name##_end = json_next(name##_in), *name = name##_in + 1;                          \
    name < name##_end;                                                                                                           \
    name = json_next(json_next(name))

#endif
