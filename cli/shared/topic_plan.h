/* topic_plan.h - which topics Orderly has, and their settings.
 *
 * Source  docs/asyncapi.yaml */
#ifndef ORDERLY_TOPIC_PLAN_H
#define ORDERLY_TOPIC_PLAN_H

#include "bus_topics.h"
#include "cli_command.h"
#include "names.h"

#define TOPIC_PLAN_COUNT 13

extern const struct argp topics_create_argp;
/* orderly topics create */
enum cli_exit topics_create_run(int argument_count, char **arguments);

/* Fills out_plans with all topics and their dead-letter topics. Texts are in the arena or static. */
void topic_plans(struct arena *arena, const struct cli_settings *settings, struct topic_plan out_plans[TOPIC_PLAN_COUNT]);

#endif
