/* test_store_items.c - calls of scripts that take many, against a real Redis: the shared one at ORDERLY_TEST_REDIS, and ones of
 * its own to fill and to make forget. */
#include "store.h"
#include "support/redis_process.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define WORDS(...) (const struct text[]){__VA_ARGS__}, COUNT_OF(((const struct text[]){__VA_ARGS__}))

/* Appends its first argument to a list; answers {length, keys of the call, argument, number of arguments}. */
static const struct store_script append_script = {
    .name = "append",
    .source = "return each(1, function(k, a, n)\n"
              "    return {redis.call('RPUSH', KEYS[k + 1], ARGV[a + 1]), #KEYS, ARGV[a + 1], n}\n"
              "end)\n",
    .takes_many = true};
/* Moves the first of one list to the end of another. */
static const struct store_script move_script = {
    .name = "move",
    .source = "return each(2, function(k) return redis.call('RPOPLPUSH', KEYS[k + 1], KEYS[k + 2]) end)\n",
    .takes_many = true};
/* Stores its argument once; then gives what is stored, without a write. */
static const struct store_script once_script = {.name = "once",
                                                .source = "return each(1, function(k, a)\n"
                                                          "    local stored = redis.call('GET', KEYS[k + 1])\n"
                                                          "    if stored then return {ok = stored} end\n"
                                                          "    redis.call('SET', KEYS[k + 1], ARGV[a + 1])\n"
                                                          "    return ARGV[a + 1]\n"
                                                          "end)\n",
                                                .takes_many = true};
/* Answers with an error, a mistake, nothing, or what it is given; but first it counts. */
static const struct store_script contrary_script = {
    .name = "contrary",
    .source = "return each(1, function(k, a)\n"
              "    local word = ARGV[a + 1]\n"
              "    redis.call('INCR', KEYS[k + 1])\n"
              "    if word == 'nothing' then return end\n"
              "    if word == 'false' then return false end\n"
              "    if word == 'raise' then error('raised') end\n"
              "    if word == 'raise a table' then error({}) end\n"
              "    if word == 'mistake' then return word.x.y end\n"
              "    if word == 'no such command' then return redis.call('NOSUCHCOMMAND') end\n"
              "    if string.sub(word, 1, 6) == 'error ' then return redis.error_reply(string.sub(word, 7)) end\n"
              "    return word\n"
              "end)\n",
    .takes_many = true};
static const struct store_script count_script = {.name = "count", .source = "return redis.call('LLEN', KEYS[1])"};
static const struct store_script *const scripts[] = {&append_script, &move_script, &once_script, &contrary_script, &count_script};

static char prefix[64]; /* of this test's keys in the shared Redis */

static void set_up(void)
{
    signal(SIGPIPE, SIG_IGN);
    snprintf(prefix, sizeof(prefix), "test:items:%d:", (int)getpid());
}

TestSuite(store_items, .init = set_up, .timeout = 60);

static struct store *open_store(const char *url, size_t connections)
{
    struct store *store = NULL;

    cr_assert_not_null(url, "ORDERLY_TEST_REDIS must name a Redis that tests may write to, such as redis://127.0.0.1:16379");
    cr_assert_eq(store_open(url, connections, scripts, COUNT_OF(scripts), &store), STATUS_OK);
    return store;
}

static struct store *open_shared(size_t connections) { return open_store(getenv("ORDERLY_TEST_REDIS"), connections); }

/* A key of this test, in memory that lives as long as it. */
static struct text key(const char *name)
{
    static char keys[16][128];
    static size_t next;
    char *at = keys[next++ % COUNT_OF(keys)];

    return (struct text){at, (size_t)snprintf(at, sizeof(keys[0]), "%s%s", prefix, name)};
}

/* One command, alone; it must be answered. */
static const struct store_value *run(struct store *store, const struct text words[], size_t count)
{
    size_t number;

    store_begin(store);
    number = store_queue(store, count > 1 ? words[1] : TEXT_NONE, words, count);
    cr_assert_eq(store_flush(store), STATUS_OK, "%s", store_problem(store));
    return store_value(store, number);
}

static size_t append(struct store *store, struct text key, struct text word)
{
    return store_call_item(store, &append_script, &key, 1, &word, 1);
}

