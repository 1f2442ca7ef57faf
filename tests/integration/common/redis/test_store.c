/* test_store.c - store.c against a real Redis: the shared one at ORDERLY_TEST_REDIS, and ones of its own to kill, freeze and
 * fill. */
#include "clock.h"
#include "store.h"
#include "support/redis_process.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define URL_SIZE 1200
#define WORDS(...) (const struct text[]){__VA_ARGS__}, COUNT_OF(((const struct text[]){__VA_ARGS__}))

static const struct store_script append_script = {
    .name = "append", .source = "redis.call('RPUSH', KEYS[1], ARGV[1]) return {redis.call('LLEN', KEYS[1]), ARGV[1]}"};
static const struct store_script add_script = {.name = "add", .source = "return redis.call('INCRBY', KEYS[1], ARGV[1])"};
static const struct store_script *const scripts[] = {&append_script, &add_script};

static char prefix[64]; /* of this test's keys in the shared Redis */

static void set_up(void)
{
    signal(SIGPIPE, SIG_IGN);
    snprintf(prefix, sizeof(prefix), "test:store:%d:", (int)getpid());
}

TestSuite(store, .init = set_up, .timeout = 60);

static const char *shared_url(void)
{
    const char *url = getenv("ORDERLY_TEST_REDIS");

    cr_assert_not_null(url, "ORDERLY_TEST_REDIS must name a Redis that tests may write to, such as redis://127.0.0.1:16379");
    return url;
}

static struct store *open_store(const char *url, size_t connections)
{
    struct store *store = NULL;

    cr_assert_eq(store_open(url, connections, scripts, COUNT_OF(scripts), &store), STATUS_OK);
    return store;
}

/* A key of this test, in memory that lives as long as it. */
static struct text key(const char *name)
{
    static char keys[8][128];
    static size_t next;
    char *at = keys[next++ % COUNT_OF(keys)];

    return (struct text){at, (size_t)snprintf(at, sizeof(keys[0]), "%s%s", prefix, name)};
}

static int64_t now_ms(void) { return clock_steady_ms(); }

/* One command, alone; it must be answered. */
static const struct store_value *run(struct store *store, const struct text words[], size_t count)
{
    size_t number;

    store_begin(store);
    number = store_queue(store, count > 1 ? words[1] : TEXT_NONE, words, count);
    cr_assert_eq(store_flush(store), STATUS_OK, "%s", store_problem(store));
    return store_value(store, number);
}

/* The same, where Redis is expected not to serve. */
static enum status try(struct store *store, const struct text words[], size_t count)
{
    store_begin(store);
    store_queue(store, count > 1 ? words[1] : TEXT_NONE, words, count);
    return store_flush(store);
}

static bool says(struct text text, const char *part)
{
    return text_is_there(text) && memmem(text.at, text.length, part, strlen(part)) != NULL;
}

/* ---- replies ---- */

Test(store, every_kind_of_reply_is_read)
{
    CLEANUP(store_close) struct store *store = open_store(shared_url(), 1);
    const struct store_value *value;

    value = run(store, WORDS(TEXT("SET"), key("a"), TEXT("one")));
    cr_expect(text_equals(store_text(value), TEXT("OK")), "a status is a text");
    cr_expect(store_is_status(value));
    value = run(store, WORDS(TEXT("GET"), key("a")));
    cr_expect(text_equals(store_text(value), TEXT("one")));
    cr_expect_eq(store_number(value), 0, "a text is no number");
    cr_expect_eq(store_count(value), 0, "a text has no elements");
    cr_expect_not(text_is_there(store_error(value)));
    value = run(store, WORDS(TEXT("GET"), key("nothing")));
    cr_expect_not(text_is_there(store_text(value)), "nil is no text");
    value = run(store, WORDS(TEXT("SET"), key("empty"), TEXT("")));
    value = run(store, WORDS(TEXT("GET"), key("empty")));
    cr_expect(text_is_there(store_text(value)) && store_text(value).length == 0, "an empty text is not nil");
    value = run(store, WORDS(TEXT("INCRBY"), key("n"), TEXT("9007199254740993")));
    cr_expect_eq(store_number(value), INT64_C(9007199254740993));
    value = run(store, WORDS(TEXT("MGET"), key("a"), key("nothing"), key("n")));
    cr_assert_eq(store_count(value), 3);
    cr_expect(text_equals(store_text(store_element(value, 0)), TEXT("one")));
    cr_expect_not(text_is_there(store_text(store_element(value, 1))));
    cr_expect(text_equals(store_text(store_element(value, 2)), TEXT("9007199254740993")));
    run(store, WORDS(TEXT("DEL"), key("a"), key("empty"), key("n")));
}

