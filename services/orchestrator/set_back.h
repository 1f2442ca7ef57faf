/* set_back.h - mends a saga whose times come from a clock that had jumped ahead. Pure. */
#ifndef ORDERLY_SET_BACK_H
#define ORDERLY_SET_BACK_H

#include "policy.h"
#include "saga.h"

#define SAGA_AHEAD_MAX_MS 300000 /* when a saga's last change lies further in the future, the clock that said so was wrong */

/* Sets back what is later than `at_ms` allows: what has happened, to `at_ms`; deadlines, to where they would be if it all
 * had begun at `at_ms`; and what is pending is due at once. Everything else stays. `policy` is the saga's own, which has not
 * ended. */
void saga_set_back(struct saga *saga, const struct policy *policy, int64_t at_ms);

#endif