/* Part of what an append answers. */
static int64_t number_in(const struct store *store, size_t item, size_t index)
{
    const struct store_value *value = store_value(store, item);

    cr_assert_eq(store_count(value), 4, "item %zu: %.*s", item, TEXT_ARG(store_error(value)));
    return store_number(store_element(value, index));
}

#define LENGTH_IN(store, item) number_in(store, item, 0)
#define KEYS_IN(store, item) number_in(store, item, 1)

static void flush(struct store *store) { cr_assert_eq(store_flush(store), STATUS_OK, "%s", store_problem(store)); }

/* ---- many in one call ---- */

Test(store_items, a_call_takes_so_many_and_each_has_its_answer)
{
    enum { ITEMS = STORE_CALL_ITEMS_MAX * 2 + 10 };
    CLEANUP(store_close) struct store *store = open_shared(1);
    const struct text list = key("list");
    char digits[ITEMS][16];

    store_begin(store);
    for (size_t i = 0; i < ITEMS; i++) {
        snprintf(digits[i], sizeof(digits[i]), "%zu", i);
        cr_assert_eq(append(store, list, text_of(digits[i])), i);
    }
    flush(store);
    for (size_t i = 0; i < ITEMS; i++) {
        cr_expect_eq(LENGTH_IN(store, i), (int64_t)i + 1);
        cr_expect_eq(KEYS_IN(store, i), i < ITEMS - 10 ? STORE_CALL_ITEMS_MAX : 10, "item %zu", i);
        cr_expect(text_equals(store_text(store_element(store_value(store, i), 2)), text_of(digits[i])));
    }
    run(store, WORDS(TEXT("DEL"), list));
}

Test(store_items, a_call_takes_so_many_bytes_and_a_larger_item_goes_alone)
{
    enum { SIZE = STORE_CALL_BYTES_MAX / 4 };
    CLEANUP(store_close) struct store *store = open_shared(1);
    const struct text list = key("list");
    char *bytes = calloc(STORE_CALL_BYTES_MAX + 1, 1);

    store_begin(store);
    for (size_t i = 0; i < 6; i++)
        append(store, list, (struct text){bytes, SIZE});
    append(store, list, (struct text){bytes, STORE_CALL_BYTES_MAX + 1});
    append(store, list, TEXT("small"));
    append(store, list, TEXT("small"));
    flush(store);
    for (size_t i = 0; i < 9; i++) {
        cr_expect_eq(LENGTH_IN(store, i), (int64_t)i + 1);
        cr_expect_eq(KEYS_IN(store, i), i < 4 ? 4 : i == 6 ? 1 : 2, "item %zu", i);
    }
    run(store, WORDS(TEXT("DEL"), list));
    free(bytes);
}

Test(store_items, items_have_any_number_of_arguments_and_bytes_of_any_kind)
{
    CLEANUP(store_close) struct store *store = open_shared(1);
    const struct text list = key("list");

    store_begin(store);
    store_call_item(store, &append_script, &list, 1, WORDS(TEXT("a\0\r\nb"), TEXT("2"), TEXT("")));
    store_call_item(store, &append_script, &list, 1, WORDS(TEXT("")));
    store_call_item(store, &append_script, &list, 1, WORDS(TEXT("c"), TEXT("x")));
    flush(store);
    cr_expect(text_equals(store_text(store_element(store_value(store, 0), 2)), TEXT("a\0\r\nb")));
    cr_expect_eq(number_in(store, 0, 3), 3);
    cr_expect(text_equals(store_text(store_element(store_value(store, 1), 2)), TEXT("")));
    cr_expect(text_equals(store_text(store_element(store_value(store, 2), 2)), TEXT("c")));
    cr_expect_eq(number_in(store, 2, 3), 2);
    cr_expect_eq(KEYS_IN(store, 2), 3);
    run(store, WORDS(TEXT("DEL"), list));
}

