/* test_catalog_read.c - the catalog of a batch, against a real Redis of its own: what is asked, and how often. */
#include "catalog_read.h"
#include "redis_process.h"

#include <criterion/criterion.h>
#include <stdlib.h>

static struct redis_process *redis;
static struct store *store;
static struct arena *arena;

static void set_up(void)
{
    redis = redis_process_start(NULL);
    arena = arena_create();
    cr_assert_eq(store_open(redis_process_url(redis), 2, NULL, 0, &store), STATUS_OK);
}

static void tear_down(void)
{
    store_close(store);
    arena_destroy(arena);
    redis_process_stop(redis);
}

TestSuite(catalog_read, .init = set_up, .fini = tear_down);

#define IDS(...) (const struct text[]){__VA_ARGS__}, COUNT_OF(((const struct text[]){__VA_ARGS__}))

/* One command, alone. */
static struct text ask(const struct text words[], size_t count)
{
    store_begin(store);
    store_queue(store, TEXT_NONE, words, count);
    cr_assert_eq(store_flush(store), STATUS_OK, "%s", store_problem(store));
    return text_copy(arena, store_text(store_value(store, 0)));
}

static void sell(struct text id, const char *entry)
{
    ask((const struct text[]){TEXT("HSET"), TEXT("catalog"), id, text_of(entry)}, 4);
}

/* How often Redis has been asked by that command since the last CONFIG RESETSTAT. */
static int64_t times_asked(const char *command)
{
    struct text said = ask((const struct text[]){TEXT("INFO"), TEXT("commandstats")}, 2);
    struct text line = text_format(arena, "cmdstat_%s:calls=", command);
    const char *at = memmem(said.at, said.length, line.at, line.length);

    return at == NULL ? 0 : atoll(at + line.length);
}

/* Queues all that is wanted, and forgets what was asked before. */
static void read_catalog(struct catalog_batch *catalog)
{
    ask((const struct text[]){TEXT("CONFIG"), TEXT("RESETSTAT")}, 2);
    store_begin(store);
    catalog_queue(catalog);
    cr_assert_eq(store_flush(store), STATUS_OK, "%s", store_problem(store));
}

Test(catalog_read, many_orders_ask_once_for_each_product)
{
    enum { ORDERS = 500 };
    struct catalog_batch *catalog = catalog_begin(arena, store);
    struct product products[3];

    sell(TEXT("A"), "{\"name\":\"a\",\"unitPrice\":1,\"currency\":\"USD\"}");
    sell(TEXT("B"), "{\"unitPrice\":\"much\",\"currency\":\"USD\"}");
    for (int i = 0; i < ORDERS; i++)
        catalog_want(catalog, IDS(i % 2 == 0 ? TEXT("A") : TEXT("B"), TEXT_NONE, TEXT("NO-SUCH")));
    read_catalog(catalog);
    for (int i = 0; i < ORDERS; i++) {
        cr_assert_eq(catalog_products(catalog, IDS(i % 2 == 0 ? TEXT("A") : TEXT("B"), TEXT_NONE, TEXT("NO-SUCH")), products),
                     STATUS_OK);
        cr_assert_eq(products[0].state, i % 2 == 0 ? PRODUCT_GOOD : PRODUCT_BROKEN);
        cr_assert_eq(products[1].state, PRODUCT_UNKNOWN);
        cr_assert_eq(products[2].state, PRODUCT_UNKNOWN);
    }
    cr_assert_eq(catalog_products(catalog, IDS(TEXT("A")), products), STATUS_OK);
    cr_expect_eq(times_asked("hmget"), 1);
    cr_expect_eq(times_asked("hlen"), 0, "nobody wanted to know");
    cr_expect_eq(products[0].unit_price, 1);
    cr_expect(text_equals(products[0].name, TEXT("a")), "it outlives the reply");
}

Test(catalog_read, one_command_asks_for_so_many_products_and_no_more)
{
    enum { PRODUCTS = 2 * CATALOG_COMMAND_IDS_MAX + 500 };
    struct catalog_batch *catalog = catalog_begin(arena, store);
    struct text ids[PRODUCTS];

    store_begin(store);
    for (int i = 0; i < PRODUCTS; i++) {
        struct text entry = text_format(arena, "{\"unitPrice\":%d,\"currency\":\"USD\"}", i);

        ids[i] = text_format(arena, "P-%d", i);
        store_queue(store, TEXT("catalog"), (const struct text[]){TEXT("HSET"), TEXT("catalog"), ids[i], entry}, 4);
    }
    cr_assert_eq(store_flush(store), STATUS_OK, "%s", store_problem(store));
    for (int i = 0; i < PRODUCTS; i += 100)
        catalog_want(catalog, ids + i, 100);
    read_catalog(catalog);
    for (int i = PRODUCTS - 1; i >= 0; i--) {
        struct product product;

        cr_assert_eq(catalog_products(catalog, &ids[i], 1, &product), STATUS_OK);
        cr_assert_eq(product.unit_price, i);
    }
    cr_expect_eq(times_asked("hmget"), 3);
}

Test(catalog_read, whether_there_is_one_is_asked_once)
{
    for (int i = 0; i < 2; i++) {
        struct catalog_batch *catalog = catalog_begin(arena, store);

        catalog_want_presence(catalog);
        catalog_want_presence(catalog);
        read_catalog(catalog);
        cr_expect_eq(catalog_is_there(catalog), i == 1);
        cr_expect_eq(times_asked("hlen"), 1);
        sell(TEXT("A"), "{}");
    }
}

Test(catalog_read, a_key_that_is_no_hash_is_broken_and_no_catalog)
{
    struct catalog_batch *catalog = catalog_begin(arena, store);
    struct product product;

    ask((const struct text[]){TEXT("SET"), TEXT("catalog"), TEXT("x")}, 3);
    catalog_want(catalog, IDS(TEXT("A")));
    catalog_want_presence(catalog);
    read_catalog(catalog);
    cr_expect_eq(catalog_products(catalog, IDS(TEXT("A")), &product), STATUS_BROKEN);
    cr_expect_not(catalog_is_there(catalog));
}

Test(catalog_read, nothing_wanted_is_nothing_asked)
{
    struct catalog_batch *catalog = catalog_begin(arena, store);

    catalog_want(catalog, IDS(TEXT_NONE));
    read_catalog(catalog);
    cr_expect_eq(times_asked("hmget") + times_asked("hlen"), 0);
}
