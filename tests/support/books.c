/* books.c - looking at Redis in tests: waiting for an order's end, and whether the books balance. */
#include "system.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#define KEY_SIZE 160
#define STATUS_SIZE 32
#define PRODUCTS_MAX 64

static struct text command(struct store *store, const struct text words[], size_t count)
{
    size_t number;
    enum status status;
    int64_t end_ms = test_now_ms() + SYSTEM_WAIT_MS;

    do {
        store_begin(store);
        number = store_queue(store, words[1], words, count);
        status = store_flush(store);
    } while (status != STATUS_OK && test_now_ms() < end_ms); /* Redis may be on its way back */
    cr_assert_eq(status, STATUS_OK, "%s", store_problem(store));
    return store_text(store_value(store, number));
}

const char *hash_field(struct store *store, const char *key, const char *field)
{
    static char kept[8][4096];
    static size_t next;
    char *out = kept[next++ % COUNT_OF(kept)];
    struct text value = command(store, (struct text[]){TEXT("HGET"), text_of(key), text_of(field)}, 3);

    snprintf(out, sizeof(kept[0]), "%.*s", TEXT_ARG(value));
    return out;
}

static const char *saga_status(struct store *store, const char *order_id)
{
    char key[KEY_SIZE];

    snprintf(key, sizeof(key), "saga:%s", order_id);
    return hash_field(store, key, "status");
}

void wait_for_status(struct store *store, const char *order_id, const char *status)
{
    int64_t end_ms = test_now_ms() + SYSTEM_WAIT_MS;

    while (strcmp(saga_status(store, order_id), status) != 0) {
        cr_assert_lt(test_now_ms(), end_ms, "%s is '%s', not '%s'", order_id, saga_status(store, order_id), status);
        test_pause();
    }
}

static bool is_terminal(const char *status)
{
    static const char *const terminal[] = {"completed", "rejected", "failed", "cancelled"};

    for (size_t i = 0; i < COUNT_OF(terminal); i++)
        if (strcmp(status, terminal[i]) == 0)
            return true;
    return false;
}

size_t wait_for_end(struct store *store, const char *const order_ids[], size_t count)
{
    size_t completed = 0;

    for (size_t i = 0; i < count; i++) {
        const char *status = saga_status(store, order_ids[i]);
        int64_t end_ms = test_now_ms() + SYSTEM_WAIT_MS; /* each order may take so long, since one ends after another */
        while (!is_terminal(status)) {
            cr_assert_lt(test_now_ms(), end_ms, "%s (%zu of %zu) is still '%s'", order_ids[i], i, count, status);
            test_pause();
            status = saga_status(store, order_ids[i]);
        }
        completed += strcmp(status, "completed") == 0;
    }
    return completed;
}

/* ---- books ---- */

struct product_count {
    char id[KEY_SIZE];
    int64_t held; /* by allocated reservations */
};

struct books {
    struct product_count products[PRODUCTS_MAX];
    size_t count;
};

static int64_t *held_of(struct books *books, struct text product_id)
{
    for (size_t i = 0; i < books->count; i++)
        if (text_equals(text_of(books->products[i].id), product_id))
            return &books->products[i].held;
    cr_assert_lt(books->count, PRODUCTS_MAX);
    snprintf(books->products[books->count].id, KEY_SIZE, "%.*s", TEXT_ARG(product_id));
    return &books->products[books->count++].held;
}

/* "KEYBOARD=2 MOUSE=1" */
static void add_items(struct books *books, const char *items)
{
    char copy[4096];

    snprintf(copy, sizeof(copy), "%s", items);
    for (char *item = strtok(copy, " "); item != NULL; item = strtok(NULL, " ")) {
        char *equals = strchr(item, '=');
        cr_assert_not_null(equals, "%s", items);
        *held_of(books, (struct text){item, (size_t)(equals - item)}) += atoll(equals + 1);
    }
}

