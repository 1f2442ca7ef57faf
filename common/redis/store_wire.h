/* store_wire.h - commands in the form in which Redis reads them: "*2\r\n$3\r\nGET\r\n$1\r\na\r\n".
 *
 * Ownership  the bytes are the wire's own, and grow as needed: no call fails */
#ifndef ORDERLY_STORE_WIRE_H
#define ORDERLY_STORE_WIRE_H

#include "text.h"

/* Begins as {0}. */
struct wire {
    char *bytes;
    size_t length, size;
};

/* Adds the head of a command of so many words. */
void wire_add_head(struct wire *wire, size_t word_count);
/* Adds one word; copied. */
void wire_add_word(struct wire *wire, struct text word);
/* Adds a number as a word. */
void wire_add_number(struct wire *wire, size_t number);
/* Adds all that is in the other. */
void wire_add_wire(struct wire *wire, const struct wire *other);
/* Takes everything out. Room for what is usual is kept, so that one huge batch is not held for ever. */
void wire_empty(struct wire *wire);
/* Gives the bytes back; the wire is empty then. */
void wire_free(struct wire *wire);

/* realloc() that never gives NULL: a process without memory ends. */
void *wire_grow(void *bytes, size_t size);

#endif
