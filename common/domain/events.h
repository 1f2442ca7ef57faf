/* events.h - what a transition tells the world: order.events, and the same as a line of the history.
 *
 * Shape   history {"at","event","version","input","detail":{"status",...}}; event {"eventId","type","orderId","at", and what
 *         detail holds}
 * Source  docs/asyncapi.yaml; docs/redis.md */
#ifndef ORDERLY_EVENTS_H
#define ORDERLY_EVENTS_H

#include "saga.h"

struct saga_event {
    struct text id;     /* TEXT_NONE: that of a transition, see event_id() */
    struct text type;   /* "order.accepted" */
    int64_t version;    /* of the transition that raised it */
    struct text at;     /* RFC 3339 */
    struct text input;  /* "partition/offset" of the record that caused it */
    struct text detail; /* raw JSON object, with the status at least */
};

/* One line of {saga:<orderId>}:history. In the arena. */
struct text event_history_line(struct arena *arena, const struct saga_event *event);
/* Reads a line of the history. The event borrows the line. STATUS_BROKEN: the line was not written by event_history_line(). */
MUST_CHECK enum status event_of_history_line(struct arena *arena, struct text line, struct saga_event *out_event);
/* The id of an event: its own, or "<orderId>/<version>/<type>" of one that a transition has raised. In the arena. */
struct text event_id(struct arena *arena, struct text order_id, const struct saga_event *event);
/* The value of the record of order.events. In the arena. */
struct text event_record(struct arena *arena, struct text order_id, const struct saga_event *event);
/* Where a record lay, as "partition/offset". In the arena. */
struct text event_input(struct arena *arena, const struct input *input);

/* The details of events are raw JSON objects in the arena, made from the saga as it is after the transition. */

/* The detail of a step, or an undo, that has succeeded: its result, a raw JSON object; TEXT_NONE: it has none. */
struct text detail_of_step(struct arena *arena, const struct saga *saga, struct text result);
/* The detail of compensation.started: why the saga steps back. */
struct text detail_of_compensation(struct arena *arena, const struct saga *saga);
/* The detail of a saga that waits for an operator: which command it waits for, and failure, which is why. Made before failure
 * becomes the saga's last_failure. */
struct text detail_of_parking(struct arena *arena, const struct saga *saga, struct text failure);
/* The detail of a saga that has ended: why, the total, and from when to when it ran. */
struct text detail_of_end(struct arena *arena, const struct saga *saga);

/* The event of an order that contradicts the saga. The event belongs to no transition: its id tells where the order's own record
 * lies, "<orderId>/conflict/<topic>/<partition>/<offset>", as source says; or, when source does not say, where the record of
 * saga.inbox lies, which is input. Anybody can write to saga.inbox. */
struct saga_event event_of_conflict(struct arena *arena, const struct saga *saga, struct text source, const struct input *input);

#endif