Test(store, an_error_of_the_command_itself_is_its_own_reply)
{
    CLEANUP(store_close) struct store *store = open_store(shared_url(), STORE_CONNECTIONS);

    store_begin(store);
    store_queue(store, key("text"), WORDS(TEXT("SET"), key("text"), TEXT("x")));
    store_queue(store, key("text"), WORDS(TEXT("HGET"), key("text"), TEXT("field")));
    store_call(store, &append_script, 1, WORDS(key("text"), TEXT("more")));
    store_queue(store, key("text"), WORDS(TEXT("DEL"), key("text")));
    cr_assert_eq(store_flush(store), STATUS_OK, "%s", store_problem(store));
    cr_expect(text_begins(store_error(store_value(store, 1)), TEXT("WRONGTYPE")));
    cr_expect_not(text_is_there(store_text(store_value(store, 1))), "an error is no text");
    cr_expect(says(store_error(store_value(store, 2)), "WRONGTYPE"), "also when a script has met it");
    cr_expect_eq(store_number(store_value(store, 3)), 1, "the commands behind them were done");
}

/* Answers with the error it is given. */
static const struct store_script complain_script = {.name = "complain", .source = "return redis.error_reply(ARGV[1])"};

#define IN_SCRIPT "ERR Error running script (call to f_0123456789abcdef0123456789abcdef01234567): @user_script:5: " /* Redis 6 */

/* What is wrong with a key is its own, and waiting does not help. All else may be over in a moment, and must lose nothing. */
Test(store, only_a_key_of_the_wrong_type_is_the_commands_own_fault)
{
    static const struct {
        const char *error;
        enum status status;
    } cases[] = {
        {"WRONGTYPE Operation against a key holding the wrong kind of value", STATUS_OK},
        {"WRONGTYPE Operation against a key holding the wrong kind of value script: 0123, on @user_script:5.", STATUS_OK}, /* 7 */
        {IN_SCRIPT "WRONGTYPE Operation against a key holding the wrong kind of value", STATUS_OK},
        {IN_SCRIPT "OOM command not allowed when used memory > 'maxmemory'.", STATUS_UNAVAILABLE},
        {IN_SCRIPT "-READONLY You can't write against a read only replica.", STATUS_UNAVAILABLE},
        {IN_SCRIPT "attempt to index global 'WRONGTYPE' (a nil value)", STATUS_UNAVAILABLE},
        {"ERR wrong number of arguments for 'hset' command script: 0123, on @user_script:5.", STATUS_UNAVAILABLE},
        {"OOM command not allowed when used memory > 'maxmemory'. script: 0123, on @user_script:5.", STATUS_UNAVAILABLE},
        {"ERR upstream failure", STATUS_UNAVAILABLE},
        {"upstream failure", STATUS_UNAVAILABLE},
        {"CROSSSLOT Keys in request don't hash to the same slot", STATUS_UNAVAILABLE},
        {"ERR the WRONGTYPE", STATUS_UNAVAILABLE},
        {"WRONGTYPES", STATUS_UNAVAILABLE},
        {"EXECABORT Transaction discarded because of previous errors.", STATUS_UNAVAILABLE},
    };
    static const struct store_script *const complaining[] = {&complain_script};
    CLEANUP(store_close) struct store *store = NULL;

    cr_assert_eq(store_open(shared_url(), STORE_CONNECTIONS, complaining, 1, &store), STATUS_OK);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        store_begin(store);
        store_call(store, &complain_script, 0, WORDS(text_of(cases[i].error)));
        cr_expect_eq(store_flush(store), cases[i].status, "%s", cases[i].error);
        if (cases[i].status != STATUS_OK)
            cr_expect(says(text_of(store_problem(store)), cases[i].error), "%s", store_problem(store));
    }
    cr_expect_eq(try(store, WORDS(TEXT("NOSUCHCOMMAND"), key("text"))), STATUS_UNAVAILABLE);
    cr_expect(says(text_of(store_problem(store)), "unknown command"), "%s", store_problem(store));
}

Test(store, bytes_of_any_kind_come_back_as_they_were)
{
    CLEANUP(store_close) struct store *store = open_store(shared_url(), 1);
    char bytes[256];

    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (char)i;
    run(store, WORDS(TEXT("SET"), key("bytes"), {bytes, sizeof(bytes)}));
    cr_expect(text_equals(store_text(run(store, WORDS(TEXT("GET"), key("bytes")))), (struct text){bytes, sizeof(bytes)}));
    run(store, WORDS(TEXT("DEL"), key("bytes")));
}

Test(store, values_of_two_megabytes_go_both_ways)
{
    enum { SIZE = 2 * 1024 * 1024, COUNT = 12 };
    CLEANUP(store_close) struct store *store = open_store(shared_url(), STORE_CONNECTIONS);
    char *bytes = malloc(SIZE), name[COUNT][128];

    for (size_t i = 0; i < SIZE; i++)
        bytes[i] = (char)(i * 2654435761U >> 16);
    store_begin(store);
    for (size_t i = 0; i < COUNT; i++) {
        snprintf(name[i], sizeof(name[i]), "%sbig:%zu", prefix, i);
        bytes[0] = (char)i;
        store_queue(store, text_of(name[i]), WORDS(TEXT("SET"), text_of(name[i]), {bytes, SIZE}));
        store_queue(store, text_of(name[i]), WORDS(TEXT("GET"), text_of(name[i])));
        store_queue(store, text_of(name[i]), WORDS(TEXT("DEL"), text_of(name[i])));
    }
    cr_assert_eq(store_flush(store), STATUS_OK, "%s", store_problem(store));
    for (size_t i = 0; i < COUNT; i++) {
        bytes[0] = (char)i;
        cr_expect(text_equals(store_text(store_value(store, i * 3 + 1)), (struct text){bytes, SIZE}), "value %zu", i);
    }
    free(bytes);
}

