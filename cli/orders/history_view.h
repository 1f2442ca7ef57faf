/* history_view.h - lines of an order's history for people. */
#ifndef ORDERLY_HISTORY_VIEW_H
#define ORDERLY_HISTORY_VIEW_H

#include "text.h"

/* Prints one line of {saga:<orderId>}:history: when, what, and its result or why. Nothing for a line that is none. */
void history_print_line(struct arena *arena, struct text line);

#endif