Test(store_items, an_item_may_have_several_keys_and_no_arguments)
{
    CLEANUP(store_close) struct store *store = open_shared(1);
    const struct text from = key("from"), to = key("to");

    run(store, WORDS(TEXT("RPUSH"), from, TEXT("a"), TEXT("b")));
    store_begin(store);
    for (size_t i = 0; i < 3; i++)
        store_call_item(store, &move_script, (const struct text[]){from, to}, 2, NULL, 0);
    flush(store);
    cr_expect(text_equals(store_text(store_value(store, 0)), TEXT("b")));
    cr_expect(text_equals(store_text(store_value(store, 1)), TEXT("a")));
    cr_expect_not(text_is_there(store_text(store_value(store, 2))), "there is nothing left");
    run(store, WORDS(TEXT("DEL"), from, to));
}

/* ---- order ---- */

Test(store_items, other_commands_and_scripts_keep_their_place_among_the_items)
{
    CLEANUP(store_close) struct store *store = open_shared(1);
    const struct text list = key("list"), to = key("to");
    size_t plain, called, last;

    store_begin(store);
    append(store, list, TEXT("a"));
    append(store, list, TEXT("b"));
    plain = store_queue(store, list, WORDS(TEXT("LLEN"), list));
    append(store, list, TEXT("c"));
    called = store_call(store, &count_script, 1, WORDS(list));
    append(store, list, TEXT("d"));
    store_call_item(store, &move_script, (const struct text[]){list, to}, 2, NULL, 0);
    last = append(store, list, TEXT("e"));
    flush(store);
    cr_expect_eq(store_number(store_value(store, plain)), 2);
    cr_expect_eq(store_number(store_value(store, called)), 3);
    cr_expect(text_equals(store_text(store_value(store, 6)), TEXT("d")));
    cr_expect_eq(LENGTH_IN(store, last), 4);
    cr_expect_eq(KEYS_IN(store, 0), 2);
    cr_expect_eq(KEYS_IN(store, last), 1);
    run(store, WORDS(TEXT("DEL"), list, to));
}

Test(store_items, items_of_one_key_keep_their_order_over_all_connections)
{
    enum { LISTS = 40, ROUNDS = 30 };
    CLEANUP(store_close) struct store *store = open_shared(STORE_CONNECTIONS);
    char names[LISTS][128];

    for (size_t i = 0; i < LISTS; i++)
        snprintf(names[i], sizeof(names[i]), "%slist:%zu", prefix, i);
    store_begin(store);
    for (size_t round = 0; round < ROUNDS; round++)
        for (size_t i = 0; i < LISTS; i++)
            if ((round * i) % 7 == 3)
                store_queue(store, text_of(names[i]), WORDS(TEXT("RPUSH"), text_of(names[i]), TEXT("plain")));
            else
                append(store, text_of(names[i]), TEXT("item"));
    flush(store);
    for (size_t round = 0; round < ROUNDS; round++)
        for (size_t i = 0; i < LISTS; i++) {
            const struct store_value *value = store_value(store, round * LISTS + i);

            cr_expect_eq(store_number(store_count(value) > 0 ? store_element(value, 0) : value), (int64_t)round + 1);
        }
    for (size_t i = 0; i < LISTS; i++)
        run(store, WORDS(TEXT("DEL"), text_of(names[i])));
}

Test(store_items, the_numbers_go_on_over_several_flushes)
{
    CLEANUP(store_close) struct store *store = open_shared(2);
    const struct text list = key("list");

    store_begin(store);
    append(store, list, TEXT("a"));
    flush(store);
    cr_expect_eq(append(store, list, TEXT("b")), 1, "what is sent can't be added to");
    cr_expect_eq(append(store, list, TEXT("c")), 2);
    flush(store);
    cr_expect_eq(LENGTH_IN(store, 0), 1);
    cr_expect_eq(LENGTH_IN(store, 2), 3);
    append(store, list, TEXT("d"));
    store_begin(store);
    append(store, list, TEXT("e"));
    flush(store);
    cr_expect_eq(LENGTH_IN(store, 0), 4, "begin forgets the open call");
    cr_expect_eq(KEYS_IN(store, 0), 1);
    run(store, WORDS(TEXT("DEL"), list));
}

/* ---- errors ---- */