/* ---- pipelines ---- */

Test(store, thousands_of_commands_keep_their_order_for_each_key)
{
    enum { KEYS = 50, ROUNDS = 200 };
    CLEANUP(store_close) struct store *store = open_store(shared_url(), STORE_CONNECTIONS);
    char name[128], digits[16];

    store_begin(store);
    for (size_t round = 0; round < ROUNDS; round++)
        for (size_t i = 0; i < KEYS; i++) {
            snprintf(name, sizeof(name), "%slist:%zu", prefix, i);
            snprintf(digits, sizeof(digits), "%zu", round);
            cr_assert_eq(store_queue(store, text_of(name), WORDS(TEXT("RPUSH"), text_of(name), text_of(digits))),
                         round * KEYS + i);
        }
    cr_assert_eq(store_flush(store), STATUS_OK, "%s", store_problem(store));
    for (size_t i = 0; i < KEYS * ROUNDS; i++)
        cr_assert_eq(store_number(store_value(store, i)), (int64_t)(i / KEYS) + 1, "reply %zu", i);
    for (size_t i = 0; i < KEYS; i++) {
        const struct store_value *list;

        snprintf(name, sizeof(name), "%slist:%zu", prefix, i);
        list = run(store, WORDS(TEXT("LRANGE"), text_of(name), TEXT("0"), TEXT("-1")));
        cr_assert_eq(store_count(list), ROUNDS);
        for (size_t round = 0; round < ROUNDS; round++) {
            snprintf(digits, sizeof(digits), "%zu", round);
            cr_assert(text_equals(store_text(store_element(list, round)), text_of(digits)), "%s[%zu]", name, round);
        }
        run(store, WORDS(TEXT("DEL"), text_of(name)));
    }
}

/* The connection that a route goes down, as Redis numbers it. */
static int64_t connection_of(struct store *store, struct text route)
{
    size_t number;

    store_begin(store);
    number = store_queue(store, route, WORDS(TEXT("CLIENT"), TEXT("ID")));
    cr_assert_eq(store_flush(store), STATUS_OK, "%s", store_problem(store));
    return store_number(store_value(store, number));
}

Test(store, keys_of_one_slot_go_down_one_connection)
{
    static const char *const pairs[][2] = {
        {"saga:ORD-1", "{saga:ORD-1}:history"},
        {"stock:main", "{stock:main}:taken"},
        {"stock:main", "{stock:main}:reservation:ORD-7"},
        {"a", "x{a}y{b}"},
        {"{a", "{a"},
        {"{", "{{}"},
        {"saga:ORD-2", "{saga:ORD-2}:history"},
        {"saga:ORD-3", "{saga:ORD-3}:history"},
        {"saga:ORD-4", "{saga:ORD-4}:history"},
    };
    CLEANUP(store_close) struct store *store = open_store(shared_url(), STORE_CONNECTIONS);

    for (size_t i = 0; i < COUNT_OF(pairs); i++)
        cr_expect_eq(connection_of(store, text_of(pairs[i][0])), connection_of(store, text_of(pairs[i][1])), "%s %s", pairs[i][0],
                     pairs[i][1]);
}

Test(store, the_orders_are_spread_over_all_connections)
{
    CLEANUP(store_close) struct store *store = open_store(shared_url(), STORE_CONNECTIONS);
    int64_t seen[STORE_CONNECTIONS] = {0};
    int shares[STORE_CONNECTIONS] = {0};

    for (int i = 0; i < 400; i++) {
        char name[32];
        size_t place = 0;
        int64_t connection;

        snprintf(name, sizeof(name), "saga:ORD-%d", i);
        connection = connection_of(store, text_of(name));
        while (place < STORE_CONNECTIONS && seen[place] != 0 && seen[place] != connection)
            place++;
        cr_assert_lt(place, STORE_CONNECTIONS, "more connections than asked for");
        seen[place] = connection;
        shares[place]++;
    }
    for (size_t i = 0; i < STORE_CONNECTIONS; i++)
        cr_expect_gt(shares[i], 50, "connection %zu has %d of 400", i, shares[i]);
}

