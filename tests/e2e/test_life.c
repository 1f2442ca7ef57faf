/* How many orders are under way at a time, what an order writes, and the life of its keys from the first to the last. */
#include "stage.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define WAITING 2000
#define LIMIT 20
#define LIMIT_OVERSHOT                                                                                                           \
    10 /* times: an order that was let in and is not folded yet is counted late, the later the busier the machine */

TestSuite(life, .init = stage_set_up, .fini = stage_tear_down);

/* ---- admission control ---- */

/* Thousands wait in Kafka; those that are in go through one after another, and memory and Redis see few of them at a time. */
Test(life, no_more_are_under_way_than_allowed_and_they_end_while_thousands_wait)
{
    const char **ids = malloc(WAITING * sizeof(*ids));
    size_t most = 0, ended = 0, ended_while_waiting = 0;

    START("MAX_INFLIGHT_SAGAS=20");
    send_orders("waiting", ids, WAITING);
    for (int64_t end_ms = test_now_ms() + 3 * SYSTEM_WAIT_MS; ended < WAITING; test_pause()) {
        size_t now = sagas_under_way();
        cr_assert_lt(test_now_ms(), end_ms, "%zu of %d ended", ended, WAITING);
        most = now > most ? now : most;
        ended = (size_t)store_number(REDIS(TEXT("ZCARD"), TEXT("sagas:completed")));
        if (ended + now < WAITING / 2)
            ended_while_waiting = ended;
    }
    cr_expect_gt(most, 0);
    cr_expect_leq(most, LIMIT_OVERSHOT * LIMIT, "%zu at a time", most);
    cr_expect_gt(ended_while_waiting, 0);
    cr_expect_eq(wait_for_end(stage.store, ids, WAITING), WAITING);
    assert_balanced(stage.store, ids, WAITING);
    free(ids);
}

/* ---- what an order writes ---- */

/* Redis' own account of all commands, from now on. */
static int open_monitor(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)redis_process_port(stage.redis)),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int monitor = socket(AF_INET, SOCK_STREAM, 0);
    char answer[5];

    cr_assert_eq(connect(monitor, (struct sockaddr *)&address, sizeof(address)), 0);
    cr_assert_eq(write(monitor, "MONITOR\r\n", 9), 9);
    cr_assert_eq(recv(monitor, answer, sizeof(answer), MSG_WAITALL), 5);
    return monitor;
}

/* How many commands about this order's timer the monitor saw that change it. Closes the monitor. */
static size_t timer_writes(int monitor, const char *id)
{
    static char seen[4 * 1024 * 1024];
    size_t length = 0, writes = 0;

    REDIS(TEXT("ECHO"), TEXT("the end"));
    while (memmem(seen, length, "the end", 7) == NULL) {
        ssize_t got = read(monitor, seen + length, sizeof(seen) - 1 - length);
        cr_assert_gt(got, 0);
        length += (size_t)got;
    }
    close(monitor);
    for (char *line = strtok(seen, "\n"); line != NULL; line = strtok(NULL, "\n"))
        if (strstr(line, id) != NULL && strstr(line, "sagas:timers:") != NULL &&
            (strcasestr(line, "\"ZADD\"") != NULL || strcasestr(line, "\"ZREM\"") != NULL))
            writes++;
    return writes;
}

Test(life, a_healthy_order_costs_two_timer_writes)
{
    const char *id = unique("writes");
    int monitor;

    START("STEP_TIMEOUT_MS=60000");
    monitor = open_monitor();
    send_order(id, "IT");
    wait_for_status(stage.store, id, "completed");
    WAIT_UNTIL(is_listed("sagas:completed", id) && !is_listed(timer_key(id), id));
    cr_expect_eq(timer_writes(monitor, id), 2, "one at the admission, one at the end");
}

/* ---- the life of keys ---- */

static struct text key_of(const char *format, const char *id) { return text_format(stage.arena, "%s%s", format, id); }

/* Sends an order with a header that says when it was made, beside the count that a redrive writes. */
static void send_old(const char *id, const char *header, const char *value)
{
    static const char *const topics[] = {"orders", NULL};
    struct bus_options options = {
        .bootstrap = getenv("ORDERLY_TEST_KAFKA"), .client_id = "orderly-test", .sends_to = topics, .batch_max = 1};
    struct header headers[] = {{text_of(header), text_of(value)}, {TEXT("dlq-redrives"), TEXT("1")}};
    char problem[256];
    struct bus *bus;

    cr_assert_eq(bus_open(&options, problem, sizeof(problem), &bus), STATUS_OK, "%s", problem);
    cr_assert_eq(
        bus_send(bus,
                 &(struct outgoing){
                     .topic = "orders", .partition = -1, .value = order_to(id, "IT"), .headers = headers, .header_count = 2}),
        STATUS_OK);
    cr_assert_eq(bus_flush(bus, NULL), STATUS_OK, "%s", bus_problem(bus));
    bus_close(bus);
}