/* Adds what all reservations of the warehouse hold, also those of orders of other tests. */
static void add_reservations(struct store *store, struct books *books)
{
    char cursor[32] = "0";

    do {
        size_t count;
        store_begin(store);
        store_queue(store, TEXT("stock:main"),
                    (struct text[]){TEXT("SCAN"), text_of(cursor), TEXT("MATCH"), TEXT("{stock:main}:reservation:*"),
                                    TEXT("COUNT"), TEXT("1000")},
                    6);
        cr_assert_eq(store_flush(store), STATUS_OK, "%s", store_problem(store));
        const struct store_value *found = store_element(store_value(store, 0), 1);
        count = store_count(found);
        char(*keys)[KEY_SIZE] = calloc(count + 1, KEY_SIZE);
        snprintf(cursor, sizeof(cursor), "%.*s", TEXT_ARG(store_text(store_element(store_value(store, 0), 0))));
        for (size_t i = 0; i < count; i++)
            snprintf(keys[i], KEY_SIZE, "%.*s", TEXT_ARG(store_text(store_element(found, i))));
        for (size_t i = 0; i < count; i++)
            if (strcmp(hash_field(store, keys[i], "status"), "allocated") == 0)
                add_items(books, hash_field(store, keys[i], "items"));
        free(keys);
    } while (strcmp(cursor, "0") != 0);
}

static void check_order(struct store *store, const char *order_id)
{
    char payment[KEY_SIZE], reservation[KEY_SIZE], shipment[KEY_SIZE], saga[KEY_SIZE];
    char status[STATUS_SIZE], paid[STATUS_SIZE], reserved[STATUS_SIZE], shipped[STATUS_SIZE];
    bool completed;

    snprintf(saga, sizeof(saga), "saga:%s", order_id);
    snprintf(payment, sizeof(payment), "payment:%s", order_id);
    snprintf(reservation, sizeof(reservation), "{stock:main}:reservation:%s", order_id);
    snprintf(shipment, sizeof(shipment), "shipment:%s", order_id);
    snprintf(status, sizeof(status), "%s", hash_field(store, saga, "status"));
    snprintf(paid, sizeof(paid), "%s", hash_field(store, payment, "status"));
    snprintf(reserved, sizeof(reserved), "%s", hash_field(store, reservation, "status"));
    snprintf(shipped, sizeof(shipped), "%s", hash_field(store, shipment, "status"));
    completed = strcmp(status, "completed") == 0;
    cr_expect_eq(strcmp(paid, "captured") == 0, completed, "%s %s: payment %s", order_id, status, paid);
    cr_expect_str_neq(paid, "authorized", "%s %s: payment left open", order_id, status);
    cr_expect_eq(strcmp(reserved, "allocated") == 0, completed, "%s %s: reservation %s", order_id, status, reserved);
    cr_expect_eq(strcmp(shipped, "shipped") == 0, completed, "%s %s: shipment %s", order_id, status, shipped);
    if (completed)
        cr_expect_str_eq(hash_field(store, saga, "total"), hash_field(store, payment, "amount"), "%s", order_id);
}

void assert_balanced(struct store *store, const char *const order_ids[], size_t count)
{
    struct books books = {.count = 0};

    for (size_t i = 0; i < count; i++)
        check_order(store, order_ids[i]);
    add_reservations(store, &books);
    for (size_t i = 0; i < books.count; i++) {
        const char *product = books.products[i].id;
        int64_t left = atoll(hash_field(store, "stock:main", product));
        int64_t supplied = atoll(hash_field(store, "{stock:main}:supplied", product));
        int64_t taken = atoll(hash_field(store, "{stock:main}:taken", product));
        int64_t swept = atoll(hash_field(store, "{stock:main}:swept", product));
        cr_expect_geq(left, 0, "%s", product);
        cr_expect_eq(supplied, left + taken, "%s: %lld supplied, %lld left, %lld taken", product, (long long)supplied,
                     (long long)left, (long long)taken);
        cr_expect_eq(taken, books.products[i].held + swept, "%s: %lld taken, %lld held, %lld swept", product, (long long)taken,
                     (long long)books.products[i].held, (long long)swept);
    }
}