Test(store, without_a_begin_the_numbers_go_on)
{
    CLEANUP(store_close) struct store *store = open_store(shared_url(), 2);

    store_begin(store);
    cr_expect_eq(store_flush(store), STATUS_OK, "nothing queued, nothing done");
    cr_expect_eq(store_queue(store, TEXT("a"), WORDS(TEXT("ECHO"), TEXT("first"))), 0);
    cr_expect_eq(store_flush(store), STATUS_OK);
    cr_expect_eq(store_queue(store, TEXT("b"), WORDS(TEXT("ECHO"), TEXT("second"))), 1);
    cr_expect_eq(store_flush(store), STATUS_OK);
    cr_expect_eq(store_flush(store), STATUS_OK, "nothing new");
    cr_expect(text_equals(store_text(store_value(store, 0)), TEXT("first")));
    cr_expect(text_equals(store_text(store_value(store, 1)), TEXT("second")));
    store_queue(store, TEXT("a"), WORDS(TEXT("SET"), key("forgotten"), TEXT("x")));
    store_begin(store);
    cr_expect_eq(store_number(run(store, WORDS(TEXT("EXISTS"), key("forgotten")))), 0, "begin forgets what was queued");
}

Test(store, a_queue_for_nobody_yet_needs_no_connection)
{
    CLEANUP(store_close) struct store *store = open_store("redis://127.0.0.1:1", STORE_CONNECTIONS);

    store_begin(store);
    store_call(store, &add_script, 1, WORDS(TEXT("n"), TEXT("1")));
    cr_expect_eq(store_flush(store), STATUS_UNAVAILABLE);
    cr_expect_str_eq(store_problem(store), "127.0.0.1:1: Connection refused");
    cr_expect_eq(store_ping(store), STATUS_UNAVAILABLE);
}

/* ---- scripts ---- */

Test(store, scripts_are_called_by_what_was_learned_at_the_connect)
{
    CLEANUP(store_close) struct store *store = open_store(shared_url(), STORE_CONNECTIONS);
    const struct store_value *value;
    size_t first, second, third;

    store_begin(store);
    first = store_call(store, &append_script, 1, WORDS(key("list"), TEXT("a\0b")));
    second = store_call(store, &append_script, 1, WORDS(key("list"), TEXT("")));
    third = store_call(store, &add_script, 1, WORDS(key("n"), TEXT("5")));
    cr_assert_eq(store_flush(store), STATUS_OK, "%s", store_problem(store));
    value = store_value(store, first);
    cr_assert_eq(store_count(value), 2);
    cr_expect_eq(store_number(store_element(value, 0)), 1);
    cr_expect(text_equals(store_text(store_element(value, 1)), TEXT("a\0b")));
    cr_expect_eq(store_number(store_element(store_value(store, second), 0)), 2);
    cr_expect_eq(store_number(store_value(store, third)), 5);
    run(store, WORDS(TEXT("DEL"), key("list"), key("n")));
}

Test(store, a_script_without_keys_can_be_called)
{
    static const struct store_script constant = {.name = "constant", .source = "return ARGV[1]"};
    static const struct store_script *const constants[] = {&constant};
    CLEANUP(store_close) struct store *store = NULL;

    cr_assert_eq(store_open(shared_url(), 1, constants, 1, &store), STATUS_OK);
    store_begin(store);
    store_call(store, &constant, 0, WORDS(TEXT("seven")));
    cr_assert_eq(store_flush(store), STATUS_OK, "%s", store_problem(store));
    cr_expect(text_equals(store_text(store_value(store, 0)), TEXT("seven")));
}

Test(store, a_script_that_is_no_lua_is_named_in_the_problem)
{
    static const struct store_script wrong = {.name = "wrong", .source = "this is no lua"};
    static const struct store_script *const wrongs[] = {&wrong};
    CLEANUP(store_close) struct store *store = NULL;

    cr_assert_eq(store_open(shared_url(), 1, wrongs, 1, &store), STATUS_OK);
    cr_expect_eq(store_ping(store), STATUS_UNAVAILABLE);
    cr_expect(says(text_of(store_problem(store)), "wrong: ERR Error compiling script"), "%s", store_problem(store));
}

Test(store, scripts_that_redis_has_lost_are_loaded_again)
{
    CLEANUP(redis_process_stop) struct redis_process *redis = redis_process_start(NULL);
    CLEANUP(store_close) struct store *store = open_store(redis_process_url(redis), STORE_CONNECTIONS);

    store_begin(store);
    store_call(store, &add_script, 1, WORDS(TEXT("n"), TEXT("1")));
    cr_assert_eq(store_flush(store), STATUS_OK, "%s", store_problem(store));
    run(store, WORDS(TEXT("SCRIPT"), TEXT("FLUSH")));

    store_begin(store);
    store_call(store, &add_script, 1, WORDS(TEXT("n"), TEXT("1")));
    store_queue(store, TEXT("other"), WORDS(TEXT("SET"), TEXT("other"), TEXT("x")));
    cr_expect_eq(store_flush(store), STATUS_UNAVAILABLE);
    cr_expect(says(text_of(store_problem(store)), "NOSCRIPT"), "%s", store_problem(store));

    store_begin(store);
    store_call(store, &add_script, 1, WORDS(TEXT("n"), TEXT("1")));
    cr_assert_eq(store_flush(store), STATUS_OK, "%s", store_problem(store));
    cr_expect_eq(store_number(store_value(store, 0)), 2);
}