Test(store_items, a_key_of_the_wrong_type_leaves_the_other_items_alone)
{
    CLEANUP(store_close) struct store *store = open_shared(1);
    const struct text list = key("list"), text = key("text");

    run(store, WORDS(TEXT("SET"), text, TEXT("x")));
    store_begin(store);
    append(store, text, TEXT("a"));
    append(store, list, TEXT("a"));
    append(store, text, TEXT("b"));
    append(store, list, TEXT("b"));
    flush(store);
    cr_expect(text_begins(store_error(store_value(store, 0)), TEXT("WRONGTYPE ")));
    cr_expect_eq(LENGTH_IN(store, 1), 1);
    cr_expect(text_begins(store_error(store_value(store, 2)), TEXT("WRONGTYPE ")));
    cr_expect_eq(LENGTH_IN(store, 3), 2);
    cr_expect_eq(KEYS_IN(store, 3), 4, "all in one call");
    run(store, WORDS(TEXT("DEL"), list, text));
}

static size_t contrary(struct store *store, struct text key, const char *word)
{
    return store_call_item(store, &contrary_script, &key, 1, (struct text[]){text_of(word)}, 1);
}

Test(store_items, only_a_key_of_the_wrong_type_is_an_items_own_fault)
{
    static const struct {
        const char *word;
        enum status status;
    } cases[] = {
        {"error WRONGTYPE it makes no sense", STATUS_OK},
        {"nothing", STATUS_OK},
        {"false", STATUS_OK},
        {"error OOM command not allowed when used memory > 'maxmemory'.", STATUS_UNAVAILABLE},
        {"error ERR the WRONGTYPE", STATUS_UNAVAILABLE},
        {"raise", STATUS_UNAVAILABLE},
        {"raise a table", STATUS_UNAVAILABLE},
        {"mistake", STATUS_UNAVAILABLE},
        {"no such command", STATUS_UNAVAILABLE},
    };
    CLEANUP(store_close) struct store *store = open_shared(1);
    const struct text count = key("count");

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        run(store, WORDS(TEXT("DEL"), count));
        store_begin(store);
        contrary(store, count, "before");
        contrary(store, count, cases[i].word);
        contrary(store, count, "behind");
        cr_expect_eq(store_flush(store), cases[i].status, "%s", cases[i].word);
        if (cases[i].status == STATUS_OK) {
            cr_expect(text_equals(store_text(store_value(store, 0)), TEXT("before")));
            cr_expect_not(text_is_there(store_text(store_value(store, 1))), "%s", cases[i].word);
            cr_expect_eq(text_is_there(store_error(store_value(store, 1))), i == 0, "%s", cases[i].word);
            cr_expect(text_equals(store_text(store_value(store, 2)), TEXT("behind")), "%s left no hole", cases[i].word);
        }
        cr_expect(text_equals(store_text(run(store, WORDS(TEXT("GET"), count))), TEXT("3")), "%s: the others were done",
                  cases[i].word);
    }
    run(store, WORDS(TEXT("DEL"), count));
}

Test(store_items, a_script_that_answers_for_too_few_is_no_answer)
{
    static const struct store_script few = {.name = "few", .source = "return {'one'}", .takes_many = true};
    static const struct store_script wrong = {
        .name = "wrong", .source = "return redis.error_reply('WRONGTYPE')", .takes_many = true};
    static const struct store_script *const loaded[] = {&few, &wrong};
    CLEANUP(store_close) struct store *store = NULL;
    const struct text list = key("list");

    cr_assert_eq(store_open(getenv("ORDERLY_TEST_REDIS"), 1, loaded, COUNT_OF(loaded), &store), STATUS_OK);
    store_begin(store);
    store_call_item(store, &few, &list, 1, NULL, 0);
    store_call_item(store, &few, &list, 1, NULL, 0);
    cr_expect_eq(store_flush(store), STATUS_UNAVAILABLE);
    cr_expect(text_begins(text_of(store_problem(store)), TEXT("a script that takes many")), "%s", store_problem(store));
    store_begin(store);
    store_call_item(store, &wrong, &list, 1, NULL, 0);
    cr_expect_eq(store_flush(store), STATUS_UNAVAILABLE, "no error of a whole call is an item's own");
}

