/* policy.h - how patient a saga is: recorded when it is admitted, so that a change of settings holds for new orders only.
 *
 * Shape   {"sagaDeadlineSeconds":3600,"undoAttempts":20,"stepTimeoutMs":10000,...,
 *          "commands":{"payment.authorize":{"stepTimeoutMs":1000}}}:
 *         a value under commands takes the place of the general one
 * Units   as the names say
 * Source  ARCHITECTURE.md; docs/settings.md */
#ifndef ORDERLY_POLICY_H
#define ORDERLY_POLICY_H

#include "json.h"
#include "steps.h"

/* How one command is waited for and tried again. */
struct patience {
    int64_t step_timeout_ms, step_deadline_seconds, attempts, first_delay_ms, factor, max_delay_ms;
};

struct policy {
    struct patience general;
    int64_t undo_attempts, capture_attempts, saga_deadline_seconds;
    struct patience of[ASK_COUNT]; /* what holds for each command */
};

/* The policy of the defaults of docs/settings.md. */
struct policy policy_default(void);
/* Fills policy->of from the general values. */
void policy_spread(struct policy *policy);
/* Makes the JSON of a policy: the general values, and under commands what differs from them. In the arena. */
struct text policy_text(struct arena *arena, const struct policy *policy);
/* Reads a policy from its JSON. What is missing gets the default: an older record may know less.
 * STATUS_BROKEN  not a JSON object: out_policy untouched */
MUST_CHECK enum status policy_read(struct arena *arena, struct text text, struct policy *out_policy);
/* How long to wait before this attempt (2, 3, ...): exponential, between half and all of it by a hash of the command id and the
 * attempt, so that it is the same whenever it is worked out. */
int64_t policy_delay_ms(const struct patience *patience, struct text command_id, int64_t attempt);
/* The shortest step timeout of all commands, in ms. */
int64_t policy_shortest_timeout_ms(const struct policy *policy);

#endif
