/* order_signal.h - what a person says to a saga: cancel it, try it again.
 *
 * Shape   {"kind":"cancel"|"retry","orderId","requestedBy","reason"} in saga.inbox, keyed by orderId
 * Source  docs/asyncapi.yaml */
#ifndef ORDERLY_ORDER_SIGNAL_H
#define ORDERLY_ORDER_SIGNAL_H

#include "bus.h"
#include "names.h"
#include "trace.h"

struct order_signal {
    const char *kind; /* "cancel", "retry" */
    struct text order_id;
    const char *by, *reason; /* NULL: nobody, none */
    struct trace trace;      /* the saga's own, where it is known: its trace goes on */
};

/* Who runs this program: $USER, or the login name; NULL when neither is known. Static. */
const char *signal_user(void);
/* The value of the record, in the arena. TEXT_NONE: by or reason is no UTF-8, or too long. */
struct text signal_value(struct arena *arena, const struct order_signal *signal);
/* Queues it; see bus_send(). STATUS_BAD_MESSAGE also when signal_value() gives none. */
MUST_CHECK enum status signal_send(struct bus *bus, struct arena *arena, const struct order_signal *signal);

#endif
