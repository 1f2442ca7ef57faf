/* shipment.h - the shipment of an order, as it stands in Redis.
 *
 * Shape   Redis hash shipment:<orderId>: status, trackingNumber, and the outcome of each command under its type
 * Source  docs/redis.md
 * Owner   the fulfillment service; all changes are the two scripts, each atomic, each giving the outcome of the first time */
#ifndef ORDERLY_SHIPMENT_H
#define ORDERLY_SHIPMENT_H

#include "store.h"

extern const struct store_script ship_script, cancel_script;

/* A booking that is to be stored. */
struct shipment {
    struct text order_id, status;  /* "shipped", "refused" */
    struct text tracking_number;   /* TEXT_NONE for a refused one */
    struct text outcome;           /* what is answered, and remembered */
    struct text outcome_cancelled; /* what is answered when the cancellation came first */
};

/* Queues the booking. Gives its number; the reply is the outcome's text. */
size_t shipment_queue_ship(struct store *store, struct arena *arena, const struct shipment *shipment);
/* Queues the cancellation. The reply is the outcome's text, or an array {"shipped", the booking's outcome} when it has left. */
size_t shipment_queue_cancel(struct store *store, struct arena *arena, struct text order_id, struct text outcome);

#endif