/* ---- Redis away ---- */

Test(store, after_a_kill_the_next_flush_but_one_is_good)
{
    CLEANUP(redis_process_stop) struct redis_process *redis = redis_process_start(NULL);
    CLEANUP(store_close) struct store *store = open_store(redis_process_url(redis), STORE_CONNECTIONS);
    char name[32];

    for (int i = 0; i < 40; i++) { /* every connection is open */
        snprintf(name, sizeof(name), "key:%d", i);
        run(store, WORDS(TEXT("SET"), text_of(name), TEXT("before")));
    }
    redis_process_kill(redis);
    cr_expect_eq(try(store, WORDS(TEXT("GET"), TEXT("key:1"))), STATUS_UNAVAILABLE);
    cr_expect_eq(try(store, WORDS(TEXT("GET"), TEXT("key:1"))), STATUS_UNAVAILABLE);
    cr_expect(says(text_of(store_problem(store)), "Connection refused"), "%s", store_problem(store));
    redis_process_restart(redis);
    for (int i = 0; i < 40; i++) { /* one retry has opened them all anew: no other connection fails later */
        snprintf(name, sizeof(name), "key:%d", i);
        cr_expect(text_equals(store_text(run(store, WORDS(TEXT("GET"), text_of(name)))), TEXT("before")), "%s", name);
    }
    store_begin(store);
    store_call(store, &add_script, 1, WORDS(TEXT("n"), TEXT("3")));
    cr_assert_eq(store_flush(store), STATUS_OK, "the scripts are there again: %s", store_problem(store));
}

Test(store, a_restart_that_nobody_noticed_costs_one_flush)
{
    CLEANUP(redis_process_stop) struct redis_process *redis = redis_process_start(NULL);
    CLEANUP(store_close) struct store *store = open_store(redis_process_url(redis), STORE_CONNECTIONS);

    for (int i = 0; i < 40; i++) {
        char name[32];

        snprintf(name, sizeof(name), "key:%d", i);
        run(store, WORDS(TEXT("SET"), text_of(name), TEXT("x")));
    }
    redis_process_restart(redis);
    cr_expect_eq(store_ping(store), STATUS_UNAVAILABLE, "the old connection is found closed");
    for (int i = 0; i < 40; i++) {
        char name[32];

        snprintf(name, sizeof(name), "key:%d", i);
        run(store, WORDS(TEXT("GET"), text_of(name)));
    }
}

/* Kills Redis a moment after it was started. */
static void *kill_soon(void *redis)
{
    clock_pause_ms(15);
    redis_process_kill(redis);
    return NULL;
}

Test(store, killed_in_the_middle_of_a_pipeline_it_has_done_all_that_was_acknowledged)
{
    enum { ROUNDS = 5, COUNT = 4000 };
    CLEANUP(redis_process_stop) struct redis_process *redis = redis_process_start(NULL);
    CLEANUP(store_close) struct store *store = open_store(redis_process_url(redis), STORE_CONNECTIONS);

    for (int round = 0; round < ROUNDS; round++) {
        pthread_t killer;
        int64_t acknowledged = 0;
        char name[32];

        pthread_create(&killer, NULL, kill_soon, redis);
        snprintf(name, sizeof(name), "counter:%d", round);
        for (enum status status = STATUS_OK; status == STATUS_OK;) {
            store_begin(store);
            for (int i = 0; i < COUNT; i++)
                store_call(store, &add_script, 1, WORDS(text_of(name), TEXT("1")));
            status = store_flush(store);
            acknowledged += status == STATUS_OK ? COUNT : 0;
        }
        pthread_join(killer, NULL);
        redis_process_restart(redis);
        cr_expect_geq(store_number(run(store, WORDS(TEXT("INCRBY"), text_of(name), TEXT("0")))), acknowledged);
    }
}

Test(store, a_silent_redis_is_given_up_after_the_time_out_and_its_late_replies_confuse_nobody)
{
    CLEANUP(redis_process_stop) struct redis_process *redis = redis_process_start(NULL);
    CLEANUP(store_close) struct store *store = open_store(redis_process_url(redis), 2);
    CLEANUP(store_close) struct store *other = open_store(redis_process_url(redis), 1);
    int64_t start_ms, took_ms;

    run(store, WORDS(TEXT("SET"), TEXT("a"), TEXT("old")));
    run(other, WORDS(TEXT("CLIENT"), TEXT("PAUSE"), TEXT("6500"), TEXT("WRITE")));
    start_ms = now_ms();
    cr_expect_eq(try(store, WORDS(TEXT("SET"), TEXT("a"), TEXT("late"))), STATUS_UNAVAILABLE);
    took_ms = now_ms() - start_ms;
    cr_expect(took_ms >= STORE_TIMEOUT_MS - 100 && took_ms < STORE_TIMEOUT_MS + 1000, "took %d ms", (int)took_ms);
    cr_expect(says(text_of(store_problem(store)), "no answer within 5000 ms"), "%s", store_problem(store));
    cr_expect(text_equals(store_text(run(store, WORDS(TEXT("GET"), TEXT("a")))), TEXT("old")), "reads are not paused");
    cr_expect(text_equals(store_text(run(store, WORDS(TEXT("SET"), TEXT("a"), TEXT("new")))), TEXT("OK")), "the pause is over");
    cr_expect(text_equals(store_text(run(store, WORDS(TEXT("GET"), TEXT("a")))), TEXT("new")));
}

