/* stage.h - what an end-to-end test plays on: a Redis of its own, the five programs with settings of its own, and short words
 * for sending orders and looking at what became of them. One stage for each test; everything asserts by itself. */
#ifndef ORDERLY_TEST_STAGE_H
#define ORDERLY_TEST_STAGE_H

#include "json.h"
#include "redis_process.h"
#include "system.h"

struct stage {
    struct redis_process *redis;
    struct store *store;
    struct system *services;
    struct arena *arena;  /* of all texts below */
    char printed[262144]; /* what `orderly` printed last */
};
extern struct stage stage;

/* For TestSuite(..., .init, .fini). */
void stage_set_up(void);
void stage_tear_down(void);
/* For .init of a suite whose tests need no settings: one of each program runs. */
void stage_set_up_and_start(void);
/* Loads the catalog, and starts the programs as the options say, with the Redis of the stage. */
void stage_start(struct system_options options);
/* One of each program, with INSTANCE_ID and these settings: START("STEP_TIMEOUT_MS=300"). */
#define START(...)                                                                                                               \
    stage_start((struct system_options){.static_members = true, .settings = (const char *const[]){__VA_ARGS__, NULL}})
/* Stops the programs before the end of the test: what they have sent has arrived. */
void stage_stop(void);

/* Runs `orderly` with arguments, and with input on its standard input (NULL: none); gives its exit code. RUN("get", id) */
int run_orderly(const char *input, const char *const arguments[]);
#define RUN(...) run_orderly(NULL, (const char *const[]){__VA_ARGS__, NULL})
/* Needs criterion.h. */
#define PRINTED(text) cr_expect_not_null(strstr(stage.printed, text), "'%s' is not in: %s", text, stage.printed)

/* An id that no other test and no other run has. */
const char *unique(const char *name);
/* An order of two HOT, shipped to this country: refused in AQ. */
struct text order_to(const char *id, const char *country);
void send_order(const char *id, const char *country);
/* {"orderId":"<id>",<rest>}, and the usual rest: REST("HOT", "2", "tok_visa", "IT") */
struct text order_with(const char *id, const char *rest);
#define REST(product, quantity, method, country)                                                                                 \
    "\"customerId\":\"C-1\",\"items\":[{\"productId\":\"" product "\",\"quantity\":" quantity "}],\"paymentMethod\":\"" method   \
    "\",\"shipTo\":{\"country\":\"" country "\"}"
void send_order_with(const char *id, const char *rest);
/* Sends count orders to IT at once, and names them in ids. */
void send_orders(const char *name, const char *ids[], size_t count);
/* Sends {"kind":"cancel"|"retry"} as "tester". */
void send_signal(const char *kind, const char *id);

const char *saga_field(const char *id, const char *field);
const char *payment_field(const char *id, const char *field);
const char *shipment_field(const char *id, const char *field);
/* Of the order's reservation in the warehouse main. */
const char *reservation_field(const char *id, const char *field);
/* The events of the order's history, with a space behind each. */
const char *history(const char *id);
/* Runs one command; its reply is valid until the next. REDIS(TEXT("DEL"), key) */
const struct store_value *redis_do(const struct text words[], size_t count);
#define REDIS(...) redis_do((struct text[]){__VA_ARGS__}, sizeof((struct text[]){__VA_ARGS__}) / sizeof(struct text))
bool key_exists(const char *key);
/* Whether a sorted set has a member. */
bool is_listed(const char *index, const char *id);
/* The key of the shard that the order's timer is in. */
const char *timer_key(const char *id);
/* Running and compensating sagas. */
size_t sagas_under_way(void);

/* Looks again and again until the condition is true, or asserts: WAIT_UNTIL(is_listed("sagas:running", id)); needs
 * criterion.h. */
#define WAIT_UNTIL(condition)                                                                                                    \
    for (int64_t wait_end_ms = test_now_ms() + SYSTEM_WAIT_MS; !(condition); test_pause())                                       \
    cr_assert_lt(test_now_ms(), wait_end_ms, "it never came true: %s", #condition)

/* Waits until all of them have this status. */
void wait_for_all(const char *const ids[], size_t count, const char *status);

#define SEEN_MAX 1024

/* The JSON that a topic holds under keys that begin with a prefix, in the order of its partition. */
struct seen {
    size_t count;
    struct seen_record {
        struct text key;
        const struct json *value;
        int64_t time_ms;
    } list[SEEN_MAX];
};
/* Looks into a topic. type: that the member "type" must begin with. */
const struct seen *see_topic(const char *topic, const char *prefix, const char *type);
/* Looks until there are so many replies. */
const struct seen *wait_for_replies(const char *prefix, const char *type, size_t count);
/* A member that is a text. */
struct text seen_text(const struct seen_record *record, const char *name);
/* "succeeded: refused:already_cancelled ": of each reply the outcome and the reason. */
const char *outcomes_of(const struct seen *replies);

#endif
