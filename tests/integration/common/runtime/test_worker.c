/* What every worker does with a batch of commands, whatever its rules are: worker_under_test.c on librdkafka's mock cluster and a
 * real Redis. */
#include "log.h"
#include "mocked.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MANY 100
#define COMMANDS "fulfillment.commands"
#define DEAD_LETTERS "fulfillment.commands.dlq"
#define INBOX "saga.inbox"
#define GROUP "orderly-fulfillment"
#define COMMAND_SIZE 512

static const char *const topics[] = {COMMANDS, DEAD_LETTERS, INBOX, NULL};

static struct mocked mocked;
static struct store *store;
static struct arena *arena;

static void set_up(void)
{
    mocked_set_up(&mocked, topics);
    arena = arena_create();
    cr_assert_eq(store_open(redis_process_url(mocked.redis), 1, NULL, 0, &store), STATUS_OK);
    signal(SIGPIPE, SIG_IGN);
}

static void tear_down(void)
{
    store_close(store);
    arena_destroy(arena);
    mocked_tear_down(&mocked);
}

TestSuite(worker, .init = set_up, .fini = tear_down, .timeout = 180);

static void start(const char *const settings[]) { mocked_start(&mocked, "worker_under_test", settings); }

static size_t logged(const char *text, const char *more) { return mocked_logged(&mocked, text, more); }

/* Printed into the arena, as a string of C. */
static PRINTF_LIKE(1, 2) const char *printed(const char *format, ...)
{
    char *string = arena_take(arena, COMMAND_SIZE);
    va_list values;

    va_start(values, format);
    vsnprintf(string, COMMAND_SIZE, format, values);
    va_end(values);
    return string;
}

static const char *command(const char *order_id, const char *type)
{
    return printed(
        "{\"commandId\":\"%s/%s\",\"orderId\":\"%s\",\"type\":\"%s\",\"attempt\":1,\"issuedAt\":\"2026-01-31T09:30:00.000Z\","
        "\"deadlineAt\":\"2026-01-31T10:30:00.000Z\",\"replyTo\":\"saga.inbox\",\"order\":{\"orderId\":\"%s\"},\"results\":{}}",
        order_id, type, order_id, type, order_id);
}

static const char *ship(const char *order_id) { return command(order_id, "fulfillment.ship"); }

static void give(const char *const values[], size_t count) { mocked_send(&mocked, COMMANDS, "k", values, count); }

static struct text redis(const char *word, const char *key, const char *more)
{
    const struct text words[] = {text_of(word), text_of(key), text_of(more)};

    store_begin(store);
    store_queue(store, words[1], words, more == NULL ? 2 : 3);
    cr_assert_eq(store_flush(store), STATUS_OK, "%s", store_problem(store));
    return store_text(store_value(store, 0));
}

/* What a word in Redis tells the worker to do with an order. */
static void tell(const char *order_id, const char *word) { redis("SET", printed("word:%s", order_id), word); }

/* ---- what came of it ---- */

#define SEEN_MAX 300
struct seen {
    struct text key, value, source, reason; /* source, reason: of the headers */
};
struct topic_seen {
    struct seen list[SEEN_MAX];
    size_t count;
};
static struct topic_seen replies, letters;

static struct text header_of(const struct record *record, const char *name)
{
    struct text value = TEXT_NONE;

    return record_header(record, name, &value) ? text_copy(arena, value) : TEXT_NONE;
}

static void see(struct topic_seen *seen, const struct record *record)
{
    cr_assert_lt(seen->count, SEEN_MAX);
    seen->list[seen->count++] = (struct seen){.key = text_copy(arena, record->key),
                                              .value = text_copy(arena, record->value),
                                              .source = header_of(record, "ce_source"),
                                              .reason = header_of(record, "dlq-reason")};
}

/* Everything that is in a topic now. */
static void read_all(const char *topic, struct topic_seen *seen)
{
    struct bus *bus = mocked_read(&mocked, topic);
    struct record records[MOCKED_BATCH];
    size_t count, all = (size_t)mocked_end_offset(&mocked, topic);
    int64_t end_ms = test_now_ms() + SYSTEM_WAIT_MS;

    while (seen->count < all) {
        cr_assert_lt(test_now_ms(), end_ms, "%zu of %zu came of %s", seen->count, all, topic);
        cr_assert_eq(bus_poll(bus, 200, records, &count), STATUS_OK);
        for (size_t i = 0; i < count; i++)
            see(seen, &records[i]);
        bus_store_offsets(bus, records, count);
        bus_release(bus, records, count);
    }
    bus_close(bus);
}

