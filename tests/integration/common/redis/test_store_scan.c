/* test_store_scan.c - the walk of a cursor against a real Redis. */
#include "store_scan.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define WORDS(...) (const struct text[]){__VA_ARGS__}, COUNT_OF(((const struct text[]){__VA_ARGS__}))
#define MANY 1000 /* more than Redis keeps in a compact list: it gives these in pages */

static struct store *store;
static struct arena *arena;
static char key_bytes[64];
static struct text key;

static void set_up(void)
{
    const char *url = getenv("ORDERLY_TEST_REDIS");

    signal(SIGPIPE, SIG_IGN);
    cr_assert_not_null(url, "ORDERLY_TEST_REDIS must name a Redis that tests may write to, such as redis://127.0.0.1:16379");
    cr_assert_eq(store_open(url, 1, NULL, 0, &store), STATUS_OK);
    arena = arena_create();
    key = (struct text){key_bytes, (size_t)snprintf(key_bytes, sizeof(key_bytes), "test:scan:%d", (int)getpid())};
}

static void ask(const struct text words[], size_t count)
{
    store_begin(store);
    store_queue(store, key, words, count);
    cr_assert_eq(store_flush(store), STATUS_OK);
}

static void tear_down(void)
{
    ask(WORDS(TEXT("DEL"), key));
    store_close(store);
    arena_destroy(arena);
}

TestSuite(store_scan, .init = set_up, .fini = tear_down, .timeout = 60);

static struct text number_text(int64_t number) { return text_format(arena, "n%lld", (long long)number); }

/* Puts MANY members into the key; pair: each with a score or a value, its number. */
static void fill(const char *verb, bool pair, bool score_first)
{
    store_begin(store);
    for (int64_t i = 0; i < MANY; i++) {
        struct text number = text_of_number(arena, i), member = number_text(i);
        if (!pair)
            store_queue(store, key, WORDS(text_of(verb), key, member));
        else if (score_first)
            store_queue(store, key, WORDS(text_of(verb), key, number, member));
        else
            store_queue(store, key, WORDS(text_of(verb), key, member, number));
    }
    cr_assert_eq(store_flush(store), STATUS_OK);
}

/* Walks to the end; every member has to come, with its number behind it when they are pairs. Gives the pages. */
static size_t expect_all(struct store_scan *scan, size_t width)
{
    bool seen[MANY] = {false};
    size_t pages = 0;

    while (!scan->ended) {
        cr_assert_eq(store_scan_next(store, arena, scan), STATUS_OK);
        cr_assert_eq(scan->text_count % width, 0);
        for (size_t i = 0; i < scan->text_count; i += width) {
            int64_t number = -1;
            struct text digits = {scan->texts[i].at + 1, scan->texts[i].length - 1};
            cr_assert(text_to_number(digits, &number) && number >= 0 && number < MANY, "%s", scan->texts[i].at);
            seen[number] = true;
            if (width == 2)
                cr_expect(text_equals(scan->texts[i + 1], digits), "%s", scan->texts[i + 1].at);
        }
        pages++;
    }
    for (size_t i = 0; i < MANY; i++)
        cr_expect(seen[i], "%zu", i);
    return pages;
}

Test(store_scan, walks_through_a_set)
{
    struct store_scan scan = {.verb = "SSCAN", .key = key, .count = 100};

    fill("SADD", false, false);
    cr_expect_gt(expect_all(&scan, 1), 1);
}

Test(store_scan, gives_a_sorted_set_with_its_scores)
{
    struct store_scan scan = {.verb = "ZSCAN", .key = key, .count = 100};

    fill("ZADD", true, true);
    cr_expect_gt(expect_all(&scan, 2), 1);
}

Test(store_scan, gives_a_hash_with_its_values)
{
    struct store_scan scan = {.verb = "HSCAN", .key = key, .count = 100};

    fill("HSET", true, false);
    cr_expect_gt(expect_all(&scan, 2), 1);
}

Test(store_scan, finds_a_key_by_its_pattern_and_nothing_else)
{
    struct store_scan scan = {.verb = "SCAN", .match = key, .count = 1000};
    size_t found = 0;

    ask(WORDS(TEXT("SET"), key, TEXT("x")));
    while (!scan.ended) {
        cr_assert_eq(store_scan_next(store, arena, &scan), STATUS_OK);
        for (size_t i = 0; i < scan.text_count; i++)
            cr_expect(text_equals(scan.texts[i], key), "%s", scan.texts[i].at);
        found += scan.text_count > 0;
    }
    cr_expect_geq(found, 1);
}

Test(store_scan, of_what_is_not_there_one_empty_page_comes)
{
    struct store_scan scan = {.verb = "HSCAN", .key = key, .count = 10};

    cr_assert_eq(store_scan_next(store, arena, &scan), STATUS_OK);
    cr_expect_eq(scan.text_count, 0);
    cr_expect(scan.ended);
}

Test(store_scan, a_page_outlives_the_reply)
{
    struct store_scan scan = {.verb = "SSCAN", .key = key, .count = 10};

    ask(WORDS(TEXT("SADD"), key, TEXT("member")));
    cr_assert_eq(store_scan_next(store, arena, &scan), STATUS_OK);
    store_begin(store);
    cr_expect(text_equals(scan.texts[0], TEXT("member")));
}

Test(store_scan, a_key_of_another_type_ends_the_walk)
{
    struct store_scan scan = {.verb = "ZSCAN", .key = key, .count = 10};

    ask(WORDS(TEXT("SET"), key, TEXT("x")));
    cr_expect_eq(store_scan_next(store, arena, &scan), STATUS_BROKEN);
    cr_expect(text_is_there(store_error(store_value(store, 0))));
    cr_expect(scan.ended);
    cr_expect_eq(scan.text_count, 0);
}

Test(store_scan, without_redis_the_walk_stands_where_it_stood)
{
    struct store_scan scan = {.verb = "SSCAN", .key = key, .count = 100};
    struct store *away = NULL;
    struct text before;

    fill("SADD", false, false);
    cr_assert_eq(store_scan_next(store, arena, &scan), STATUS_OK);
    before = text_copy(arena, text_of(scan.cursor));
    cr_assert_eq(store_open("unix:///nowhere/redis.sock", 1, NULL, 0, &away), STATUS_OK);
    cr_expect_eq(store_scan_next(away, arena, &scan), STATUS_UNAVAILABLE);
    cr_expect(text_equals(text_of(scan.cursor), before));
    cr_expect_not(scan.ended);
    store_close(away);
}
