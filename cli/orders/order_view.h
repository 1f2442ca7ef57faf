/* order_view.h - an order for people: lines of its history; why it is parked, what comes after it, and how to send it on. */
#ifndef ORDERLY_ORDER_VIEW_H
#define ORDERLY_ORDER_VIEW_H

#include "order_state.h"

/* Prints one line of {saga:<orderId>}:history: when, what, and its result or why. Nothing for a line that is none. */
void history_print_line(struct arena *arena, struct text line);

/* Why what is pending could not be done: "payment.void was tried 20 times; the last answer was gateway_away". failure and
 * last_failure are those of the event that parked it. In the arena. */
struct text explain_why(struct arena *arena, const struct order_state *state, struct text failure, struct text last_failure);
/* What happens when the pending command succeeds after all: "payment.void, and it ends failed". step is the saga's field of
 * that name. In the arena. */
struct text explain_then(struct arena *arena, const struct order_state *state, struct text step);
/* Prints why an order is parked, what comes after it, and how to send it on. lines: the order's history, line_count of them. */
void explain_print(struct arena *arena, const struct order_state *state, struct text step, const struct text lines[],
                   size_t line_count, int64_t now_ms);

#endif
