/* validator.h - is this order one that can be carried out? All that is wrong with it at once.
 *
 * Pure. The rules are those of docs/schemas/order.json; each broken one gives
 * {"field":"items[0].quantity","code":"out_of_range","message":"…"}, VALIDATION_ERRORS_MAX at most, in the order of the fields
 * there. The catalog's entries come from outside: products[i] is the product of item i. */
#ifndef ORDERLY_VALIDATOR_H
#define ORDERLY_VALIDATOR_H

#include "catalog.h"

#define VALIDATION_ERRORS_MAX 100
#define ADDRESS_MEMBER_MAX 200 /* characters */

/* The product ids of the first items, as far as they are well-formed (TEXT_NONE where one is not): what has to be looked up.
 * Gives how many items there are to look up, ORDER_LINES_MAX at most. order is a JSON object. */
size_t validation_product_ids(struct arena *arena, const struct json *order, struct text out_ids[ORDER_LINES_MAX]);

struct validation {
    size_t error_count;
    struct text errors;   /* raw JSON array */
    struct text currency; /* of the order; TEXT_NONE when there is none */
    size_t line_count;
};

/* Checks an order. products[i] belongs to the i-th of the product ids; where that is TEXT_NONE it is not looked at. */
struct validation validate_order(struct arena *arena, const struct json *order, const struct text product_ids[],
                                 const struct product products[], size_t product_count);

#endif
