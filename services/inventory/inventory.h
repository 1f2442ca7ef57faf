/* inventory.h - what an order takes from the stock, as text: "KEYBOARD=2 MOUSE=1".
 *
 * Pure. Ids have a strict alphabet without '=' and ' ', so the text needs no escapes and scripts can read it. */
#ifndef ORDERLY_INVENTORY_H
#define ORDERLY_INVENTORY_H

#include "message.h"

/* The lines of an order. In the arena. */
struct text items_text(struct arena *arena, const struct order *order);

#endif