struct seen_dead {
    const char *order_id;
    size_t count;
};

static void see_dead(const struct record *record, void *context)
{
    struct seen_dead *seen = context;
    struct text reason;

    if (memmem(record->value.at, record->value.length, seen->order_id, strlen(seen->order_id)) == NULL)
        return;
    cr_expect(record_header(record, "dlq-reason", &reason) && text_equals(reason, TEXT("too_old")), "%.*s", TEXT_ARG(reason));
    seen->count++;
}

static void expect_too_old(const char *id, size_t times)
{
    struct seen_dead seen = {.order_id = id};

    for (int64_t end_ms = test_now_ms() + SYSTEM_WAIT_MS; seen.count < times && test_now_ms() < end_ms;) {
        seen.count = 0;
        read_topic("orders.dlq", see_dead, &seen);
    }
    cr_expect_eq(seen.count, times);
}

/* Days of three seconds, two of them of retention: swept after nine seconds, gone after twelve. */
Test(life, of_keys_from_the_first_to_the_last)
{
    const char *done = unique("done"), *parked = unique("parked"), *running = unique("running");
    struct text made_at;

    START("DAY_SECONDS=3", "RETENTION_DAYS=2", "CAPTURE_ATTEMPTS=1", "STEP_TIMEOUT_MS=2000");
    system_kill(stage.services, "fulfillment", 0, SIGSTOP);
    send_order(parked, "IT");
    wait_for_status(stage.store, parked, "fulfilling");
    REDIS(TEXT("HSET"), key_of("payment:", parked), TEXT("status"), TEXT("mislaid"));
    system_kill(stage.services, "fulfillment", 0, SIGCONT);
    wait_for_status(stage.store, parked, "needs_attention");
    send_order(done, "IT");
    wait_for_status(stage.store, done, "completed");
    made_at = text_copy(stage.arena, text_of(saga_field(done, "createdAt")));
    system_kill(stage.services, "inventory", 0, SIGKILL);
    send_order(running, "IT");
    wait_for_status(stage.store, running, "allocating_inventory");
    int64_t lives = store_number(REDIS(TEXT("TTL"), key_of("saga:", done)));
    cr_expect(lives > 0 && lives <= 12, "%lld", (long long)lives);
    cr_expect(is_listed("sagas:completed", done) && key_exists(key_of("payment:", done).at));

    WAIT_UNTIL(!key_exists(key_of("payment:", done).at));
    cr_expect(key_exists(key_of("saga:", done).at), "its marks go first");
    WAIT_UNTIL(!is_listed("sagas:completed", done));
    cr_expect(!key_exists(key_of("shipment:", done).at));
    cr_expect(!key_exists(key_of("{stock:main}:reservation:", done).at));
    cr_expect_str_eq(hash_field(stage.store, "{stock:main}:swept", "HOT"), "2");
    WAIT_UNTIL(!key_exists(key_of("saga:", done).at));
    cr_expect(!key_exists(key_of("{saga:", text_format(stage.arena, "%s}:history", done).at).at));

    send_old(done, "ce_time", made_at.at);
    send_old(done, "dlq-timestamp", "1700000000000");
    expect_too_old(done, 2);
    cr_expect(!key_exists(key_of("saga:", done).at) && !key_exists(key_of("payment:", done).at), "not charged again");

    cr_expect_str_eq(saga_field(parked, "status"), "needs_attention");
    cr_expect_eq(store_number(REDIS(TEXT("TTL"), key_of("saga:", parked))), -1, "what is parked or running never expires");
    cr_expect_eq(store_number(REDIS(TEXT("TTL"), key_of("saga:", running))), -1);
    cr_expect(key_exists(key_of("{stock:main}:reservation:", parked).at) && key_exists(key_of("shipment:", parked).at));
    cr_expect(is_listed("sagas:needs_attention", parked) && is_listed("sagas:running", running));
    system_revive(stage.services, "inventory", 0);
    wait_for_status(stage.store, running, "completed");
    REDIS(TEXT("HSET"), key_of("payment:", parked), TEXT("status"), TEXT("authorized"));
    send_signal("retry", parked);
    wait_for_status(stage.store, parked, "completed");
    assert_balanced(stage.store, (const char *[]){parked, running}, 2);
}
