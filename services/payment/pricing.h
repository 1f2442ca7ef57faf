/* pricing.h - what an order costs: from the catalog only, never from the order.
 *
 * Pure: products[i] is the product of order->lines[i].
 * Units  minor units; every product and every sum is checked, and above MONEY_MAX counts as too large */
#ifndef ORDERLY_PRICING_H
#define ORDERLY_PRICING_H

#include "catalog.h"

enum price_result {
    PRICE_GOOD,
    PRICE_TOO_LARGE,        /* a refusal: amount_too_large */
    PRICE_UNKNOWN_PRODUCT,  /* a refusal: it was in the catalog when the order was validated, and is not any more */
    PRICE_MIXED_CURRENCIES, /* a refusal: the catalog changed since the order was validated */
    PRICE_CATALOG_BROKEN,   /* a failure for the moment: somebody has to mend the entry */
};

struct price {
    enum price_result result;
    int64_t total;
    struct text currency;
    struct text product_id; /* the line that was to blame; TEXT_NONE when it was good */
};

/* Prices an order of one line at least. */
struct price price_order(const struct order *order, const struct product products[]);
/* "amount_too_large", ...; "" for PRICE_GOOD. Static. */
const char *price_reason(enum price_result result);

#endif
