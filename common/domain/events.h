/* events.h - what a transition tells the world: order.events, and the same as a line of the history.
 *
 * Shape   history {"at","event","version","input","detail":{"status",...}}; event {"eventId","type","orderId","at", and what
 *         detail holds}
 * Source  DESIGN.md sections 3 and 4 */
#ifndef ORDERLY_EVENTS_H
#define ORDERLY_EVENTS_H

#include "saga.h"

struct saga_event {
    struct text id;      /* TEXT_NONE: that of a transition, see event_id() */
    struct text type;    /* "order.accepted" */
    int64_t version;     /* of the transition that raised it */
    struct text at;      /* RFC 3339 */
    struct text input;   /* "partition/offset" of the record that caused it */
    struct text detail;  /* raw JSON object, with the status at least */
};

/* One line of {saga:<orderId>}:history. In the arena. */
struct text event_history_line(struct arena *arena, const struct saga_event *event);
/* The reverse. STATUS_BROKEN: the line is none of ours. */
MUST_CHECK enum status event_of_history_line(struct arena *arena, struct text line, struct saga_event *out_event);
/* Its own id, or "<orderId>/<version>/<type>". In the arena. */
struct text event_id(struct arena *arena, struct text order_id, const struct saga_event *event);
/* The value of the record of order.events. In the arena. */
struct text event_record(struct arena *arena, struct text order_id, const struct saga_event *event);
/* "partition/offset". In the arena. */
struct text event_input(struct arena *arena, const struct input *input);

/* The details of an event: a raw JSON object in the arena, from the saga after the transition. Of a step that succeeded. */
struct text detail_of_step(struct arena *arena, const struct saga *saga, struct text result);
/* Of the beginning of the undo. */
struct text detail_of_compensation(struct arena *arena, const struct saga *saga);
/* Of an order that waits for a person, and why. */
struct text detail_of_parking(struct arena *arena, const struct saga *saga, struct text failure);
/* Of the end of an order. */
struct text detail_of_end(struct arena *arena, const struct saga *saga);

/* The event of an order that contradicts the saga. That is no transition: it is named by the order's own record, as source
 * tells, "<orderId>/conflict/<topic>/<partition>/<offset>"; or else by that in saga.inbox, input: anybody can write there. */
struct saga_event event_of_conflict(struct arena *arena, const struct saga *saga, struct text source, const struct input *input);

#endif