/* Ends the worker, which must have done everything, and reads all that it sent. */
static void end_and_read(size_t reply_count)
{
    mocked_end(&mocked);
    cr_expect_eq(mocked_exit_code(&mocked), 0);
    read_all(INBOX, &replies);
    cr_assert_eq(replies.count, reply_count, "%zu replies, not %zu", replies.count, reply_count);
}

static bool has(struct text text, const char *part) { return memmem(text.at, text.length, part, strlen(part)) != NULL; }

/* The reply about an order; there must be just one. */
static const struct seen *reply_about(const char *order_id)
{
    const struct seen *found = NULL;

    for (size_t i = 0; i < replies.count; i++)
        if (text_equals(replies.list[i].key, text_of(order_id))) {
            cr_assert_null(found, "%s is answered twice", order_id);
            found = &replies.list[i];
        }
    cr_assert_not_null(found, "%s is not answered", order_id);
    return found;
}

static void expect_reply(const char *order_id, const char *part)
{
    const struct seen *reply = reply_about(order_id);

    cr_expect(has(reply->value, part), "%s is not in %.*s", part, TEXT_ARG(reply->value));
}

static int64_t committed(void) { return mocked_committed(&mocked, GROUP, COMMANDS); }

static bool all_done(int64_t offset) { return mocked_lives(&mocked) && committed() == offset; }

/* ---- stories ---- */

Test(worker, a_good_command_is_answered_once_with_its_key)
{
    start(NULL);
    give((const char *[]){ship("ORD-1"), command("ORD-2", "fulfillment.cancel")}, 2);
    WAIT_UNTIL(all_done(2));
    end_and_read(2);
    expect_reply(
        "ORD-1",
        "{\"kind\":\"reply\",\"commandId\":\"ORD-1/fulfillment.ship\",\"orderId\":\"ORD-1\",\"type\":\"fulfillment.ship\","
        "\"attempt\":1,\"outcome\":\"succeeded\"");
    expect_reply("ORD-2", "\"outcome\":\"succeeded\",\"result\":{\"greeting\":\"hello\",\"volume\":5}");
    cr_expect(text_equals(reply_about("ORD-1")->source, TEXT("/orderly/fulfillment")), "the source follows from the topic");
}

Test(worker, what_is_no_command_is_buried_and_the_others_are_answered)
{
    start(NULL);
    give((const char *[]){"junk", ship("ORD-1"), "[]", command("ORD-2", "fulfillment.fly"), "{\"orderId\":\"no id\"}",
                          ship("ORD-3"), "{\"commandId\":\"ORD-4/fulfillment.ship\",\"orderId\":\"ORD-4\"}"},
         7);
    WAIT_UNTIL(all_done(7));
    end_and_read(3);
    expect_reply("ORD-1", "\"succeeded\"");
    expect_reply("ORD-3", "\"succeeded\"");
    expect_reply("ORD-4", "\"outcome\":\"failed\",\"reason\":\"bad_command\"");
    read_all(DEAD_LETTERS, &letters);
    cr_assert_eq(letters.count, 4);
    cr_expect(text_equals(letters.list[0].reason, TEXT("not_json")));
    cr_expect(text_equals(letters.list[1].reason, TEXT("not_an_object")));
    cr_expect(text_equals(letters.list[2].reason, TEXT("unknown_type")));
    cr_expect(text_equals(letters.list[3].reason, TEXT("no_order_id")));
}

