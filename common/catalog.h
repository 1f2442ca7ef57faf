/* catalog.h - what is sold and for how much: read by the validator and the payment service, written by `orderly catalog load`.
 *
 * Shape   Redis hash catalog: productId -> {"name":"Mechanical keyboard","unitPrice":1999,"currency":"USD"}
 * Units   unitPrice in minor units (1999 = 19.99), 0..MONEY_MAX; currency ISO 4217
 * There is no cache: every order sees the catalog of its moment. */
#ifndef ORDERLY_CATALOG_H
#define ORDERLY_CATALOG_H

#include "message.h"
#include "store.h"

enum product_state { PRODUCT_GOOD, PRODUCT_UNKNOWN, PRODUCT_BROKEN };

struct product {
    enum product_state state;
    int64_t unit_price;
    struct text currency, name;
};

/* Queues the read of these products, one command. Gives its number. */
size_t catalog_queue(struct store *store, struct arena *arena, const struct text product_ids[], size_t count);
/* The products in the order of the ids, from the reply of that command. An entry that makes no sense is PRODUCT_BROKEN. The texts are in
 * the arena: they outlive the reply.
 * STATUS_BROKEN  the key is no hash */
MUST_CHECK enum status catalog_products(struct arena *arena, const struct store_value *reply, struct product out_products[],
                                        size_t count);
/* Queues the question whether there is a catalog at all; its reply is an integer, 0 for none. */
size_t catalog_queue_presence(struct store *store);
/* Reads one entry's text; never fails: what makes no sense is PRODUCT_BROKEN, TEXT_NONE is PRODUCT_UNKNOWN. A product without name is good:
 * nobody decides anything by it. */
struct product product_read(struct arena *arena, struct text entry);

#endif
