/* bench_plan.h - which orders a benchmark places, and how each of them has to end. Pure.
 *
 * Shape   the order's number stands at the end of its id, so that what is heard of it needs no table:
 *         BENCH-6925ac3f-01a2b3-0000042
 * Source  README.md: what the simulated gateway and carrier refuse */
#ifndef ORDERLY_BENCH_PLAN_H
#define ORDERLY_BENCH_PLAN_H

#include "message.h"

#define BENCH_ORDERS_MAX 10000000
#define BENCH_PRODUCTS_MAX 100000
#define BENCH_PREFIX_SIZE 32
#define BENCH_WEIGHT_MAX 1000000
#define BENCH_NO_STOCK_PRODUCT "BENCH-NONE" /* in the catalog, with nothing in stock */

/* clang-format off */
/*      name           status       reason                    */
#define BENCH_ENDING_TABLE(row)                                 \
    row(COMPLETED,    "completed",    "completed", "")          \
    row(DECLINED,     "declined",     "failed",    "payment_declined")       \
    row(OUT_OF_STOCK, "out_of_stock", "failed",    "insufficient_inventory") \
    row(UNSHIPPABLE,  "unshippable",  "failed",    "fulfillment_refused")    \
    row(REJECTED,     "rejected",     "rejected",  "validation_failed")
/* clang-format on */

#define BENCH_ENDING_NAME(ending, name, status, reason) BENCH_##ending,
enum bench_ending { BENCH_ENDING_TABLE(BENCH_ENDING_NAME) BENCH_ENDING_COUNT };
#undef BENCH_ENDING_NAME

/* In which proportions the orders are to end. */
struct bench_mix {
    unsigned weights[BENCH_ENDING_COUNT];
};

struct bench_plan {
    char prefix[BENCH_PREFIX_SIZE]; /* of every orderId of this run */
    size_t order_count;
    int64_t items_low, items_high; /* lines of an order */
    int64_t product_count, customer_count;
    uint8_t *endings; /* by number: enum bench_ending */
};

/* The name of an ending in --mix and in reports ("out_of_stock"). Static. */
const char *bench_ending_name(enum bench_ending ending);
/* The status in the terminal event of an order that ends like this. Static. */
const char *bench_ending_status(enum bench_ending ending);
/* The reason in that event. Static. */
const char *bench_ending_reason(enum bench_ending ending);
/* The ending of a terminal event; BENCH_ENDING_COUNT when it is none that is ever wanted. */
enum bench_ending bench_ending_of(struct text status, struct text reason);

/* Reads "completed=95,refused=5": names of endings with their weights, 0 to BENCH_WEIGHT_MAX, each once. `refused` stands for
 * declined, out_of_stock and unshippable in equal parts. False: it can't be read; out_mix untouched. */
MUST_CHECK bool bench_mix_read(const char *word, struct bench_mix *out_mix);
/* Gives each of count orders its ending: as many of each as the mix says, spread evenly, the same in every run. */
void bench_mix_spread(const struct bench_mix *mix, uint8_t out_endings[], size_t count);

/* The id of a product, 0..product_count-1. In the arena. */
struct text bench_product_id(struct arena *arena, int64_t product);
/* The id of an order. In the arena. */
struct text bench_order_id(struct arena *arena, const struct bench_plan *plan, size_t number);
/* The whole order as JSON. In the arena. */
struct text bench_order(struct arena *arena, const struct bench_plan *plan, size_t number);
/* The number inside the id of an order of this plan. False: the order is somebody else's. */
MUST_CHECK bool bench_order_number(const struct bench_plan *plan, struct text order_id, size_t *out_number);

#endif
