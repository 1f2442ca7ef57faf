#include "set_back.h"

#define SECOND_MS 1000

static void no_later(int64_t *time_ms, int64_t than_ms)
{
    if (*time_ms > than_ms)
        *time_ms = than_ms;
}

void saga_set_back(struct saga *saga, const struct policy *policy, int64_t at_ms)
{
    no_later(&saga->created_ms, at_ms);
    no_later(&saga->since_ms, at_ms);
    no_later(&saga->updated_ms, at_ms);
    no_later(&saga->next_due_ms, at_ms);
    no_later(&saga->deadline_ms, at_ms + policy->saga_deadline_seconds * SECOND_MS);
    if (saga->pending != ASK_NOTHING)
        no_later(&saga->step_deadline_ms, at_ms + policy->of[saga->pending].step_deadline_seconds * SECOND_MS);
}
