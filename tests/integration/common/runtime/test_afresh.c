/* A service whose Kafka client gives up for good, on librdkafka's mock cluster: it starts afresh in its own process, and does
 * what was left. */
#include "health.h"
#include "mocked.h"

#include <criterion/criterion.h>

#define SPOILT 5 /* that many clients in a row */

static const char *const topics[] = {"fulfillment.commands", "fulfillment.commands.dlq", "saga.inbox", NULL};

static struct mocked mocked;

static void set_up(void) { mocked_set_up(&mocked, topics); }

static void tear_down(void) { mocked_tear_down(&mocked); }

TestSuite(afresh, .init = set_up, .fini = tear_down, .timeout = 180);

static void start(const char *const settings[]) { mocked_start(&mocked, "orderly-fulfillment", settings); }

static bool lives(void) { return mocked_lives(&mocked); }

static size_t logged(const char *text, const char *more) { return mocked_logged(&mocked, text, more); }

static int exit_code(void) { return mocked_exit_code(&mocked); }

/* Something that makes the service send: it is buried. */
static void send_junk(void) { mocked_send(&mocked, topics[0], "k", (const char *const[]){"junk"}, 1); }

static void wait_for_dead_letter(void)
{
    struct bus *bus = mocked_read(&mocked, topics[1]);
    struct record records[MOCKED_BATCH];
    int64_t end_ms = test_now_ms() + SYSTEM_WAIT_MS;

    for (size_t count = 0; count == 0; bus_release(bus, records, count)) {
        cr_assert_lt(test_now_ms(), end_ms, "nothing was buried");
        cr_assert_eq(bus_poll(bus, 100, records, &count), STATUS_OK);
    }
    bus_close(bus);
}

/* A log that lost its tail: what comes next is out of sequence. */
static void spoil_clients(size_t count)
{
    for (size_t i = 0; i < count; i++)
        rd_kafka_mock_push_request_errors(mocked.cluster, MOCKED_PRODUCE, 1, RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER);
}

Test(afresh, a_client_that_was_spoilt_is_replaced_and_the_rest_is_done)
{
    pid_t before;

    send_junk();
    spoil_clients(1);
    start(NULL);
    before = mocked.program;
    WAIT_UNTIL(lives() && logged("event=started_afresh", "wait_ms=1000") == 1);
    wait_for_dead_letter();
    WAIT_UNTIL(lives() && health_ask("127.0.0.1", mocked.port));
    cr_expect_eq(mocked.program, before);
    cr_expect_eq(logged("event=started ", ""), 2);
    mocked_end(&mocked);
    cr_expect_eq(exit_code(), 0);
}

Test(afresh, the_pause_grows_and_a_stop_is_heard_in_it)
{
    size_t starts;

    send_junk();
    spoil_clients(SPOILT);
    start(NULL);
    WAIT_UNTIL(lives() && logged("event=started_afresh", "wait_ms=8000") == 1);
    cr_expect_eq(logged("event=started_afresh", "wait_ms=2000"), 1);
    cr_expect_eq(logged("event=started_afresh", "wait_ms=4000"), 1);
    starts = logged("event=started ", "");
    cr_expect_not(health_ask("127.0.0.1", mocked.port));
    mocked_end(&mocked);
    cr_expect_eq(exit_code(), 0);
    cr_expect_eq(logged("event=started ", ""), starts, "it ended in the pause");
}

Test(afresh, a_member_that_was_taken_for_another_starts_afresh)
{
    start((const char *const[]){"INSTANCE_ID=fulfillment-1", NULL});
    WAIT_UNTIL(lives() && health_ask("127.0.0.1", mocked.port));
    rd_kafka_mock_push_request_errors(mocked.cluster, MOCKED_HEARTBEAT, 1, RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID);
    WAIT_UNTIL(lives() && logged("event=started ", "") == 2);
    WAIT_UNTIL(lives() && health_ask("127.0.0.1", mocked.port));
    cr_expect_eq(logged("event=started_afresh", "INSTANCE_ID"), 1);
}

Test(afresh, what_a_new_client_would_meet_again_ends_it)
{
    for (int i = 0; i < 3; i++)
        rd_kafka_mock_push_request_errors(mocked.cluster, MOCKED_INIT_PRODUCER_ID, 1,
                                          RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED);
    start(NULL);
    cr_expect_eq(exit_code(), 1);
    cr_expect_eq(logged("event=stopped", "status=FATAL"), 1);
    cr_expect_eq(logged("event=started_afresh", ""), 0);
}
