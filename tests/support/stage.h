/* stage.h - what an end-to-end test plays on: a Redis of its own, the five programs with settings of its own, and short words for sending orders and
 * looking at what became of them. One stage for each test; everything asserts by itself. */
#ifndef ORDERLY_TEST_STAGE_H
#define ORDERLY_TEST_STAGE_H

#include "redis_process.h"
#include "system.h"

struct stage {
    struct redis_process *redis;
    struct store *store;
    struct system *services;
    struct arena *arena; /* of all texts below */
};
extern struct stage stage;

/* For TestSuite(..., .init, .fini). */
void stage_set_up(void);
void stage_tear_down(void);
/* Starts one of each program, with INSTANCE_ID and these settings: START("STEP_TIMEOUT_MS=300"). */
void stage_start(const char *const settings[]);
#define START(...) stage_start((const char *const[]){__VA_ARGS__, NULL})

/* An id that no other test and no other run has. */
const char *unique(const char *name);
/* An order of two HOT, shipped to this country: refused in AQ. */
struct text order_to(const char *id, const char *country);
void send_order(const char *id, const char *country);
/* Sends count orders to IT at once, and names them in ids. */
void send_orders(const char *name, const char *ids[], size_t count);
/* Sends {"kind":"cancel"|"retry"} as "tester". */
void send_signal(const char *kind, const char *id);

const char *saga_field(const char *id, const char *field);
/* A field of payment:<id>. */
const char *payment_field(const char *id, const char *field);
/* The events of its history, with a space behind each. */
const char *history(const char *id);
/* Runs one command; its reply is valid until the next. REDIS(TEXT("DEL"), key) */
const struct store_value *redis_do(const struct text words[], size_t count);
#define REDIS(...) redis_do((struct text[]){__VA_ARGS__}, sizeof((struct text[]){__VA_ARGS__}) / sizeof(struct text))
bool key_exists(const char *key);
/* Whether a sorted set has a member. */
bool is_listed(const char *index, const char *id);
/* The key of the shard its timer is in. */
const char *timer_key(const char *id);
/* Running and compensating sagas. */
size_t sagas_under_way(void);

/* Looks until it is so: WAIT_UNTIL(is_listed("sagas:running", id)); needs criterion.h. */
#define WAIT_UNTIL(condition)                                                                    \
    for (int64_t wait_end_ms = test_now_ms() + SYSTEM_WAIT_MS; !(condition); test_pause())       \
    cr_assert_lt(test_now_ms(), wait_end_ms, "it never came true: %s", #condition)

/* Waits until all of them have this status. */
void wait_for_all(const char *const ids[], size_t count, const char *status);

#endif