/* Redis refuses the first write of a script that starts when it is full: the items before it have only read. */
Test(store_items, a_redis_that_is_full_in_the_middle_is_unavailable_until_there_is_room)
{
    CLEANUP(redis_process_stop) struct redis_process *redis = redis_process_start(NULL);
    CLEANUP(store_close) struct store *store = open_store(redis_process_url(redis), STORE_CONNECTIONS);
    const struct text keys[] = {TEXT("{x}a"), TEXT("{x}b"), TEXT("{x}a")};

    run(store, WORDS(TEXT("SET"), keys[0], TEXT("first")));
    run(store, WORDS(TEXT("CONFIG"), TEXT("SET"), TEXT("maxmemory"), TEXT("1")));
    for (int i = 0; i < 2; i++) {
        store_begin(store);
        for (size_t item = 0; item < COUNT_OF(keys); item++)
            store_call_item(store, &once_script, &keys[item], 1, &TEXT("second"), 1);
        if (i == 0) {
            cr_expect_eq(store_flush(store), STATUS_UNAVAILABLE);
            cr_expect_not_null(strstr(store_problem(store), "OOM"), "%s", store_problem(store));
            run(store, WORDS(TEXT("CONFIG"), TEXT("SET"), TEXT("maxmemory"), TEXT("0")));
        }
    }
    flush(store);
    cr_expect(store_is_status(store_value(store, 0)) && store_is_status(store_value(store, 2)));
    cr_expect(text_equals(store_text(store_value(store, 0)), TEXT("first")));
    cr_expect_not(store_is_status(store_value(store, 1)));
    cr_expect(text_equals(store_text(store_value(store, 1)), TEXT("second")));
}

Test(store_items, scripts_that_redis_has_lost_are_loaded_again)
{
    CLEANUP(redis_process_stop) struct redis_process *redis = redis_process_start(NULL);
    CLEANUP(store_close) struct store *store = open_store(redis_process_url(redis), STORE_CONNECTIONS);

    store_begin(store);
    append(store, TEXT("list"), TEXT("a"));
    flush(store);
    run(store, WORDS(TEXT("SCRIPT"), TEXT("FLUSH")));
    store_begin(store);
    append(store, TEXT("list"), TEXT("b"));
    append(store, TEXT("list"), TEXT("c"));
    cr_expect_eq(store_flush(store), STATUS_UNAVAILABLE);
    cr_expect_not_null(strstr(store_problem(store), "NOSCRIPT"), "%s", store_problem(store));
    store_begin(store);
    append(store, TEXT("list"), TEXT("b"));
    append(store, TEXT("list"), TEXT("c"));
    flush(store);
    cr_expect_eq(LENGTH_IN(store, 1), 3);
}

/* A cluster of one node takes the whole batch at the second try: each call is then about one slot. */
Test(store_items, where_calls_may_not_span_slots_they_are_split)
{
    static const char *const options[] = {"--cluster-enabled", "yes", NULL};
    static const char *const names[] = {"a", "b", "{b}c", "a", "d"};
    CLEANUP(redis_process_stop) struct redis_process *redis = redis_process_start(options);
    CLEANUP(store_close) struct store *store = open_store(redis_process_url(redis), 1);

    run(store, WORDS(TEXT("CLUSTER"), TEXT("ADDSLOTSRANGE"), TEXT("0"), TEXT("16383")));
    while (memmem(store_text(run(store, WORDS(TEXT("CLUSTER"), TEXT("INFO")))).at, 16, "cluster_state:ok", 16) == NULL)
        ;
    for (int try = 0; try < 2; try++) {
        store_begin(store);
        for (size_t i = 0; i < COUNT_OF(names); i++)
            append(store, text_of(names[i]), TEXT("x"));
        if (try == 0) {
            cr_expect_eq(store_flush(store), STATUS_UNAVAILABLE);
            cr_expect_not_null(strstr(store_problem(store), "CROSSSLOT"), "%s", store_problem(store));
        }
    }
    flush(store);
    cr_expect_eq(KEYS_IN(store, 0), 1);
    cr_expect_eq(KEYS_IN(store, 1), 2);
    cr_expect_eq(KEYS_IN(store, 2), 2);
    cr_expect_eq(LENGTH_IN(store, 3), 2);
    cr_expect_eq(LENGTH_IN(store, 4), 1);
}
