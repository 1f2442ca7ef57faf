/* A service whose Kafka client gives up for good, on librdkafka's mock cluster: it starts afresh in its own process, and does
 * what was left. */
#include "health.h"
#include "log.h"
#include "redis_process.h"
#include "system.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define KEY_PRODUCE 0 /* of the protocol's requests */
#define KEY_HEARTBEAT 12
#define KEY_INIT_PRODUCER_ID 22
#define SPOILT 5 /* that many clients in a row */

static const char *const topics[] = {"fulfillment.commands", "fulfillment.commands.dlq", "saga.inbox", NULL};

static rd_kafka_t *client; /* that the cluster lives in */
static rd_kafka_mock_cluster_t *cluster;
static struct redis_process *redis;
static pid_t service;
static char log_path[256];
static uint16_t port;

static void set_up(void)
{
    char problem[256];

    client = rd_kafka_new(RD_KAFKA_PRODUCER, rd_kafka_conf_new(), problem, sizeof(problem));
    cr_assert_not_null(client, "%s", problem);
    cluster = rd_kafka_mock_cluster_new(client, 1);
    for (size_t i = 0; topics[i] != NULL; i++)
        rd_kafka_mock_topic_create(cluster, topics[i], 1, 1);
    redis = redis_process_start(NULL);
    port = test_free_port();
    snprintf(log_path, sizeof(log_path), "%s/orderly-afresh-%d.log",
             getenv("TMPDIR") == NULL ? "/tmp" : getenv("TMPDIR"), (int)getpid());
}

static void tear_down(void)
{
    if (service != 0) {
        kill(service, SIGKILL);
        waitpid(service, NULL, 0);
    }
    unlink(log_path);
    redis_process_stop(redis);
    rd_kafka_mock_cluster_destroy(cluster);
    rd_kafka_destroy(client);
}

TestSuite(afresh, .init = set_up, .fini = tear_down, .timeout = 180);

static void start(const char *instance_id)
{
    char program[512], number[8];
    int log = open(log_path, O_WRONLY | O_CREAT | O_APPEND, 0600);

    cr_assert_geq(log, 0, "%s: %s", log_path, strerror(errno));
    cr_assert_not_null(getenv("ORDERLY_TEST_BIN"), "ORDERLY_TEST_BIN is not set: run tests/run.sh");
    snprintf(program, sizeof(program), "%s/orderly-fulfillment", getenv("ORDERLY_TEST_BIN"));
    snprintf(number, sizeof(number), "%u", port);
    service = fork();
    if (service == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        setenv("KAFKA_BOOTSTRAP_SERVERS", rd_kafka_mock_cluster_bootstraps(cluster), 1);
        setenv("REDIS_URL", redis_process_url(redis), 1);
        setenv("HTTP_PORT", number, 1);
        setenv("INSTANCE_ID", instance_id, 1);
        dup2(log, STDOUT_FILENO);
        dup2(log, STDERR_FILENO);
        execl(program, program, (char *)NULL);
        _exit(127);
    }
    close(log);
}

/* How many lines of the log have both texts. */
static size_t logged(const char *text, const char *more)
{
    char line[LOG_LINE_MAX + 1];
    FILE *log = fopen(log_path, "r");
    size_t count = 0;

    while (log != NULL && fgets(line, sizeof(line), log) != NULL)
        count += strstr(line, text) != NULL && strstr(line, more) != NULL;
    if (log != NULL)
        fclose(log);
    return count;
}

