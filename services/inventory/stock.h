/* stock.h - how many units of each product can still be sold, and which order holds how many.
 *
 * Shape   Redis hashes stock:<warehouse>, {stock:<warehouse>}:supplied, {stock:<warehouse>}:taken: productId -> units;
 *         {stock:<warehouse>}:reservation:<orderId>: status, items ("KEYBOARD=2 MOUSE=1"), the outcomes
 *         {stock:<warehouse>}:operation:<id>: what ("KEYBOARD=100"), left, supplied: one `orderly stock add`, for
 *         STOCK_OPERATION_SECONDS
 * Units   whole units, 0..STOCK_UNITS_MAX; supplied = stock + taken, always: the same scripts change them
 * Owner   the inventory service writes it, `orderly catalog load` and `orderly stock add` supply it; everyone else learns it
 *         from replies
 * Source  docs/redis.md */
#ifndef ORDERLY_STOCK_H
#define ORDERLY_STOCK_H

#include "message.h"
#include "store.h"

#define STOCK_UNITS_MAX MONEY_MAX /* Lua compares doubles */

extern const struct store_script allocate_script, release_script, supply_script, add_script;

/* What a reservation can answer. */
struct allocation_outcomes {
    struct text allocated, released_before;
    struct text short_before_id, short_after_id; /* the refusal, in two parts around the productId */
};

/* Queues the script that takes every line of the order, or none, and remembers the outcome with it. Repeating it for the same
 * order changes nothing and gives the outcome of the first time. Gives its number: the reply is the outcome's text, or an
 * array {"broken", productId} when a number in the stock makes no sense. */
size_t stock_queue_allocate(struct store *store, struct arena *arena, const struct order *order, struct text items,
                            const struct allocation_outcomes *outcomes);
/* Queues putting back what the order's reservation holds, once. The reply is the outcome's text. */
size_t stock_queue_release(struct store *store, struct arena *arena, const struct order *order, struct text outcome);
/* Queues supplying products that the warehouse has never heard of, STOCK_SUPPLY_MAX at most. The reply is how many those were. */
size_t stock_queue_supply(struct store *store, struct arena *arena, struct text warehouse, const struct text product_ids[],
                          const int64_t units[], size_t count);
#define STOCK_SUPPLY_MAX 1000
/* Queues supplying more units (1..STOCK_UNITS_MAX) of a product, once for each operation id; repeated within
 * STOCK_OPERATION_SECONDS it changes nothing. The reply is an array: {"added"|"repeated", left, supplied}, {"other", what the
 * id was used for}, {"broken"} when a number in the stock makes no sense, {"too_many"} when there would be more than
 * STOCK_UNITS_MAX. */
size_t stock_queue_add(struct store *store, struct arena *arena, struct text warehouse, struct text product_id, int64_t units,
                       struct text operation_id);
#define STOCK_OPERATION_SECONDS (30 * 86400)

#endif
