/* text.h - views of bytes that somebody else owns, and the buffer in which messages are written.
 *
 * A text is a pointer and a length: it may hold any byte, need not end in '\0', and owns nothing. An absent text has at == NULL
 * (an empty one has not). A buffer grows inside an arena; what it holds lives until the arena is reset. */
#ifndef ORDERLY_TEXT_H
#define ORDERLY_TEXT_H

#include "arena.h"

#include <endian.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

struct text {
    const char *at;
    size_t length;
};

#define TEXT(literal) ((struct text){("" literal), sizeof(literal) - 1})
#define TEXT_NONE ((struct text){NULL, 0})
/* For printf("%.*s"). */
#define TEXT_ARG(text) (int)(text).length, (text).at == NULL ? "" : (text).at

/* The text of a C string; NULL gives TEXT_NONE. Borrows. */
static inline struct text text_of(const char *string)
{
    return string == NULL ? TEXT_NONE : (struct text){string, strlen(string)};
}
/* Whether there is a text at all, perhaps an empty one. */
static inline bool text_is_there(struct text text) { return text.at != NULL; }
/* Same bytes. An absent text equals an empty one. */
static inline bool text_equals(struct text a, struct text b)
{
    return a.length == b.length && (a.length == 0 || memcmp(a.at, b.at, a.length) == 0);
}
/* Whether text begins with prefix. */
static inline bool text_begins(struct text text, struct text prefix)
{
    return text.length >= prefix.length && (prefix.length == 0 || memcmp(text.at, prefix.at, prefix.length) == 0);
}
/* The text without a byte-order mark of UTF-8 at its beginning, which editors and shells of other systems write. Borrows. */
struct text text_without_mark(struct text text);
/* The text without spaces, tabs and line ends around it. Borrows. */
struct text text_without_blanks(struct text text);
/* Whether the bytes of a file are UTF-16 or UTF-32: a byte-order mark of theirs is first, or one of the first two bytes is
 * zero. */
bool text_is_wide(struct text text);
/* A copy in the arena, followed by a '\0' that is not counted. An absent text stays absent. */
struct text text_copy(struct arena *arena, struct text text);
/* The whole text as a decimal integer: an optional '-', digits, nothing else, within int64. False: out_number untouched. */
MUST_CHECK bool text_to_number(struct text text, int64_t *out_number);
/* The same for a number from low to high. False: out_number untouched. */
MUST_CHECK bool text_to_number_between(struct text text, int64_t low, int64_t high, int64_t *out_number);
/* Takes what is before the first separator off the rest, and the separator with it; both parts are borrowed. False: there is no
 * separator, out_part is all of the rest, and the rest stays. */
bool text_split(struct text *rest, char separator, struct text *out_part);
#define EVERY_BYTE(byte) (UINT64_C(0x0101010101010101) * (byte))
/* The first byte from at on that is not plain in a JSON string: a quote, a backslash, a control character, not ASCII; or end. */
static inline const char *text_skip_plain(const char *at, const char *end)
{
    /* Eight bytes at a time. The high bit of a byte is set in special when that byte, or one below it, is not plain. */
    while (end - at >= 8) {
        uint64_t word;
        memcpy(&word, at, sizeof(word));
        word = le64toh(word);
        const uint64_t special = (word | (word - EVERY_BYTE(0x20)) | ((word ^ EVERY_BYTE('"')) - EVERY_BYTE(1)) |
                                  ((word ^ EVERY_BYTE('\\')) - EVERY_BYTE(1))) &
                                 EVERY_BYTE(0x80);
        if (special != 0)
            return at + __builtin_ctzll(special) / 8;
        at += 8;
    }
    while (at < end && (unsigned char)*at >= 0x20 && (unsigned char)*at < 0x80 && *at != '"' && *at != '\\')
        at++;
    return at;
}
/* How many characters (Unicode code points) a text of UTF-8 has. */
size_t text_characters(struct text text);
/* The first characters of a text of UTF-8, so many at most. Borrows; an absent text stays absent. */
struct text text_cut(struct text text, size_t characters_max);
#define CHARACTER_BYTES_MAX 4 /* of UTF-8 */
/* A 64-bit FNV-1a hash: stable over machines and versions, not secret. */
uint64_t text_hash(struct text text);

/* A growing text. Start with buffer_in(arena). */
struct buffer {
    struct arena *arena;
    char *bytes;
    size_t length, size;
};

/* An empty buffer; room is a first guess of how many bytes it will hold, 0 for none. */
static inline struct buffer buffer_in(struct arena *arena, size_t room)
{
    return (struct buffer){.arena = arena, .bytes = room == 0 ? NULL : arena_take(arena, room), .size = room};
}
/* Makes room for more bytes behind what is there. */
void buffer_grow(struct buffer *buffer, size_t more);
/* Appends bytes as they are. */
static inline void buffer_add(struct buffer *buffer, struct text text)
{
    if (text.length == 0)
        return;
    if (buffer->size - buffer->length < text.length)
        buffer_grow(buffer, text.length);
    memcpy(buffer->bytes + buffer->length, text.at, text.length);
    buffer->length += text.length;
}
/* Appends a decimal number. */
void buffer_add_number(struct buffer *buffer, int64_t number);
/* A decimal number as a text of its own. */
struct text text_of_number(struct arena *arena, int64_t number);
/* Appends as printf does; meant for what is short. */
void buffer_add_format(struct buffer *buffer, const char *format, ...) PRINTF_LIKE(2, 3);
/* Appends a JSON string with its quotes. The text must be UTF-8. */
void buffer_add_json_string(struct buffer *buffer, struct text text);
/* What it holds now; moves with the next append. */
static inline struct text buffer_text(const struct buffer *buffer)
{
    return (struct text){buffer->bytes == NULL ? "" : buffer->bytes, buffer->length};
}
/* A text printed into the arena. */
struct text text_format(struct arena *arena, const char *format, ...) PRINTF_LIKE(2, 3);

#endif