#define WAIT_UNTIL(condition)                                                                    \
    for (int64_t wait_end_ms = test_now_ms() + SYSTEM_WAIT_MS; !(condition); test_pause())       \
    cr_assert_lt(test_now_ms(), wait_end_ms, "it never came true: %s", #condition)

/* How it ended; it must have been told to, or have lost hope. */
static int exit_code(void)
{
    int how = 0;

    cr_assert_eq(waitpid(service, &how, 0), service);
    service = 0;
    return WIFEXITED(how) ? WEXITSTATUS(how) : -1;
}

/* Ends the test when it does not. */
static bool lives(void)
{
    int how;

    if (service != 0 && waitpid(service, &how, WNOHANG) == service) {
        service = 0;
        cr_assert(false, "it ended with %x", how);
    }
    return true;
}

static struct bus *open_bus(const char *const sends_to[], const char *const reads[])
{
    struct bus_options options = {.bootstrap = rd_kafka_mock_cluster_bootstraps(cluster), .client_id = "orderly-test",
                                  .group_id = reads == NULL ? NULL : "orderly-test",
                                  .topics = reads, .sends_to = sends_to, .batch_max = 10};
    char problem[256] = "";
    struct bus *bus = NULL;

    cr_assert_eq(bus_open(&options, problem, sizeof(problem), &bus), STATUS_OK, "%s", problem);
    return bus;
}

/* Something that makes the service send: it is buried. */
static void send_junk(void)
{
    const struct outgoing junk = {.topic = topics[0], .partition = -1, .key = TEXT("k"), .value = TEXT("junk")};
    struct bus *bus = open_bus(topics, NULL);

    cr_assert_eq(bus_send(bus, &junk), STATUS_OK);
    cr_assert_eq(bus_flush(bus, NULL), STATUS_OK, "%s", bus_problem(bus));
    bus_close(bus);
}

static void wait_for_dead_letter(void)
{
    struct bus *bus = open_bus(NULL, (const char *const[]){topics[1], NULL});
    struct record records[10];
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
        rd_kafka_mock_push_request_errors(cluster, KEY_PRODUCE, 1, RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER);
}

Test(afresh, a_client_that_was_spoilt_is_replaced_and_the_rest_is_done)
{
    pid_t before;

    send_junk();
    spoil_clients(1);
    start("");
    before = service;
    WAIT_UNTIL(lives() && logged("event=started_afresh", "wait_ms=1000") == 1);
    wait_for_dead_letter();
    WAIT_UNTIL(lives() && health_ask("127.0.0.1", port));
    cr_expect_eq(service, before);
    cr_expect_eq(logged("event=started ", ""), 2);
    cr_expect_eq(kill(service, SIGTERM), 0);
    cr_expect_eq(exit_code(), 0);
}

Test(afresh, the_pause_grows_and_a_stop_is_heard_in_it)
{
    size_t starts;

    send_junk();
    spoil_clients(SPOILT);
    start("");
    WAIT_UNTIL(lives() && logged("event=started_afresh", "wait_ms=8000") == 1);
    cr_expect_eq(logged("event=started_afresh", "wait_ms=2000"), 1);
    cr_expect_eq(logged("event=started_afresh", "wait_ms=4000"), 1);
    starts = logged("event=started ", "");
    cr_expect_not(health_ask("127.0.0.1", port));
    cr_expect_eq(kill(service, SIGTERM), 0);
    cr_expect_eq(exit_code(), 0);
    cr_expect_eq(logged("event=started ", ""), starts, "it ended in the pause");
}

Test(afresh, a_member_that_was_taken_for_another_starts_afresh)
{
    start("fulfillment-1");
    WAIT_UNTIL(lives() && health_ask("127.0.0.1", port));
    rd_kafka_mock_push_request_errors(cluster, KEY_HEARTBEAT, 1, RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID);
    WAIT_UNTIL(lives() && logged("event=started ", "") == 2);
    WAIT_UNTIL(lives() && health_ask("127.0.0.1", port));
    cr_expect_eq(logged("event=started_afresh", "INSTANCE_ID"), 1);
}

Test(afresh, what_a_new_client_would_meet_again_ends_it)
{
    for (int i = 0; i < 3; i++)
        rd_kafka_mock_push_request_errors(cluster, KEY_INIT_PRODUCER_ID, 1, RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED);
    start("");
    cr_expect_eq(exit_code(), 1);
    cr_expect_eq(logged("event=stopped", "status=FATAL"), 1);
    cr_expect_eq(logged("event=started_afresh", ""), 0);
}