Test(store, a_frozen_redis_can_be_connected_to_but_does_not_answer)
{
    CLEANUP(redis_process_stop) struct redis_process *redis = redis_process_start(NULL);
    CLEANUP(store_close) struct store *store = open_store(redis_process_url(redis), 1);

    redis_process_freeze(redis);
    cr_expect_eq(store_ping(store), STATUS_UNAVAILABLE);
    cr_expect(says(text_of(store_problem(store)), "no answer within"), "%s", store_problem(store));
    redis_process_thaw(redis);
    cr_expect_eq(store_ping(store), STATUS_OK, "%s", store_problem(store));
}

Test(store, a_redis_that_is_loading_is_waited_for)
{
    static const char *const slowly[] = {"--key-load-delay", "1000", NULL};
    CLEANUP(redis_process_stop) struct redis_process *redis = redis_process_start(NULL);
    CLEANUP(store_close) struct store *store = open_store(redis_process_url(redis), STORE_CONNECTIONS);
    bool was_loading = false;
    enum status status;
    char digits[32];

    store_begin(store);
    for (int i = 0; i < 4000; i++) {
        snprintf(digits, sizeof(digits), "%d", i);
        store_queue(store, text_of(digits), WORDS(TEXT("SET"), text_of(digits), TEXT("x")));
    }
    cr_assert_eq(store_flush(store), STATUS_OK, "%s", store_problem(store));
    redis_process_kill(redis);
    redis_process_launch(redis, slowly);
    do {
        status = try(store, WORDS(TEXT("GET"), TEXT("1")));
        was_loading = was_loading || says(text_of(store_problem(store)), "LOADING");
        clock_pause_ms(5);
    } while (status == STATUS_UNAVAILABLE);
    cr_expect_eq(status, STATUS_OK);
    cr_expect(was_loading, "it came up too fast to see: %s", store_problem(store));
}

/* ---- Redis there, but not serving ---- */

Test(store, a_full_redis_is_unavailable_until_there_is_room)
{
    CLEANUP(redis_process_stop) struct redis_process *redis = redis_process_start(NULL);
    CLEANUP(store_close) struct store *store = open_store(redis_process_url(redis), STORE_CONNECTIONS);

    run(store, WORDS(TEXT("SET"), TEXT("a"), TEXT("x")));
    run(store, WORDS(TEXT("CONFIG"), TEXT("SET"), TEXT("maxmemory"), TEXT("1")));
    cr_expect_eq(try(store, WORDS(TEXT("SET"), TEXT("a"), TEXT("y"))), STATUS_UNAVAILABLE);
    cr_expect(says(text_of(store_problem(store)), "OOM"), "%s", store_problem(store));
    store_begin(store);
    store_call(store, &add_script, 1, WORDS(TEXT("n"), TEXT("1")));
    cr_expect_eq(store_flush(store), STATUS_UNAVAILABLE, "a script is refused the same way");
    cr_expect(says(text_of(store_problem(store)), "OOM"), "%s", store_problem(store));
    cr_expect(text_equals(store_text(run(store, WORDS(TEXT("GET"), TEXT("a")))), TEXT("x")), "reading goes on");
    run(store, WORDS(TEXT("CONFIG"), TEXT("SET"), TEXT("maxmemory"), TEXT("0")));
    run(store, WORDS(TEXT("SET"), TEXT("a"), TEXT("y")));
}

Test(store, a_refusal_takes_all_replies_of_the_flush_with_it)
{
    CLEANUP(redis_process_stop) struct redis_process *redis = redis_process_start(NULL);
    CLEANUP(store_close) struct store *store = open_store(redis_process_url(redis), STORE_CONNECTIONS);

    run(store, WORDS(TEXT("CONFIG"), TEXT("SET"), TEXT("min-replicas-to-write"), TEXT("1")));
    store_begin(store);
    for (int i = 0; i < 100; i++)
        store_queue(store, TEXT("a"), WORDS(i == 50 ? TEXT("INCR") : TEXT("GET"), TEXT("a")));
    cr_expect_eq(store_flush(store), STATUS_UNAVAILABLE);
    cr_expect(says(text_of(store_problem(store)), "NOREPLICAS"), "%s", store_problem(store));
    run(store, WORDS(TEXT("CONFIG"), TEXT("SET"), TEXT("min-replicas-to-write"), TEXT("0")));
    cr_expect(text_equals(store_text(run(store, WORDS(TEXT("ECHO"), TEXT("mine")))), TEXT("mine")),
              "no old reply is taken for a new one");
}

