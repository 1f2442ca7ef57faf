/* admission.h - the guard at the door: what becomes of a record of `orders`.
 *
 * Pure: the time against which the age is measured is handed in (clocks.h). An order that passes becomes a record of
 * saga.inbox, masked, with where it came from and the policy in force; what is wrong inside it is the validator's to say.
 * Source  docs/asyncapi.yaml; docs/operations.md, "dead letters" */
#ifndef ORDERLY_ADMISSION_H
#define ORDERLY_ADMISSION_H

#include "message.h"

/* What holds for every order. */
struct admission_rules {
    size_t bytes_max;
    int64_t retention_ms;
    struct text policy; /* raw JSON object */
};

/* A record of `orders`. */
struct application {
    struct text topic, value; /* value TEXT_NONE: null */
    int32_t partition;
    int64_t offset, time_ms;
    int64_t made_ms; /* when it was made, as far as it tells (age.h); 0: time_ms */
};

struct admission {
    const char *dead_reason;  /* why it is a dead letter; NULL: it is admitted */
    struct text order_id;     /* of an admitted order */
    struct text inbox_value;  /* of an admitted order: the record for saga.inbox */
    bool masked;              /* card numbers were found */
    struct text masked_value; /* what a dead letter holds in their place; TEXT_NONE when nothing was masked */
};

/* Decides what becomes of a record of `orders` at now_ms. Texts are in the arena or borrow the record. */
struct admission admission_decide(struct arena *arena, const struct admission_rules *rules, const struct application *application,
                                  int64_t now_ms);
#endif
