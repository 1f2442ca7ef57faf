#include "json.h"
#include "json_number.h"

#include <stdlib.h>

#define VALUES_FIRST_MAX ((size_t)4096) /* values that the first guess makes room for at most */
#define PAIRWISE_MAX 16                 /* members that are compared each with each; more are sorted */

/* ---- one strict pass over the bytes ---- */

struct scan {
    struct arena *arena;
    const char *at, *end;
    struct json *values;
    size_t count, size;
    unsigned depth;
};

static bool read_value(struct scan *scan);

/* An order has a value for every 10 bytes or so. */
static void values_begin(struct scan *scan, size_t bytes)
{
    scan->size = bytes / 8 + 8 < VALUES_FIRST_MAX ? bytes / 8 + 8 : VALUES_FIRST_MAX;
    scan->values = arena_take(scan->arena, scan->size * sizeof(struct json));
}

static void values_grow(struct scan *scan)
{
    struct json *values = arena_take(scan->arena, 2 * scan->size * sizeof(struct json));

    memcpy(values, scan->values, scan->count * sizeof(struct json));
    scan->values = values;
    scan->size *= 2;
}

/* Adds a value that ends before at, where the scan goes on; gives its place, since the array may move. */
static inline size_t value_add(struct scan *scan, enum json_value_type type, const char *at)
{
    if (scan->count == scan->size)
        values_grow(scan);
    scan->values[scan->count] =
        (struct json){.at = scan->at, .length = (uint32_t)(at - scan->at), .span = 1, .type = (uint8_t)type};
    scan->at = at;
    return scan->count++;
}

static bool is_space(char byte) { return byte == ' ' || byte == '\n' || byte == '\t' || byte == '\r'; }

/* Services write no spaces: mostly there are none to skip. */
static inline void skip_spaces(struct scan *scan)
{
    while (scan->at < scan->end && (unsigned char)*scan->at <= ' ' && is_space(*scan->at))
        scan->at++;
}

/* Takes this byte and the spaces before it; false when another byte comes. */
static inline bool take(struct scan *scan, char byte)
{
    skip_spaces(scan);
    if (scan->at == scan->end || *scan->at != byte)
        return false;
    scan->at++;
    return true;
}

/* Four hexadecimal digits; -1 when they are not. */
static int32_t hex_read(const char *at)
{
    int32_t number = 0;

    for (int i = 0; i < 4; i++) {
        const char digit = at[i], letter = (char)(digit | 0x20);
        if (digit >= '0' && digit <= '9')
            number = number * 16 + (digit - '0');
        else if (letter >= 'a' && letter <= 'f')
            number = number * 16 + (letter - 'a' + 10);
        else
            return -1;
    }
    return number;
}

static bool is_high_surrogate(int32_t unit) { return unit >= 0xD800 && unit <= 0xDBFF; }
static bool is_low_surrogate(int32_t unit) { return unit >= 0xDC00 && unit <= 0xDFFF; }

/* What follows a good \uXXXX, or a good pair of them; NULL for a bad one. */
static const char *skip_unicode_escape(const char *at, const char *end)
{
    const int32_t unit = end - at < 6 ? -1 : hex_read(at + 2);

    if (!is_high_surrogate(unit))
        return unit < 0 || is_low_surrogate(unit) ? NULL : at + 6;
    if (end - at < 12 || at[6] != '\\' || at[7] != 'u' || !is_low_surrogate(hex_read(at + 8)))
        return NULL;
    return at + 12;
}

/* What follows a good escape; NULL for a bad one. */
static const char *skip_escape(const char *at, const char *end)
{
    if (end - at < 2)
        return NULL;
    if (at[1] == 'u')
        return skip_unicode_escape(at, end);
    return memchr("\"\\/bfnrt", at[1], 8) != NULL ? at + 2 : NULL;
}

static bool is_between(char byte, unsigned low, unsigned high)
{
    return (unsigned char)byte >= low && (unsigned char)byte <= high;
}