Test(store, a_replica_is_left_for_a_new_connection)
{
    CLEANUP(redis_process_stop) struct redis_process *redis = redis_process_start(NULL);
    CLEANUP(store_close) struct store *store = open_store(redis_process_url(redis), 1);
    int64_t connection = connection_of(store, TEXT("a"));

    run(store, WORDS(TEXT("REPLICAOF"), TEXT("127.0.0.1"), TEXT("1")));
    cr_expect_eq(try(store, WORDS(TEXT("SET"), TEXT("a"), TEXT("x"))), STATUS_UNAVAILABLE);
    cr_expect(says(text_of(store_problem(store)), "READONLY"), "%s", store_problem(store));
    run(store, WORDS(TEXT("REPLICAOF"), TEXT("NO"), TEXT("ONE")));
    run(store, WORDS(TEXT("SET"), TEXT("a"), TEXT("x")));
    cr_expect_neq(connection_of(store, TEXT("a")), connection);
}

Test(store, too_many_clients_is_not_taken_for_a_reply)
{
    static const char *const few[] = {"--maxclients", "2", NULL};
    CLEANUP(redis_process_stop) struct redis_process *redis = redis_process_start(few);
    CLEANUP(store_close) struct store *first = open_store(redis_process_url(redis), 1);
    CLEANUP(store_close) struct store *second = open_store(redis_process_url(redis), 1);
    CLEANUP(store_close) struct store *third = NULL;

    cr_assert_eq(store_open(redis_process_url(redis), 1, NULL, 0, &third), STATUS_OK);
    cr_assert_eq(store_ping(first), STATUS_OK);
    cr_assert_eq(store_ping(second), STATUS_OK);
    cr_expect_eq(try(third, WORDS(TEXT("GET"), TEXT("a"))), STATUS_UNAVAILABLE);
    cr_expect(strlen(store_problem(third)) > 0);
    store_close(second);
    second = NULL;
    clock_pause_ms(200);
    cr_expect_eq(store_ping(third), STATUS_OK, "%s", store_problem(third));
}

/* ---- who we are, and where ---- */

Test(store, a_password_is_sent_and_never_shown)
{
    static const char *const options[] = {"--requirepass", "s@cr/e:t%", "--user", "ada", "on", ">l0ve lace", "~*", "+@all", NULL};
    static const struct {
        const char *credentials;
        enum status status;
        const char *problem;
    } cases[] = {
        {":s%40cr%2Fe%3At%25@", STATUS_OK, ""},
        {"default:s%40cr%2fe%3at%25@", STATUS_OK, ""},
        {"ada:l0ve%20lace@", STATUS_OK, ""},
        {"", STATUS_UNAVAILABLE, "NOAUTH"},
        {":hunter2@", STATUS_UNAVAILABLE, "AUTH: WRONGPASS"},
        {"ada:hunter2@", STATUS_UNAVAILABLE, "AUTH: WRONGPASS"},
        {"nobody:hunter2@", STATUS_UNAVAILABLE, "AUTH: WRONGPASS"},
    };
    CLEANUP(redis_process_stop) struct redis_process *redis = redis_process_start(options);

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CLEANUP(store_close) struct store *store = NULL;
        char url[URL_SIZE];

        snprintf(url, sizeof(url), "redis://%s127.0.0.1:%d", cases[i].credentials, redis_process_port(redis));
        cr_assert_eq(store_open(url, 2, NULL, 0, &store), STATUS_OK, "%s", url);
        cr_expect_eq(store_ping(store), cases[i].status, "%s: %s", url, store_problem(store));
        cr_expect(says(text_of(store_problem(store)), cases[i].problem), "%s: %s", url, store_problem(store));
        cr_expect_not(says(text_of(store_problem(store)), "hunter2"), "%s", store_problem(store));
    }
}

Test(store, a_redis_that_quotes_the_command_does_not_make_us_show_the_password)
{
    static const char *const options[] = {"--rename-command", "AUTH", "LOGIN", NULL};
    CLEANUP(redis_process_stop) struct redis_process *redis = redis_process_start(options);
    CLEANUP(store_close) struct store *store = NULL;
    char url[URL_SIZE];

    snprintf(url, sizeof(url), "redis://ada:hunter2@127.0.0.1:%d", redis_process_port(redis));
    cr_assert_eq(store_open(url, 1, NULL, 0, &store), STATUS_OK);
    cr_expect_eq(store_ping(store), STATUS_UNAVAILABLE);
    cr_expect(says(text_of(store_problem(store)), "AUTH: ERR"), "%s", store_problem(store));
    cr_expect_not(says(text_of(store_problem(store)), "hunter2"), "%s", store_problem(store));
}

