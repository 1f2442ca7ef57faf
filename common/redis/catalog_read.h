/* catalog_read.h - the catalog as it stands in Redis (its shape: catalog.h).
 *
 * It is read once for a batch: its orders say which products they want, each of these is asked for once, and every order sees
 * the same. There is no cache: a batch sees the catalog of its moment.
 * Ownership  all of it is in the arena that it began with, the texts of the products too */
#ifndef ORDERLY_CATALOG_READ_H
#define ORDERLY_CATALOG_READ_H

#include "catalog.h"
#include "store.h"

#define CATALOG_COMMAND_IDS_MAX 1000 /* asked for by one command */

/* What one batch wants of the catalog. */
struct catalog_batch;

/* One that wants nothing yet; the store is where it will be read. */
struct catalog_batch *catalog_begin(struct arena *arena, struct store *store);
/* Says that these products are wanted (borrowed); TEXT_NONE stands for none. */
void catalog_want(struct catalog_batch *catalog, const struct text product_ids[], size_t count);
/* Says that it is wanted whether there is a catalog at all. */
void catalog_want_presence(struct catalog_batch *catalog);
/* Queues the reads of all that is wanted, once. What is nobody's wish costs nothing. */
void catalog_queue(struct catalog_batch *catalog);

/* Until store_begin() behind the flush:
 * The products in the order of the ids, which were wanted. An entry that makes no sense is PRODUCT_BROKEN, TEXT_NONE is
 * PRODUCT_UNKNOWN.
 * STATUS_BROKEN  the key is no hash */
MUST_CHECK enum status catalog_products(struct catalog_batch *catalog, const struct text product_ids[], size_t count,
                                        struct product out_products[]);
/* Whether there is a catalog; its presence was wanted. */
bool catalog_is_there(const struct catalog_batch *catalog);

#endif