Test(worker, a_command_that_comes_again_gets_the_outcome_of_the_first_time)
{
    start(NULL);
    give((const char *[]){ship("ORD-1")}, 1);
    WAIT_UNTIL(all_done(1));
    end_and_read(1);
    start((const char *[]){"GREETING=goodbye", NULL});
    give((const char *[]){ship("ORD-1"), ship("ORD-2"), ship("ORD-2")}, 3);
    WAIT_UNTIL(all_done(4));
    end_and_read(4);
    cr_expect(text_equals(replies.list[0].value, replies.list[1].value), "%.*s", TEXT_ARG(replies.list[1].value));
    cr_expect(has(replies.list[2].value, "goodbye"));
    cr_expect(text_equals(replies.list[2].value, replies.list[3].value), "also within one batch");
    cr_expect(text_equals(redis("HGET", "shipment:ORD-1", "times"), TEXT("1")));
    cr_expect(text_equals(redis("HGET", "shipment:ORD-2", "times"), TEXT("1")));
}

static const char *const phases[] = {"load", "decide", "apply", "answer"};

static size_t phase_in(const char *line)
{
    for (size_t i = 0; i < COUNT_OF(phases); i++)
        if (strstr(line, printed("phase=%s ", phases[i])) != NULL)
            return i;
    return COUNT_OF(phases);
}

/* How many batches the log tells of. In each all commands must have gone through one phase before the first of them came into
 * the next. */
static size_t count_batches(void)
{
    size_t batches = 0, passed[COUNT_OF(phases) + 1] = {0};
    char line[LOG_LINE_MAX + 1];
    FILE *log = fopen(mocked.log_path, "r");

    cr_assert_not_null(log);
    while (fgets(line, sizeof(line), log) != NULL) {
        size_t phase = phase_in(line);
        if (phase == 0) {
            cr_expect_eq(passed[1], passed[3], "a batch is read while another is decided: %s", line);
            batches += passed[3] == passed[0];
        } else if (phase < COUNT_OF(phases)) {
            cr_expect_eq(passed[phase - 1], passed[0], "not all are through with %s: %s", phases[phase - 1], line);
        }
        passed[phase]++;
    }
    fclose(log);
    return batches;
}

static int64_t redis_reads(void)
{
    struct text info = redis("INFO", "stats", NULL);
    const char *at = memmem(info.at, info.length, "total_reads_processed:", 22);

    cr_assert_not_null(at);
    return strtoll(at + 22, NULL, 10);
}

Test(worker, each_phase_is_one_round_trip_for_the_whole_batch)
{
    const char *commands[MANY];
    int64_t reads_before;
    size_t batches;

    for (size_t i = 0; i < MANY; i++)
        commands[i] = ship(printed("ORD-%zu", i));
    give(commands, MANY);
    reads_before = redis_reads();
    start(NULL);
    WAIT_UNTIL(all_done(MANY));
    cr_expect_lt(redis_reads() - reads_before, MANY, "that is a round trip for each command");
    end_and_read(MANY);
    batches = count_batches();
    cr_expect_lt(batches, MANY / 2, "%zu batches", batches);
    cr_expect_eq(logged("event=noted", "phase=answer"), MANY);
}

Test(worker, broken_data_of_one_order_and_a_no_leave_the_others_alone)
{
    tell("ORD-2", "broken");
    tell("ORD-3", "no");
    redis("SET", "shipment:ORD-4", "of another type");
    give((const char *[]){ship("ORD-1"), ship("ORD-2"), ship("ORD-3"), ship("ORD-4"), ship("ORD-5")}, 5);
    start(NULL);
    WAIT_UNTIL(all_done(5));
    end_and_read(5);
    expect_reply("ORD-1", "\"succeeded\"");
    expect_reply("ORD-2", "\"outcome\":\"failed\",\"reason\":\"stored_data_broken\"");
    expect_reply("ORD-3", "\"outcome\":\"refused\",\"reason\":\"told_so\"");
    expect_reply("ORD-4", "\"outcome\":\"failed\",\"reason\":\"stored_data_broken\"");
    expect_reply("ORD-5", "\"succeeded\"");
    cr_expect_eq(logged("phase=apply", "order=ORD-3"), 0, "what is answered goes through no more phases");
}

