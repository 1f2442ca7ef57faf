/* mask.h - card numbers never get further than admission.
 *
 * A card number is 13-19 digits, spaces and dashes between them aside, that pass the Luhn check. Its digits become '*'. In a
 * longer row of digits every part that begins and ends at a space, a dash or an end is looked at: a number with its CVV behind
 * it, two numbers in a row. Digits and spaces written as JSON escapes count as what they stand for.
 * Source  docs/operations.md, "dead letters"; README.md */
#ifndef ORDERLY_MASK_H
#define ORDERLY_MASK_H

#include "json.h"

#define CARD_DIGITS_MIN 13
#define CARD_DIGITS_MAX 19

/* Masks the strings of a JSON document, names of members too, and its numbers, but not its ids: orderId, customerId, warehouse at
 * the top, productId of an item, as long as they keep the rule of ids. Gives the document itself when there is nothing to mask
 * (out_masked false), else a copy in the arena, of the same length and still strict JSON. In it an escaped digit has become an
 * escaped '*'; a number whose whole part is a card number, however it is written, a string of '*'; and of names that would be
 * alike, or like another one, only the length is left, with letters at the end that tell them apart. */
struct text mask_json(struct arena *arena, const struct json *root, bool *out_masked);
/* Masks any bytes, JSON or not. Gives the bytes themselves or a copy, as mask_json() does. */
struct text mask_bytes(struct arena *arena, struct text bytes, bool *out_masked);
/* Whether a text holds a card number. */
bool mask_finds_card(struct text text);

#endif
