/* The loop that all services share: service_under_test.c on librdkafka's mock cluster and a real Redis. */
#include "mocked.h"

#include <criterion/criterion.h>

#define RECORDS "payment.commands"
#define EVENTS "order.events"
#define GROUP "orderly-payment"

static const char *const topics[] = {RECORDS, "payment.commands.dlq", EVENTS, NULL};

static struct mocked mocked;

static void set_up(void) { mocked_set_up(&mocked, topics); }

static void tear_down(void) { mocked_tear_down(&mocked); }

TestSuite(service, .init = set_up, .fini = tear_down, .timeout = 180);

static void start(const char *const settings[]) { mocked_start(&mocked, "service_under_test", settings); }

static void give(const char *value) { mocked_send(&mocked, RECORDS, "k", (const char *[]){value}, 1); }

/* Of a program that goes on. */
static size_t logged(const char *text, const char *more)
{
    return mocked_lives(&mocked) ? mocked_logged(&mocked, text, more) : 0;
}

static int64_t committed(void) { return mocked_committed(&mocked, GROUP, RECORDS); }

static void end(void)
{
    mocked_end(&mocked);
    cr_expect_eq(mocked_exit_code(&mocked), 0);
}

Test(service, a_batch_is_tried_until_it_is_done_and_committed_then)
{
    give("conflict");
    start(NULL);
    WAIT_UNTIL(logged("event=retried", "status=CONFLICT") == 2);
    WAIT_UNTIL(committed() == 1);
    end();
    cr_expect_eq(mocked_logged(&mocked, "event=noted", "call=handle records=1"), 3, "the same batch each time, and no more");
}

Test(service, a_tick_that_fails_is_tried_again_and_told_of_once)
{
    size_t before;

    start(NULL);
    WAIT_UNTIL(logged("event=noted", "call=tick") > 0);
    redis_process_kill(mocked.redis);
    WAIT_UNTIL(logged("event=tick_failed", "status=UNAVAILABLE") == 1);
    before = logged("event=noted", "call=tick");
    WAIT_UNTIL(logged("event=noted", "call=tick") >= before + 3);
    cr_expect_eq(logged("event=tick_failed", ""), 1);
    redis_process_launch(mocked.redis, NULL);
    redis_process_wait(mocked.redis);
    before = logged("event=noted", "call=tick");
    WAIT_UNTIL(logged("event=noted", "call=tick") >= before + 3);
    redis_process_kill(mocked.redis);
    WAIT_UNTIL(logged("event=tick_failed", "") == 2);
    end();
}

Test(service, ticks_come_between_batches_and_without_them)
{
    size_t before;

    start(NULL);
    give("a");
    WAIT_UNTIL(committed() == 1);
    before = logged("event=noted", "call=tick");
    WAIT_UNTIL(logged("event=noted", "call=tick") > before);
    give("b");
    WAIT_UNTIL(committed() == 2);
    end();
}

/* handle() buries by itself: to go on after such a mistake would lose the batch. */
Test(service, a_service_that_asks_for_a_burial_ends_and_commits_nothing)
{
    give("broken");
    start(NULL);
    cr_expect_eq(mocked_exit_code(&mocked), 1);
    cr_expect_eq(mocked_logged(&mocked, "event=misused", "status=BROKEN"), 1);
    cr_expect_eq(committed(), 0);
}

Test(service, told_to_stop_while_it_tries_in_vain_it_leaves_that_batch_to_the_next)
{
    give("a");
    give("never");
    give("a");
    start((const char *[]){"BATCH_MAX=1", NULL});
    WAIT_UNTIL(logged("event=retried", "status=CONFLICT") >= 2);
    end();
    cr_expect_eq(committed(), 1);
}

Test(service, offsets_wait_for_what_the_batch_sent)
{
    give("send");
    rd_kafka_mock_push_request_errors(mocked.cluster, MOCKED_PRODUCE, 1, RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED);
    start(NULL);
    WAIT_UNTIL(logged("event=rewound", "") == 1);
    WAIT_UNTIL(committed() == 1);
    end();
    cr_expect_eq(mocked_logged(&mocked, "event=noted", "call=handle"), 2);
}
