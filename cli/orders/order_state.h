/* order_state.h - how orders stand, read for many of them in one round trip.
 *
 * Shape   some fields of the Redis hashes saga:<orderId>                         (common/domain/saga.c has them all)
 * Units   milliseconds since 1970; 0: there is none
 * Owner   the orchestrator writes them; texts here are in the arena */
#ifndef ORDERLY_ORDER_STATE_H
#define ORDERLY_ORDER_STATE_H

#include "cli_exit.h"
#include "policy.h"
#include "store.h"

#define ORDER_STATES_MAX 1000 /* asked for in one round trip */

struct order_state {
    struct text order_id;
    struct text status_text;  /* TEXT_NONE: there is no such order (any more) */
    enum saga_status status;  /* SAGA_NONE also when the text is none of ours */
    enum saga_status ends_as; /* while it is undone */
    struct text reason, pending_command_id;
    enum ask pending;
    int64_t attempt, attempts_max; /* of what is pending */
    bool cancel_requested;
    int64_t since_ms; /* when it came to running, compensating, or where it is parked or ended */
    int64_t moved_ms; /* when it last got any further: what is pending was asked for then; sending it again is no progress */
    struct text trace_parent, trace_state;
};

/* The names of the fields that are read, and how many they are. Static. */
const struct text *order_state_fields(size_t *out_count);
/* The state that these values of the fields tell of (TEXT_NONE: not there). What can't be understood is left out. Borrows the
 * values. */
void order_state_read(struct arena *arena, struct text order_id, const struct text values[], struct order_state *out_state);
/* Reads the states of count orders, ORDER_STATES_MAX at most, in one round trip. CLI_DONE, or the exit code of a problem that was
 * printed. */
MUST_CHECK enum cli_exit order_states_load(struct store *store, struct arena *arena, const struct text order_ids[], size_t count,
                                           struct order_state out_states[]);
/* Whether it has not got any further for this long, though it should: it has not ended. */
bool order_is_stuck(const struct order_state *state, int64_t now_ms, int64_t for_ms);
/* Whether nothing more will come of it by itself. */
bool order_is_at_rest(const struct order_state *state);

/* What a cancel has come to. */
enum cancel_verdict {
    CANCEL_PENDING, /* it may still end cancelled */
    CANCEL_DONE,
    CANCEL_NO_ORDER,
    CANCEL_ENDED_OTHERWISE,
    CANCEL_PARKED,  /* it is being cancelled, but an undo can't be done */
    CANCEL_TOO_LATE /* it is past its shipment, or parked on the way to another end */
};
/* What can be said of an order that somebody wants cancelled. */
enum cancel_verdict cancel_judge(const struct order_state *state);

#endif
