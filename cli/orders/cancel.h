/* cancel.h - what a cancel has come to, from how the order stands. */
#ifndef ORDERLY_CANCEL_H
#define ORDERLY_CANCEL_H

#include "order_state.h"

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