/* What follows a well-formed UTF-8 sequence of two bytes or more (RFC 3629 section 4); NULL for everything else. */
static const char *skip_utf8(const char *at, const char *end)
{
    const unsigned lead = (unsigned char)*at;
    const ptrdiff_t size = lead < 0xC2 ? 0 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : lead < 0xF5 ? 4 : 0;
    /* The second byte keeps out overlong forms, surrogates, and what is above U+10FFFF. */
    const unsigned low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
    const unsigned high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;

    if (size == 0 || end - at < size || !is_between(at[1], low, high))
        return NULL;
    for (ptrdiff_t i = 2; i < size; i++)
        if (!is_between(at[i], 0x80, 0xBF))
            return NULL;
    return at + size;
}

/* From the first byte of a string that is not plain to its closing quote, or end; NULL when it is not good. Not inlined: most
 * strings are plain, and reading those would have to save registers for this call. */
__attribute__((noinline)) static const char *skip_special(const char *at, const char *end, bool *out_has_escape)
{
    while (at != NULL && at < end && *at != '"') {
        if (*at == '\\') {
            *out_has_escape = true;
            at = skip_escape(at, end);
        } else {
            at = skip_utf8(at, end);
        }
        if (at != NULL)
            at = text_skip_plain(at, end);
    }
    return at;
}

static bool read_string(struct scan *scan)
{
    const char *at = text_skip_plain(scan->at + 1, scan->end);
    bool has_escape = false;

    if (at < scan->end && *at != '"')
        at = skip_special(at, scan->end, &has_escape);
    if (at == NULL || at == scan->end)
        return false;
    const size_t place = value_add(scan, JSON_STRING, at + 1);
    scan->values[place].has_escape = has_escape;
    return true;
}

/* What follows one digit or more; NULL when there is none. */
static const char *skip_digits(const char *at, const char *end)
{
    const char *first = at;

    while (at < end && *at >= '0' && *at <= '9')
        at++;
    return at == first ? NULL : at;
}

/* What follows a fraction and an exponent, where they are; NULL when one is cut short. */
static const char *skip_decimals(const char *at, const char *end)
{
    if (at < end && *at == '.')
        at = skip_digits(at + 1, end);
    if (at != NULL && at < end && (*at == 'e' || *at == 'E')) {
        at++;
        if (at < end && (*at == '+' || *at == '-'))
            at++;
        at = skip_digits(at, end);
    }
    return at;
}

static bool read_number(struct scan *scan)
{
    const char *at = scan->at + (*scan->at == '-');

    /* Nothing may follow a leading 0; if a digit does, the caller finds it where ',' should be. */
    const char *whole_end = at < scan->end && *at == '0' ? at + 1 : skip_digits(at, scan->end);
    if (whole_end == NULL)
        return false;
    at = skip_decimals(whole_end, scan->end);
    if (at == NULL)
        return false;
    value_add(scan, at == whole_end ? JSON_INTEGER : JSON_DECIMAL, at);
    return true;
}

static bool read_word(struct scan *scan, struct text word, enum json_value_type type)
{
    if (!text_begins((struct text){scan->at, (size_t)(scan->end - scan->at)}, word))
        return false;
    value_add(scan, type, scan->at + word.length);
    return true;
}

/* A member with its name decoded. */
struct member {
    struct text name;
    const struct json *value;
};

static int member_compare(const void *left, const void *right)
{
    const struct text a = ((const struct member *)left)->name, b = ((const struct member *)right)->name;

    if (a.length != b.length)
        return a.length < b.length ? -1 : 1;
    return memcmp(a.at, b.at, a.length);
}

/* The members of an object, in an order that depends on their names alone. */
static const struct member *members_sorted(struct arena *arena, const struct json *object)
{
    struct member *members = arena_take(arena, object->count * sizeof(*members));
    size_t count = 0;

    for (JSON_EACH_MEMBER(name, object))
        members[count++] = (struct member){json_string(arena, name), json_next(name)};
    qsort(members, count, sizeof(*members), member_compare);
    return members;
}

/* One of 64 bits for a name, by its length and first letter: two names of one object seldom have the same bit. */
static inline uint64_t name_bit(struct text name)
{
    return UINT64_C(1) << ((7 * name.length + (name.length == 0 ? 0 : (unsigned char)name.at[0])) % 64);
}

