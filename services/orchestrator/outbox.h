/* outbox.h - the records that the orchestrator sends: admitted orders, commands, events, nudges, what belongs elsewhere.
 *
 * Ids of records are stable: handling a record twice sends the same bytes again. */
#ifndef ORDERLY_OUTBOX_H
#define ORDERLY_OUTBOX_H

#include "admission.h"
#include "fold.h"
#include "service.h"

#define ORCHESTRATOR_SOURCE "/orderly/orchestrator"
#define HEADER_OWN_KEY "order-key"           /* of an admitted order: the key it had, when that was not its orderId */
#define HEADER_OWN "order-header-"           /* stands before the names of the headers it had */
#define HEADER_OWN_MASKED "order-masked"     /* card numbers among these were masked */
#define HEADER_FORWARDED "orderly-forwarded" /* a record of saga.inbox that has been put where it belongs */

/* All give STATUS_FATAL as bus_send() does; a record that is too large is logged and left out. */

/* Sends an admitted order to saga.inbox, with the key and headers of its record kept for a dead letter. */
MUST_CHECK enum status outbox_admit(struct run *run, const struct record *record, const struct admission *admission);
/* Sends a saga's pending command. */
MUST_CHECK enum status outbox_command(struct run *run, const struct saga *saga);
/* Sends an event of a saga. */
MUST_CHECK enum status outbox_event(struct run *run, const struct saga *saga, const struct saga_event *event);
/* Sends a nudge to a saga, which then looks at its clock. at_ms: the time at which that was decided. */
MUST_CHECK enum status outbox_nudge(struct run *run, struct text order_id, int64_t at_ms);
/* Puts a record of saga.inbox into the partition where its saga is folded. */
MUST_CHECK enum status outbox_forward(struct run *run, const struct record *record, struct text order_id, int32_t partition);

#endif
