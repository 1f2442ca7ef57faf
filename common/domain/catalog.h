/* catalog.h - what is sold and for how much: read by the validator and the payment service, written by `orderly catalog load`.
 *
 * Shape   Redis hash catalog: productId -> {"name":"Mechanical keyboard","unitPrice":1999,"currency":"USD"}
 * Units   unitPrice in minor units (1999 = 19.99), 0..MONEY_MAX; currency ISO 4217
 * Read from Redis by catalog_read.h. */
#ifndef ORDERLY_CATALOG_H
#define ORDERLY_CATALOG_H

#include "message.h"

enum product_state { PRODUCT_GOOD, PRODUCT_UNKNOWN, PRODUCT_BROKEN };

struct product {
    enum product_state state;
    int64_t unit_price;
    struct text currency, name;
};

/* Reads one entry's text; never fails: what makes no sense is PRODUCT_BROKEN, TEXT_NONE is PRODUCT_UNKNOWN. A product without
 * name is good: nobody decides anything by it. */
struct product product_read(struct arena *arena, struct text entry);

#endif