Test(store, a_permission_taken_away_is_waited_for)
{
    static const char *const options[] = {"--user", "ada", "on", ">lovelace", "~*", "+@all", "-set", NULL};
    CLEANUP(redis_process_stop) struct redis_process *redis = redis_process_start(options);
    CLEANUP(store_close) struct store *store = NULL;
    char url[URL_SIZE];

    snprintf(url, sizeof(url), "redis://ada:lovelace@127.0.0.1:%d", redis_process_port(redis));
    cr_assert_eq(store_open(url, 1, NULL, 0, &store), STATUS_OK);
    cr_expect_eq(try(store, WORDS(TEXT("SET"), TEXT("a"), TEXT("x"))), STATUS_UNAVAILABLE);
    cr_expect(says(text_of(store_problem(store)), "NOPERM"), "%s", store_problem(store));
    run(store, WORDS(TEXT("ACL"), TEXT("SETUSER"), TEXT("ada"), TEXT("+set")));
    run(store, WORDS(TEXT("SET"), TEXT("a"), TEXT("x")));
}

Test(store, the_database_of_the_url_is_used_on_every_connection_also_after_a_restart)
{
    CLEANUP(redis_process_stop) struct redis_process *redis = redis_process_start(NULL);
    CLEANUP(store_close) struct store *plain = open_store(redis_process_url(redis), 1);
    CLEANUP(store_close) struct store *five = NULL, *none = NULL;
    char url[URL_SIZE], name[32];

    snprintf(url, sizeof(url), "%s/5", redis_process_url(redis));
    five = open_store(url, STORE_CONNECTIONS);
    for (int i = 0; i < 40; i++) {
        snprintf(name, sizeof(name), "key:%d", i);
        run(five, WORDS(TEXT("SET"), text_of(name), TEXT("x")));
    }
    cr_expect_eq(store_number(run(plain, WORDS(TEXT("DBSIZE")))), 0);
    cr_expect_eq(store_number(run(five, WORDS(TEXT("DBSIZE")))), 40);
    redis_process_restart(redis);
    cr_expect_eq(store_ping(five), STATUS_UNAVAILABLE);
    cr_expect_eq(store_number(run(five, WORDS(TEXT("DBSIZE")))), 40);

    snprintf(url, sizeof(url), "%s/99", redis_process_url(redis));
    none = open_store(url, 1);
    cr_expect_eq(store_ping(none), STATUS_UNAVAILABLE);
    cr_expect(says(text_of(store_problem(none)), "SELECT: ERR DB index is out of range"), "%s", store_problem(none));
}

Test(store, a_unix_socket_serves_as_well)
{
    static const char *const options[] = {"--requirepass", "secret", NULL};
    CLEANUP(redis_process_stop) struct redis_process *redis = redis_process_start(options);
    CLEANUP(store_close) struct store *store = NULL;
    CLEANUP(store_close) struct store *lost = open_store("unix:///nowhere/redis.sock", 1);
    char url[URL_SIZE];

    snprintf(url, sizeof(url), "unix://:secret@%s", redis_process_socket(redis));
    store = open_store(url, STORE_CONNECTIONS);
    store_begin(store);
    store_call(store, &add_script, 1, WORDS(TEXT("n"), TEXT("2")));
    cr_assert_eq(store_flush(store), STATUS_OK, "%s", store_problem(store));
    cr_expect_eq(store_number(store_value(store, 0)), 2);
    cr_expect_eq(store_ping(lost), STATUS_UNAVAILABLE);
    cr_expect_str_eq(store_problem(lost), "/nowhere/redis.sock: No such file or directory");
}

Test(store, a_host_that_nobody_knows_is_named)
{
    CLEANUP(store_close) struct store *store = open_store("redis://no-such-host.invalid:6379", 1);

    cr_expect_eq(store_ping(store), STATUS_UNAVAILABLE);
    cr_expect(text_begins(text_of(store_problem(store)), TEXT("no-such-host.invalid:6379: ")), "%s", store_problem(store));
}

static size_t open_descriptors(void)
{
    size_t count = 0;

    for (int i = 0; i < 1024; i++)
        count += fcntl(i, F_GETFD) >= 0;
    return count;
}

/* Sends something down every connection. */
static enum status use_all(struct store *store)
{
    char name[32];

    store_begin(store);
    for (int i = 0; i < 40; i++) {
        snprintf(name, sizeof(name), "n:%d", i);
        store_call(store, &add_script, 1, WORDS(text_of(name), TEXT("1")));
    }
    return store_flush(store);
}

Test(store, a_hundred_reconnects_leave_nothing_open)
{
    CLEANUP(redis_process_stop) struct redis_process *redis = redis_process_start(NULL);
    CLEANUP(store_close) struct store *store = open_store(redis_process_url(redis), STORE_CONNECTIONS);
    size_t before;

    cr_assert_eq(use_all(store), STATUS_OK, "%s", store_problem(store));
    before = open_descriptors();
    for (int i = 0; i < 100; i++) {
        run(store, WORDS(TEXT("CLIENT"), TEXT("KILL"), TEXT("TYPE"), TEXT("normal")));
        cr_assert_eq(use_all(store), STATUS_UNAVAILABLE);
        cr_assert_eq(use_all(store), STATUS_OK, "%s", store_problem(store));
    }
    cr_expect_leq(open_descriptors(), before);
}
