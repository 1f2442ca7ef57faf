/* keys.h - every key in Redis: one function makes each, one reads what a key is about.
 *
 * Shape      docs/redis.md says what each holds. The namespace (names.h) stands before all of them, inside the braces
 * Ownership  what is made is in the arena
 * Slots      keys with the same text in their braces lie in one slot of a Redis Cluster; of a key without braces the whole text
 *            counts */
#ifndef ORDERLY_KEYS_H
#define ORDERLY_KEYS_H

#include "steps.h"

#define TIMER_SHARDS 16

/* The saga of an order: a hash. */
struct text key_saga(struct arena *arena, struct text order_id);
/* The history of an order's saga, in the slot of the saga: a list. */
struct text key_history(struct arena *arena, struct text order_id);
/* The payment of an order: a hash. */
struct text key_payment(struct arena *arena, struct text order_id);
/* The shipment of an order: a hash. */
struct text key_shipment(struct arena *arena, struct text order_id);
/* What an order holds of a warehouse's stock, in the slot of that stock: a hash. */
struct text key_reservation(struct arena *arena, struct text warehouse, struct text order_id);

/* Where the sagas of a status are listed; the running statuses share one: a sorted set. */
struct text key_index(struct arena *arena, enum saga_status status);
/* Where the sagas that could not be understood are listed: a set. */
struct text key_broken(struct arena *arena);
/* The timers of a shard, 0..TIMER_SHARDS-1: a sorted set. */
struct text key_timers(struct arena *arena, uint64_t shard);
/* The shard that an order's timer is in. */
uint64_t timer_shard(struct text order_id);

/* The books of a warehouse: what can be sold, what was ever supplied, what orders have taken, what of that was swept away. */
enum stock_book { STOCK_LEFT, STOCK_SUPPLIED, STOCK_TAKEN, STOCK_SWEPT, STOCK_BOOKS };
/* One of them: a hash of units by productId. */
struct text key_stock(struct arena *arena, struct text warehouse, enum stock_book book);
/* The mark of an `orderly stock add` that somebody named: a hash. */
struct text key_stock_operation(struct arena *arena, struct text warehouse, struct text operation_id);

/* What is sold: a hash. */
struct text key_catalog(struct arena *arena);
/* Which dead letters were sent again: a sorted set. */
struct text key_redriven(struct arena *arena);

/* For SCAN's MATCH: all sagas. */
struct text keys_of_sagas(struct arena *arena);
/* For SCAN's MATCH: the stock of all warehouses, STOCK_LEFT. */
struct text keys_of_stock(struct arena *arena);
/* For SCAN's MATCH: all reservations of all warehouses. */
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

/* What a key is about. */
struct key_parts {
    enum key_kind kind;
    struct text order_id;  /* of all but STOCK and OTHER */
    struct text warehouse; /* of RESERVATION and STOCK */
};
/* Reads a key by its name alone; borrows the name. */
struct key_parts key_read(struct text name);

#endif
