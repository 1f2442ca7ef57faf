/* measures.h - what the orchestrator measures of sagas: what it hears, where they go, how long steps and orders take, and what
 * lies in Redis.
 *
 * Everything that is counted is staged: it is seen when the batch is done. */
#ifndef ORDERLY_MEASURES_H
#define ORDERLY_MEASURES_H

#include "batch.h"

/* The families, for service->own_metrics. Static. */
struct metric_table measures_table(void);
/* Counts what a settled group heard and what came of it, and the command that it sends. */
void measure_group(struct metrics *metrics, const struct group *group);
/* Counts a record that was put where its saga is folded. */
void measure_forwarded(struct metrics *metrics, struct text kind);
/* Counts a member of a reply that was cut, or left out. */
void measure_mended(struct metrics *metrics, const char *member);
/* Counts nudges that were sent. Outside of a batch, metrics_publish() is the caller's to call. */
void measure_nudges(struct metrics *metrics, size_t count);
/* Shows how far Redis' clock is ahead of the brokers'. */
void measure_clocks(struct metrics *metrics, int64_t difference_ms);
/* Asks Redis for its memory, for measure_ledger(). */
extern const struct store_script memory_script;
/* Asks Redis, in one round trip, how many sagas stand in each index, how old the oldest running one is, how many timers are due
 * and how much memory is used, and shows that. now_ms: Redis' time. */
void measure_ledger(struct run *run, int64_t now_ms);

#endif