/* Only names of the same bit are compared. */
static bool has_twins_pairwise(struct arena *arena, const struct json *object)
{
    struct text names[PAIRWISE_MAX];
    uint64_t bits = 0;
    size_t count = 0;

    for (JSON_EACH_MEMBER(name, object)) {
        const struct text own = names[count] = json_string(arena, name);
        const uint64_t bit = name_bit(own);
        for (size_t i = 0; i < count && (bits & bit) != 0; i++)
            if (text_equals(names[i], own))
                return true;
        bits |= bit;
        count++;
    }
    return false;
}

/* Whether an object has a member twice. A hash table would be quicker for large objects, but a sender could choose names that
 * collide. */
static bool has_twins(struct arena *arena, const struct json *object)
{
    if (object->count < 2)
        return false;
    if (object->count <= PAIRWISE_MAX)
        return has_twins_pairwise(arena, object);
    const struct member *members = members_sorted(arena, object);
    for (size_t i = 1; i < object->count; i++)
        if (text_equals(members[i - 1].name, members[i].name))
            return true;
    return false;
}

static bool read_name(struct scan *scan)
{
    skip_spaces(scan);
    return scan->at < scan->end && *scan->at == '"' && read_string(scan) && take(scan, ':');
}

/* Reads the next element, or member, of the value at place. */
static bool read_child(struct scan *scan, size_t place)
{
    if (scan->values[place].type == JSON_OBJECT && !read_name(scan))
        return false;

    const size_t child = scan->count;
    const bool is_string = scan->at < scan->end && *scan->at == '"'; /* most children are strings without spaces before them */
    if (!(is_string ? read_string(scan) : read_value(scan)))
        return false;
    struct json *parent = &scan->values[place];
    parent->count++;
    if (parent->depth <= scan->values[child].depth)
        parent->depth = (uint8_t)(scan->values[child].depth + 1);
    return true;
}

/* Reads an array or an object whose opening bracket comes next. It calls itself through read_value(), JSON_DEPTH_READ_MAX deep
 * at most. */
static bool read_nested(struct scan *scan, enum json_value_type type, char close)
{
    const size_t place = value_add(scan, type, scan->at + 1);

    scan->values[place].depth = 1;
    if (++scan->depth > JSON_DEPTH_READ_MAX)
        return false;
    if (!take(scan, close)) {
        do {
            if (!read_child(scan, place))
                return false;
        } while (take(scan, ','));
        if (!take(scan, close))
            return false;
    }
    scan->depth--;
    struct json *value = &scan->values[place];
    value->length = (uint32_t)(scan->at - value->at);
    value->span = (uint32_t)(scan->count - place);
    return type == JSON_ARRAY || !has_twins(scan->arena, value);
}

static bool read_value(struct scan *scan)
{
    skip_spaces(scan);
    if (scan->at == scan->end)
        return false;
    switch (*scan->at) {
    case '"':
        return read_string(scan);
    case '{':
        return read_nested(scan, JSON_OBJECT, '}');
    case '[':
        return read_nested(scan, JSON_ARRAY, ']');
    case 't':
        return read_word(scan, TEXT("true"), JSON_TRUE);
    case 'f':
        return read_word(scan, TEXT("false"), JSON_FALSE);
    case 'n':
        return read_word(scan, TEXT("null"), JSON_NULL);
    default:
        return read_number(scan);
    }
}

enum status json_read(struct arena *arena, struct text bytes, const struct json **out_root)
{
    if (bytes.length == 0 || bytes.length > JSON_BYTES_MAX)
        return STATUS_BAD_MESSAGE;

    struct scan scan = {.arena = arena, .at = bytes.at, .end = bytes.at + bytes.length};
    values_begin(&scan, bytes.length);
    if (!read_value(&scan))
        return STATUS_BAD_MESSAGE;
    skip_spaces(&scan);
    if (scan.at != scan.end)
        return STATUS_BAD_MESSAGE;
    *out_root = scan.values;
    return STATUS_OK;
}

/* ---- looking into what was read ---- */

static size_t utf8_write(int32_t code, char out[4])
{
    if (code < 0x80) {
        out[0] = (char)code;
        return 1;
    }
    const size_t size = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    static const unsigned leads[] = {[2] = 0xC0, [3] = 0xE0, [4] = 0xF0};
    for (size_t i = size; --i > 0; code >>= 6)
        out[i] = (char)(0x80 | (code & 0x3F));
    out[0] = (char)(leads[size] | (unsigned)code);
    return size;
}

