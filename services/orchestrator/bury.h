/* bury.h - dead letters of the orchestrator: what can't be handled goes to the dead-letter topic, with a line in the log and a
 * count.
 *
 * reason is static, and one of those of docs/operations.md. All give STATUS_FATAL as bus_bury() does. */
#ifndef ORDERLY_BURY_H
#define ORDERLY_BURY_H

#include "fold.h"
#include "service.h"

#define REASON_CONFLICT "conflict"
#define REASON_SAGA_BROKEN "saga_broken"

/* What is to be said of a record that is buried. */
struct burial {
    const char *reason;
    struct text masked_value; /* what the dead letter holds in place of the record's value; TEXT_NONE: the value */
    struct text order_id;     /* of an order that is whole: it stands as it is; TEXT_NONE: everything is masked by bytes */
};
/* Buries a record as it was read. */
MUST_CHECK enum status bury_record(struct run *run, const struct record *record, const struct burial *burial);
/* Buries a record of saga.inbox that nobody has looked at for card numbers: they are masked here. */
MUST_CHECK enum status bury_unseen(struct run *run, const struct record *record, const char *reason);
/* Buries an order that came by saga.inbox as the record of orders that it was. */
MUST_CHECK enum status bury_order(struct run *run, const struct heard *heard, const char *reason);

#endif
