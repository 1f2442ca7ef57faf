#include "store_wire.h"

#include <stdio.h>
#include <stdlib.h>

#define BYTES_KEEP_MAX ((size_t)4 * 1024 * 1024)
#define WORD_OVERHEAD 32 /* "$", a length, two line ends */

void *wire_grow(void *bytes, size_t size)
{
    void *grown = realloc(bytes, size == 0 ? 1 : size);

    if (grown == NULL)
        abort();
    return grown;
}

static void make_room(struct wire *wire, size_t room)
{
    if (wire->size - wire->length >= room)
        return;
    wire->size = (wire->length + room) * 2;
    wire->bytes = wire_grow(wire->bytes, wire->size);
}

/* Writes "<kind><number>\r\n"; gives what follows. */
static char *write_number(char *at, char kind, size_t number)
{
    char digits[24], *first = digits + sizeof(digits);

    *at++ = kind;
    for (; number >= 100; number /= 10)
        *--first = (char)('0' + number % 10);
    if (number >= 10)
        *at++ = (char)('0' + number / 10);
    *at++ = (char)('0' + number % 10);
    while (first < digits + sizeof(digits))
        *at++ = *first++;
    *at++ = '\r';
    *at++ = '\n';
    return at;
}

void wire_add_head(struct wire *wire, size_t word_count)
{
    make_room(wire, WORD_OVERHEAD);
    wire->length = (size_t)(write_number(wire->bytes + wire->length, '*', word_count) - wire->bytes);
}

void wire_add_word(struct wire *wire, struct text word)
{
    char *at;

    make_room(wire, word.length + WORD_OVERHEAD);
    at = write_number(wire->bytes + wire->length, '$', word.length);
    if (word.length > 0)
        memcpy(at, word.at, word.length);
    at += word.length;
    *at++ = '\r';
    *at++ = '\n';
    wire->length = (size_t)(at - wire->bytes);
}

void wire_add_number(struct wire *wire, size_t number)
{
    char digits[24];

    wire_add_word(wire, (struct text){digits, (size_t)snprintf(digits, sizeof(digits), "%zu", number)});
}

void wire_add_wire(struct wire *wire, const struct wire *other)
{
    if (other->length == 0)
        return;
    make_room(wire, other->length);
    memcpy(wire->bytes + wire->length, other->bytes, other->length);
    wire->length += other->length;
}

void wire_empty(struct wire *wire)
{
    if (wire->size > BYTES_KEEP_MAX)
        wire_free(wire);
    wire->length = 0;
}

void wire_free(struct wire *wire)
{
    free(wire->bytes);
    *wire = (struct wire){0};
}
