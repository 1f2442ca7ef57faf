/* money.h - amounts of money for people. */
#ifndef ORDERLY_MONEY_H
#define ORDERLY_MONEY_H

#include "text.h"

/* "19.99 USD", "1999 JPY": as many decimals as the currency has. In the arena. */
struct text money_text(struct arena *arena, int64_t amount, struct text currency);

#endif
