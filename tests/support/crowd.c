#include "crowd.h"

#include "clock.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define KINDS 10

static const struct {
    const char *status, *reason;
} endings[KINDS] = {
    [0] = {"failed", "payment_declined"},
    [1] = {"rejected", "validation_failed"},
    [2] = {"failed", "fulfillment_refused"},
    [3] = {"failed", "insufficient_inventory"},
};

const char *crowd_expected_status(size_t number)
{
    return endings[number % KINDS].status == NULL ? "completed" : endings[number % KINDS].status;
}

const char *crowd_expected_reason(size_t number)
{
    return endings[number % KINDS].reason == NULL ? "" : endings[number % KINDS].reason;
}

static char *order_text(const char *id, size_t number)
{
    size_t kind = number % KINDS;
    char *text;

    if (asprintf(
            &text,
            "{\"orderId\":\"%s\",\"customerId\":\"%s\",\"items\":[{\"productId\":\"%s\",\"quantity\":%d},"
            "{\"productId\":\"P%zu\",\"quantity\":%zu}],\"paymentMethod\":\"%s\",\"shipTo\":{\"name\":\"Ada\",\"line1\":\"1 Main "
            "St\",\"city\":\"Turin\",\"postalCode\":\"10121\",\"country\":\"%s\"}}",
            id, kind == 1 ? "not a customer" : "C-1", kind == 3 ? "SCARCE" : "HOT", kind == 3 ? 9999 : 1, number % 5,
            1 + number % 3, kind == 0 ? "tok_decline" : "tok_visa", kind == 2 ? "AQ" : "IT") < 0)
        abort();
    return text;
}

struct crowd *crowd_create(const char *prefix, size_t count)
{
    struct crowd *crowd = calloc(1, sizeof(*crowd));
    long long run = (long long)clock_wall_ms() / 1000;

    crowd->count = count;
    crowd->ids = calloc(count, sizeof(*crowd->ids));
    crowd->values = calloc(count, sizeof(*crowd->values));
    snprintf(crowd->prefix, sizeof(crowd->prefix), "%s-%lld.%d-", prefix, run, (int)getpid());
    for (size_t i = 0; i < count; i++) {
        char *id;
        if (asprintf(&id, "%s%zu", crowd->prefix, i) < 0)
            abort();
        crowd->ids[i] = id;
        crowd->values[i] = order_text(id, i);
    }
    return crowd;
}

void crowd_destroy(struct crowd *crowd)
{
    if (crowd == NULL)
        return;
    for (size_t i = 0; i < crowd->count; i++) {
        free((char *)(uintptr_t)crowd->ids[i]);
        free((char *)(uintptr_t)crowd->values[i]);
    }
    free(crowd->ids);
    free(crowd->values);
    free(crowd);
}

void crowd_check(struct store *store, const struct crowd *crowd)
{
    char key[160];

    wait_for_end(store, crowd->ids, crowd->count);
    for (size_t i = 0; i < crowd->count; i++) {
        snprintf(key, sizeof(key), "saga:%s", crowd->ids[i]);
        cr_expect_str_eq(hash_field(store, key, "status"), crowd_expected_status(i), "%s", crowd->ids[i]);
        cr_expect_str_eq(hash_field(store, key, "reason"), crowd_expected_reason(i), "%s", crowd->ids[i]);
    }
    assert_balanced(store, crowd->ids, crowd->count);
}
