/* gate.h - how many new orders are let in: what is under way goes before what is new.
 *
 * Pure. Two rules, each enough to keep orders waiting in Kafka: as many sagas are under way as MAX_INFLIGHT_SAGAS allows; this
 * member's own part of saga.inbox has a backlog. The second is relaxed only at half of it, so that the gate does not flap.
 * Between GATE_WINDOW and MAX_INFLIGHT_SAGAS they trickle in: more under way at once would only take longer, each of them, and
 * leave the memory that keeps them close; but while a worker is away, and what is under way waits for it, the others are to go
 * on.
 * Source  ARCHITECTURE.md; docs/decisions/0038-gate.md; docs/settings.md */
#ifndef ORDERLY_GATE_H
#define ORDERLY_GATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GATE_BACKLOG_BATCHES 4 /* how many batches of backlog shut the gate */
#define GATE_BACKLOG_LEAST 500 /* but not fewer records than these, also with small batches */
#define GATE_WINDOW 2000       /* sagas under way that keep everybody busy */
#define GATE_TRICKLE 20        /* orders let in beyond them between two counts */

struct gate_limits {
    int64_t sagas_max, backlog_max; /* sagas under way; records of saga.inbox not yet handled */
};

/* All zero: shut until the sagas have been counted. */
struct gate {
    int64_t room; /* orders that may come in until the next count */
    bool shut;    /* for a backlog */
};

/* The limits that follow from the settings. */
struct gate_limits gate_limits_of(int64_t sagas_max, int64_t batch_max);
/* Takes in a fresh count of the sagas under way. An order that was let in and is not yet folded is part of the backlog. */
void gate_count(struct gate *gate, const struct gate_limits *limits, int64_t sagas, int64_t backlog);
/* Takes in how many orders have come in. */
void gate_enter(struct gate *gate, size_t orders);
/* How many orders may come in now. */
size_t gate_opening(struct gate *gate, const struct gate_limits *limits, int64_t backlog);

#endif
