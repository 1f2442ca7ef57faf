#include "text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define BUFFER_SIZE_MIN ((size_t)256)
#define PRINT_ROOM 64
#define NUMBER_DIGITS_MAX 20 /* of a 64-bit number, sign included */

struct text text_copy(struct arena *arena, struct text text)
{
    if (text.at == NULL)
        return TEXT_NONE;
    char *copy = arena_take(arena, text.length + 1);
    memcpy(copy, text.at, text.length);
    copy[text.length] = '\0';
    return (struct text){copy, text.length};
}

struct text text_without_mark(struct text text)
{
    const size_t mark = text_begins(text, TEXT("\xEF\xBB\xBF")) ? 3 : 0;

    return mark == 0 ? text : (struct text){text.at + mark, text.length - mark};
}

static bool is_blank(char byte) { return byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n'; }

struct text text_without_blanks(struct text text)
{
    while (text.length > 0 && is_blank(text.at[text.length - 1]))
        text.length--;
    while (text.length > 0 && is_blank(text.at[0]))
        text = (struct text){text.at + 1, text.length - 1};
    return text;
}

bool text_is_wide(struct text text)
{
    return text_begins(text, TEXT("\xFF\xFE")) || text_begins(text, TEXT("\xFE\xFF")) ||
           (text.length >= 2 && (text.at[0] == '\0' || text.at[1] == '\0'));
}

bool text_to_number(struct text text, int64_t *out_number)
{
    const bool negative = text.length > 0 && text.at[0] == '-';
    int64_t number = 0;

    if (text.length == (size_t)negative)
        return false;
    for (size_t i = negative; i < text.length; i++) {
        const int digit = text.at[i] - '0';
        if (digit < 0 || digit > 9)
            return false;
        /* Counted downwards: INT64_MIN has no positive counterpart. */
        if (__builtin_mul_overflow(number, 10, &number) || __builtin_sub_overflow(number, digit, &number))
            return false;
    }
    if (!negative && number == INT64_MIN)
        return false;
    *out_number = negative ? number : -number;
    return true;
}

bool text_to_number_between(struct text text, int64_t low, int64_t high, int64_t *out_number)
{
    int64_t number;

    if (!text_to_number(text, &number) || number < low || number > high)
        return false;
    *out_number = number;
    return true;
}

bool text_split(struct text *rest, char separator, struct text *out_part)
{
    const char *at = rest->length == 0 ? NULL : memchr(rest->at, separator, rest->length);

    *out_part = *rest;
    if (at == NULL)
        return false;
    out_part->length = (size_t)(at - rest->at);
    *rest = (struct text){at + 1, rest->length - out_part->length - 1};
    return true;
}

/* Whether a character of UTF-8 begins with this byte. */
static bool begins_character(char byte) { return ((unsigned char)byte & 0xC0) != 0x80; }

size_t text_characters(struct text text)
{
    size_t characters = 0;

    for (size_t i = 0; i < text.length; i++)
        characters += begins_character(text.at[i]);
    return characters;
}

struct text text_cut(struct text text, size_t characters_max)
{
    size_t characters = 0;

    for (size_t i = 0; i < text.length; i++)
        if (begins_character(text.at[i]) && characters++ == characters_max)
            return (struct text){text.at, i};
    return text;
}

uint64_t text_hash(struct text text)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);

    for (size_t i = 0; i < text.length; i++)
        hash = (hash ^ (unsigned char)text.at[i]) * UINT64_C(0x100000001b3);
    return hash;
}

void buffer_grow(struct buffer *buffer, size_t more)
{
    size_t size = buffer->size * 2 < BUFFER_SIZE_MIN ? BUFFER_SIZE_MIN : buffer->size * 2;

    if (more > SIZE_MAX / 2 - buffer->length)
        abort();
    if (size < buffer->length + more)
        size = buffer->length + more;
    char *bytes = arena_take(buffer->arena, size);
    if (buffer->length > 0)
        memcpy(bytes, buffer->bytes, buffer->length);
    buffer->bytes = bytes;
    buffer->size = size;
}

/* Makes room for more bytes behind what is there, and gives the place. */
static char *buffer_room(struct buffer *buffer, size_t more)
{
    if (buffer->size - buffer->length < more)
        buffer_grow(buffer, more);
    return buffer->bytes + buffer->length;
}

void buffer_add_number(struct buffer *buffer, int64_t number)
{
    char digits[NUMBER_DIGITS_MAX];
    size_t first = sizeof(digits);
    uint64_t rest = number < 0 ? -(uint64_t)number : (uint64_t)number;

    do {
        digits[--first] = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest > 0);
    if (number < 0)
        digits[--first] = '-';
    buffer_add(buffer, (struct text){digits + first, sizeof(digits) - first});
}

struct text text_of_number(struct arena *arena, int64_t number)
{
    struct buffer buffer = buffer_in(arena, NUMBER_DIGITS_MAX);

    buffer_add_number(&buffer, number);
    return buffer_text(&buffer);
}

/* Prints into the room that is there, and a second time when that was too little: most of what is printed is short. */
static void PRINTF_LIKE(2, 0) buffer_add_list(struct buffer *buffer, const char *format, va_list values)
{
    va_list again;
    char *place = buffer_room(buffer, PRINT_ROOM);

    va_copy(again, values);
    const int length = vsnprintf(place, PRINT_ROOM, format, again);
    va_end(again);
    if (length < 0)
        abort(); /* a format of our own that makes no sense */
    if (length >= PRINT_ROOM)
        vsnprintf(buffer_room(buffer, (size_t)length + 1), (size_t)length + 1, format, values);
    buffer->length += (size_t)length;
}

void buffer_add_format(struct buffer *buffer, const char *format, ...)
{
    va_list values;

    va_start(values, format);
    buffer_add_list(buffer, format, values);
    va_end(values);
}

/* One byte that JSON does not take as it is. */
static void buffer_add_escape(struct buffer *buffer, char byte)
{
    static const char plain[] = "\"\\\b\f\n\r\t", escaped[] = "\"\\bfnrt";
    const char *found = byte == '\0' ? NULL : strchr(plain, byte);

    if (found != NULL)
        buffer_add(buffer, (struct text){(char[]){'\\', escaped[found - plain]}, 2});
    else
        buffer_add_format(buffer, "\\u%04x", (unsigned)byte);
}

/* How many bytes a JSON string takes as they are, up to the first that it doesn't. */
static size_t plain_length(struct text text)
{
    const char *at = text.at, *end = text.at + text.length;

    while ((at = text_skip_plain(at, end)) < end && (unsigned char)*at >= 0x80)
        at++;
    return (size_t)(at - text.at);
}

void buffer_add_json_string(struct buffer *buffer, struct text text)
{
    buffer_add(buffer, TEXT("\""));
    while (text.length > 0) {
        const size_t plain = plain_length(text);
        buffer_add(buffer, (struct text){text.at, plain});
        if (plain == text.length)
            break;
        buffer_add_escape(buffer, text.at[plain]);
        text = (struct text){text.at + plain + 1, text.length - plain - 1};
    }
    buffer_add(buffer, TEXT("\""));
}

struct text text_format(struct arena *arena, const char *format, ...)
{
    struct buffer buffer = buffer_in(arena, 0);
    va_list values;

    va_start(values, format);
    buffer_add_list(&buffer, format, values);
    va_end(values);
    return buffer_text(&buffer);
}
