/* topic_plan.h - which topics Orderly has, and their settings.
 *
 * Source  DESIGN.md section 3, "Topics" */
#ifndef ORDERLY_TOPIC_PLAN_H
#define ORDERLY_TOPIC_PLAN_H

#include "cli.h"
#include "names.h"

#define TOPIC_PLAN_COUNT 13

/* Fills out_plans with all topics and their dead-letter topics. Texts are in the arena or static. */
void topic_plans(struct arena *arena, const struct cli_settings *settings, struct topic_plan out_plans[TOPIC_PLAN_COUNT]);

#endif
