/* orchestrator_settings.h - the orchestrator's settings: how patient it is with each command, how many orders it lets in, how
 * often it looks for what is lost.
 *
 * Source  docs/settings.md; they become the policy that every order is admitted with (policy.h) */
#ifndef ORDERLY_ORCHESTRATOR_SETTINGS_H
#define ORDERLY_ORCHESTRATOR_SETTINGS_H

#include "policy.h"
#include "settings.h"

struct orchestrator_settings {
    struct patience general;
    int64_t undo_attempts, capture_attempts, saga_deadline_seconds;
    struct patience own[ASK_COUNT]; /* of one command; 0: as the general one */
    int64_t inflight_max, reconcile_seconds, day_seconds;
};

/* The table; out_count: its rows. Static. */
const struct setting *orchestrator_settings_table(size_t *out_count);
/* The policy that follows from the settings. */
struct policy policy_of_settings(const struct orchestrator_settings *settings);

#endif