Test(worker, nothing_is_sent_or_committed_while_redis_is_away)
{
    redis_process_kill(mocked.redis);
    give((const char *[]){"junk", ship("ORD-1"), ship("ORD-2")}, 3);
    start(NULL);
    WAIT_UNTIL(mocked_lives(&mocked) && logged("event=retried", "status=UNAVAILABLE") >= 3);
    cr_expect_eq(committed(), 0);
    cr_expect_eq(mocked_end_offset(&mocked, INBOX), 0);
    cr_expect_eq(mocked_end_offset(&mocked, DEAD_LETTERS), 0);
    redis_process_launch(mocked.redis, NULL);
    redis_process_wait(mocked.redis);
    WAIT_UNTIL(all_done(3));
    end_and_read(2);
    expect_reply("ORD-1", "\"succeeded\"");
    expect_reply("ORD-2", "\"succeeded\"");
    read_all(DEAD_LETTERS, &letters);
    cr_expect_eq(letters.count, 1);
}

Test(worker, it_has_settings_of_its_own_and_those_of_all_workers)
{
    start((const char *[]){"GREETING=good morning", "VOLUME=7", "SIMULATED_FAIL=fulfillment.cancel:100", NULL});
    give((const char *[]){ship("ORD-1"), command("ORD-2", "fulfillment.cancel")}, 2);
    WAIT_UNTIL(all_done(2));
    end_and_read(2);
    expect_reply("ORD-1", "\"result\":{\"greeting\":\"good morning\",\"volume\":7}");
    expect_reply("ORD-2", "\"outcome\":\"failed\",\"reason\":\"simulated_failure\"");
    cr_expect_eq(logged("event=configured", "VOLUME=7"), 1);
    cr_expect_eq(logged("event=configured", "SIMULATED_FAIL="), 1);
}

Test(worker, all_mistakes_in_settings_are_told_at_once)
{
    start((const char *[]){"GREETING=\"hi\"", "VOLUME=11", "SIMULATED_FAIL=nonsense", "BATCH_MAX=0", "NAMESPACE=a b", NULL});
    cr_expect_eq(mocked_exit_code(&mocked), 2);
    cr_expect_eq(logged("GREETING", "quoted"), 1);
    cr_expect_eq(logged("VOLUME", "from 1 to 10"), 1);
    cr_expect_eq(logged("SIMULATED_FAIL", "nonsense"), 1);
    cr_expect_eq(logged("BATCH_MAX", "from 1 to 10000"), 1);
    cr_expect_eq(logged("NAMESPACE", "a b"), 1);
    cr_expect_eq(logged("event=started", ""), 0);
}

/* A failure that is asked for has no effect, and can't undo what has been done. */
Test(worker, what_has_been_done_cannot_fail_any_more)
{
    start(NULL);
    give((const char *[]){ship("ORD-1")}, 1);
    WAIT_UNTIL(all_done(1));
    end_and_read(1);
    start((const char *[]){"SIMULATED_FAIL=fulfillment.ship:100", NULL});
    give((const char *[]){ship("ORD-1"), ship("ORD-2")}, 2);
    WAIT_UNTIL(all_done(3));
    end_and_read(3);
    cr_expect(text_equals(replies.list[0].value, replies.list[1].value), "%.*s", TEXT_ARG(replies.list[1].value));
    expect_reply("ORD-2", "simulated_failure");
    cr_expect(!text_is_there(redis("HGET", "shipment:ORD-2", "fulfillment.ship")));
}

Test(worker, told_to_stop_it_finishes_its_batch_and_commits)
{
    tell("ORD-2", "wait");
    give((const char *[]){ship("ORD-1"), ship("ORD-2"), ship("ORD-3")}, 3);
    start(NULL);
    WAIT_UNTIL(mocked_lives(&mocked) && logged("phase=decide", "order=ORD-2") == 1);
    end_and_read(3);
    cr_expect_eq(committed(), 3);
}

/* Offsets come last: what is refused for good after its batch was handled is made anew, with the outcome of the first time. */
Test(worker, a_reply_that_is_refused_is_sent_after_all)
{
    give((const char *[]){ship("ORD-1")}, 1);
    rd_kafka_mock_push_request_errors(mocked.cluster, MOCKED_PRODUCE, 1, RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED);
    start(NULL);
    WAIT_UNTIL(mocked_lives(&mocked) && logged("event=rewound", "") == 1);
    WAIT_UNTIL(all_done(1));
    end_and_read(1);
    expect_reply("ORD-1", "\"succeeded\"");
    cr_expect_eq(logged("phase=apply", "order=ORD-1"), 2);
    cr_expect(text_equals(redis("HGET", "shipment:ORD-1", "times"), TEXT("1")));
}
