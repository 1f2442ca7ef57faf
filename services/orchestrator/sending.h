/* sending.h - what a batch sends when its sagas are settled: events, commands, admitted orders, records that belong elsewhere,
 * and dead letters.
 *
 * A batch that is handled again sends the same again. All give STATUS_FATAL as bus_send() does. */
#ifndef ORDERLY_SENDING_H
#define ORDERLY_SENDING_H

#include "batch.h"
#include "intake.h"

/* Sends the events and the command of every group, and counts what came of its records. What a broken saga has heard is
 * buried. */
MUST_CHECK enum status send_groups(struct run *run, const struct batch *batch);
/* Admits the orders, or buries them.
 * STATUS_UNAVAILABLE  whether an order is too old is not known yet: the batch has to be handled again */
MUST_CHECK enum status send_orders(struct run *run, const struct intake *intake);
/* Puts every stray where it belongs, or buries it. */
MUST_CHECK enum status send_strays(struct run *run, const struct intake *intake);

#endif
