/* catalog_read.h - the catalog as it stands in Redis (its shape: catalog.h).
 *
 * There is no cache: every order sees the catalog of its moment. */
#ifndef ORDERLY_CATALOG_READ_H
#define ORDERLY_CATALOG_READ_H

#include "catalog.h"
#include "store.h"

/* Queues the read of these products, one command. Gives its number. */
size_t catalog_queue(struct store *store, struct arena *arena, const struct text product_ids[], size_t count);
/* The products in the order of the ids, from the reply of that command. An entry that makes no sense is PRODUCT_BROKEN. The
 * texts are in the arena: they outlive the reply.
 * STATUS_BROKEN  the key is no hash */
MUST_CHECK enum status catalog_products(struct arena *arena, const struct store_value *reply, struct product out_products[],
                                        size_t count);
/* Queues the question whether there is a catalog at all; its reply is an integer, 0 for none. */
size_t catalog_queue_presence(struct store *store, struct arena *arena);

#endif
