/* keys.h - every key in Redis: one function makes each, one reads what a key is about.
 *
 * Shape      DESIGN.md section 4; docs/redis.md says what each holds. The namespace (names.h) stands before all of them, inside the braces
 * Ownership  what is made is in the arena
 * Keys with the same text in their braces, or none and that very text, lie in one slot of a Redis Cluster. */
#ifndef ORDERLY_KEYS_H
#define ORDERLY_KEYS_H

#include "steps.h"

#define TIMER_SHARDS 16

/* What belongs to one order. */
struct text key_saga(struct arena *arena, struct text order_id);
struct text key_history(struct arena *arena, struct text order_id);
struct text key_payment(struct arena *arena, struct text order_id);
struct text key_shipment(struct arena *arena, struct text order_id);
struct text key_reservation(struct arena *arena, struct text warehouse, struct text order_id);

/* Where the sagas of a status are listed, and where those that could not be understood are. */
struct text key_index(struct arena *arena, enum saga_status status);
struct text key_broken(struct arena *arena);
/* The timers of a shard, and the shard of an order. */
struct text key_timers(struct arena *arena, uint64_t shard);
uint64_t timer_shard(struct text order_id);

/* The books of a warehouse: what can be sold, what was ever supplied, what orders have taken, what of that was swept away. */
enum stock_book { STOCK_LEFT, STOCK_SUPPLIED, STOCK_TAKEN, STOCK_SWEPT, STOCK_BOOKS };
struct text key_stock(struct arena *arena, struct text warehouse, enum stock_book book);
/* The mark of a change of stock that somebody named. */
struct text key_stock_operation(struct arena *arena, struct text warehouse, struct text operation_id);

/* What is sold, and which dead letters were sent again. */
struct text key_catalog(struct arena *arena);
struct text key_redriven(struct arena *arena);

/* What SCAN's MATCH finds all keys of a kind with: the sagas, the stock of all warehouses, their reservations. */
struct text keys_of_sagas(struct arena *arena);
struct text keys_of_stock(struct arena *arena);
struct text keys_of_reservations(struct arena *arena);

enum key_kind {
    KEY_OTHER, /* none of these, or another system's */
    KEY_SAGA,
    KEY_HISTORY,
    KEY_PAYMENT,
    KEY_SHIPMENT,
    KEY_RESERVATION,
    KEY_STOCK, /* one of the books of a warehouse */
    KEY_KINDS
};

/* What a key is about, by its name alone. Borrows the name. */
struct key_parts {
    enum key_kind kind;
    struct text order_id;  /* of all but STOCK and OTHER */
    struct text warehouse; /* of RESERVATION and STOCK */
};
struct key_parts key_read(struct text name);

#endif