/* Takes one byte, or one escape, from a string that is known to be good; gives how many bytes it stands for. */
static size_t unit_take(struct text *inside, char out[4])
{
    static const char escaped[] = "bfnrt", plain[] = "\b\f\n\r\t";
    const char *at = inside->at;
    size_t taken = at[0] != '\\' ? 1 : at[1] != 'u' ? 2 : 6, size = 1;

    if (taken == 1) {
        out[0] = at[0];
    } else if (taken == 2) {
        const char *found = strchr(escaped, at[1]);
        out[0] = found == NULL ? at[1] : plain[found - escaped];
    } else {
        int32_t code = hex_read(at + 2);
        if (is_high_surrogate(code)) {
            code = 0x10000 + ((code - 0xD800) << 10) + (hex_read(at + 8) - 0xDC00);
            taken = 12;
        }
        size = utf8_write(code, out);
    }
    *inside = (struct text){at + taken, inside->length - taken};
    return size;
}

struct text json_unescaped(struct arena *arena, struct text inside)
{
    char *bytes = arena_take(arena, inside.length); /* an escape is never shorter than what it stands for */
    size_t length = 0;

    while (inside.length > 0)
        length += unit_take(&inside, bytes + length);
    return (struct text){bytes, length};
}

bool json_unescaped_is(struct text inside, struct text text)
{
    while (inside.length > 0) {
        char unit[4];
        const size_t size = unit_take(&inside, unit);
        if (!text_begins(text, (struct text){unit, size}))
            return false;
        text = (struct text){text.at + size, text.length - size};
    }
    return text.length == 0;
}

const struct json *json_member(const struct json *object, struct text name)
{
    if (object == NULL || object->type != JSON_OBJECT)
        return NULL;
    for (JSON_EACH_MEMBER(found, object))
        if (json_string_is(found, name))
            return json_next(found);
    return NULL;
}

bool json_integer(const struct json *value, int64_t *out_number)
{
    return value != NULL && value->type == JSON_INTEGER && text_to_number(json_raw(value), out_number);
}

/* ---- whole documents ---- */

static bool is_same(struct arena *arena, const struct json *a, const struct json *b);

static bool array_is_same(struct arena *arena, const struct json *a, const struct json *b)
{
    const struct json *other = json_first(b);

    for (JSON_EACH(element, a)) {
        if (!is_same(arena, element, other))
            return false;
        other = json_next(other);
    }
    return true;
}

static bool object_is_same(struct arena *arena, const struct json *a, const struct json *b)
{
    const struct member *as = members_sorted(arena, a), *bs = members_sorted(arena, b);

    for (size_t i = 0; i < a->count; i++)
        if (!text_equals(as[i].name, bs[i].name) || !is_same(arena, as[i].value, bs[i].value))
            return false;
    return true;
}

static bool is_number(const struct json *value) { return value->type == JSON_INTEGER || value->type == JSON_DECIMAL; }

static bool number_is_same(const struct json *a, const struct json *b)
{
    const struct json_number one = json_number_of(json_raw(a)), other = json_number_of(json_raw(b));

    return json_number_same(&one, &other);
}

static bool is_same(struct arena *arena, const struct json *a, const struct json *b)
{
    if (is_number(a) && is_number(b))
        return number_is_same(a, b);
    if (a->type != b->type || a->count != b->count)
        return false;
    switch ((enum json_value_type)a->type) {
    case JSON_STRING:
        return text_equals(json_string(arena, a), json_string(arena, b));
    case JSON_ARRAY:
        return array_is_same(arena, a, b);
    case JSON_OBJECT:
        return object_is_same(arena, a, b);
    default:
        return true; /* true, false and null are types of their own: there is nothing more to compare */
    }
}

bool json_same(struct text a, struct text b)
{
    if (text_equals(a, b))
        return true;
    CLEANUP(arena_destroy) struct arena *arena = arena_create();
    const struct json *a_root, *b_root;
    return json_read(arena, a, &a_root) == STATUS_OK && json_read(arena, b, &b_root) == STATUS_OK &&
           is_same(arena, a_root, b_root);
}
