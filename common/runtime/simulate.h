/* simulate.h - failures and slowness on demand, for the four workers whose outside world is simulated.
 *
 * Shape   SIMULATED_FAIL="payment.authorize:20,payment.void:100": how many of a hundred attempts at a command fail for the moment
 *         SIMULATED_LATENCY_MS=500: how long after it was asked, at the earliest, a command is answered
 * Units   percent, milliseconds
 * Source  docs/settings.md
 *
 * Pure: whether an attempt fails is a hash of command id and attempt, the same whenever it comes again. Where the outcome of a
 * command is stored already, the worker answers with that: a failure has no effect, and what has been done can't fail any more.
 */
#ifndef ORDERLY_SIMULATE_H
#define ORDERLY_SIMULATE_H

#include "message.h"
#include "settings.h"

#define SIMULATED_TYPES 8
#define SIMULATED_LATENCY_MS_MAX 60000
#define SIMULATED_REASON "simulated_failure"

struct simulation_settings {
    char fail[SETTING_TEXT_SIZE];
    int64_t latency_ms;
};
extern const struct setting_table simulation_table;

/* What the settings say. */
struct simulation {
    int64_t percent[SIMULATED_TYPES]; /* in the order of simulate.c's list of types; -1: not named */
    int64_t latency_ms;
};

/* The simulation of settings that simulation_check() finds nothing wrong with. */
struct simulation simulation_of(const struct simulation_settings *settings);
/* The check of simulation_table: prints one line for each mistake in SIMULATED_FAIL, gives how many there are. */
size_t simulation_check(const void *settings, FILE *report);
/* Whether this attempt fails. A type that is not known never does. */
bool simulation_fails(const struct simulation *simulation, struct text type, struct text command_id, int64_t attempt);
/* How much longer commands have to wait of which the last was asked at newest_ms: 0 when it is long enough ago, and never more
 * than the latency, whatever the two clocks say. */
int64_t simulation_wait_ms(const struct simulation *simulation, int64_t newest_ms, int64_t now_ms);

#endif
