/* shown.h - bytes from outside made fit for a terminal and for JSON.
 *
 * '?' stands for each byte of what rules a terminal, turns the text around, or is no UTF-8. */
#ifndef ORDERLY_SHOWN_H
#define ORDERLY_SHOWN_H

#include "text.h"

/* The whole text. Borrowed when there is nothing to replace, else in the arena. */
struct text shown_text(struct arena *arena, struct text text);
/* The same in room of a fixed size: cut between two characters, '\0' behind. False: something had to be replaced or cut. */
bool shown_bytes(struct text bytes, char *out, size_t size);

#endif
