/* json_number.h - what a JSON number is worth, however it is written and however large it is: no floating point.
 *
 * Source  RFC 8259 section 6 */
#ifndef ORDERLY_JSON_NUMBER_H
#define ORDERLY_JSON_NUMBER_H

#include "text.h"

/* A number taken apart: 0.ddd… times ten to the exponent. Zero has no digits, no sign and no exponent. */
struct json_number {
    struct text digits; /* as they stand in the message, from the first that is not 0 to the last; a point may lie between */
    int64_t exponent;
    struct text far; /* of an exponent that is too large to be counted: its digits, no 0 before them; TEXT_NONE: none */
    bool negative, far_negative;
};

/* Takes apart what is written as a JSON number. Borrows. */
struct json_number json_number_of(struct text number);
/* Whether two are the same number. With exponents of JSON_EXPONENT_DIGITS digits and more they are the same only when these are
 * written for the same place of the point. */
bool json_number_same(const struct json_number *a, const struct json_number *b);

#define JSON_EXPONENT_DIGITS 18 /* an exponent of so many digits is not counted: no number that could be stored has one */

#endif
