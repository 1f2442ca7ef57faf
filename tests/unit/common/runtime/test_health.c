/* /healthz, /readyz and /metrics, asked over HTTP. */
#include "clock.h"
#include "health.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#define SLOW 200 /* connections: several times what is served at once */
#define SLOW_STEP_MS 100

static const struct metric_family families[] = {{.name = "beats_total", .help = "Beats", .type = METRIC_COUNTER}};
static struct metrics *metrics;
static struct health *health;
static uint16_t port;

static uint16_t free_port(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(address);
    int listener = socket(AF_INET, SOCK_STREAM, 0);

    cr_assert_eq(bind(listener, (struct sockaddr *)&address, size), 0);
    getsockname(listener, (struct sockaddr *)&address, &size);
    close(listener);
    return ntohs(address.sin_port);
}

static void set_up(void)
{
    port = free_port();
    metrics = metrics_create(&(struct metric_table){families, COUNT_OF(families)}, 1);
    cr_assert_eq(health_start("127.0.0.1", port, metrics, &health), STATUS_OK);
}

static void tear_down(void)
{
    health_stop(health);
    metrics_destroy(metrics);
}

TestSuite(health, .init = set_up, .fini = tear_down);

static int connected(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons(port)};
    int connection = socket(AF_INET, SOCK_STREAM, 0);

    cr_assert_eq(connect(connection, (struct sockaddr *)&address, sizeof(address)), 0);
    return connection;
}

/* The whole answer to a request line. */
static const char *ask(const char *request)
{
    static char answer[4096];
    int connection = connected();
    size_t length = 0;
    ssize_t got;

    dprintf(connection, "%s HTTP/1.0\r\n\r\n", request);
    while ((got = read(connection, answer + length, sizeof(answer) - length - 1)) > 0)
        length += (size_t)got;
    answer[length] = '\0';
    close(connection);
    return answer;
}

static void all_ready(void)
{
    for (enum health_part part = 0; part < HEALTH_PART_COUNT; part++)
        health_set(health, part, NULL);
}

Test(health, is_alive_from_the_start_and_ready_when_all_parts_are)
{
    cr_expect_not_null(strstr(ask("GET /healthz"), " 200 "));
    cr_expect_not_null(strstr(ask("GET /readyz"), " 503 "));
    cr_expect_not(health_is_ready(health));
    cr_expect_not(health_ask("127.0.0.1", port));
    all_ready();
    cr_expect_not_null(strstr(ask("GET /readyz"), " 200 "));
    cr_expect(health_is_ready(health));
    cr_expect(health_ask("127.0.0.1", port));
    health_set(health, HEALTH_REDIS, "waiting for Redis");
    cr_expect_not_null(strstr(ask("GET /readyz"), "waiting for Redis"));
    cr_expect_not(health_ask("127.0.0.1", port));
}

Test(health, shows_the_metrics)
{
    metric_add(metrics_series(metrics, &families[0], NULL), 4);
    metrics_publish(metrics);
    cr_expect_not_null(strstr(ask("GET /metrics"), " 200 "));
    cr_expect_not_null(strstr(ask("GET /metrics"), "Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n"));
    cr_expect_not_null(
        strstr(ask("GET /metrics"), "\r\n\r\n# HELP beats_total Beats\n# TYPE beats_total counter\nbeats_total 4\n"));
    cr_expect_not_null(strstr(ask("HEAD /metrics"), " 200 "));
    cr_expect_null(strstr(ask("HEAD /metrics"), "beats_total"));
    cr_expect_not_null(strstr(ask("POST /metrics"), " 405 "));
    cr_expect_not_null(strstr(ask("GET /metrics/"), " 404 "));
}

Test(health, has_no_metrics_when_it_was_given_none)
{
    struct health *other = NULL;

    port = free_port();
    cr_assert_eq(health_start("127.0.0.1", port, NULL, &other), STATUS_OK);
    cr_expect_not_null(strstr(ask("GET /metrics"), " 404 "));
    health_stop(other);
}

Test(health, says_no_to_the_rest)
{
    cr_expect_not_null(strstr(ask("GET /"), " 404 "));
    cr_expect_not_null(strstr(ask("POST /healthz"), " 405 "));
}

Test(health, has_a_place_for_the_next_one_however_many_are_slow)
{
    int slow[SLOW];

    all_ready();
    for (size_t i = 0; i < SLOW; i++) {
        slow[i] = connected();
        cr_assert_eq(send(slow[i], "G", 1, MSG_NOSIGNAL), 1);
        if (i % 16 == 0)
            cr_expect(health_ask("127.0.0.1", port), "behind %zu slow ones", i + 1);
    }
    cr_expect(health_ask("127.0.0.1", port));
    for (size_t i = 0; i < SLOW; i++)
        close(slow[i]);
}

/* Whether the other side has closed it, seen within a step. */
static bool has_ended(int connection)
{
    struct pollfd wanted = {.fd = connection, .events = POLLIN};

    return poll(&wanted, 1, SLOW_STEP_MS) == 1;
}

Test(health, lets_nobody_send_a_request_for_ever, .timeout = 60)
{
    int connection = connected();

    cr_assert_eq(send(connection, "GET /healthz?", 13, MSG_NOSIGNAL), 13);
    while (!has_ended(connection)) /* it is never idle */
        cr_assert_geq(send(connection, "x", 1, MSG_NOSIGNAL) == 1 || errno == EPIPE || errno == ECONNRESET, 1);
    close(connection);
}

Test(health, is_not_ready_while_a_batch_is_in_trouble)
{
    const int64_t now_ms = clock_steady_ms();

    all_ready();
    health_trouble(health, now_ms);
    cr_expect(health_is_ready(health), "it has only begun");
    health_trouble(health, now_ms - HEALTH_TROUBLE_MS);
    cr_expect_not(health_is_ready(health));
    cr_expect_not_null(strstr(ask("GET /readyz"), "\r\n\r\nbatch: "));
    health_trouble(health, 0);
    cr_expect(health_is_ready(health));
    cr_expect(health_ask("127.0.0.1", port));
}

Test(health, a_taken_port_is_told)
{
    struct health *second = NULL;

    cr_expect_eq(health_start("127.0.0.1", port, NULL, &second), STATUS_FATAL);
    cr_expect_null(second);
}

Test(health, port_0_answers_nobody)
{
    struct health *silent = NULL;

    cr_assert_eq(health_start("127.0.0.1", 0, NULL, &silent), STATUS_OK);
    health_set(silent, HEALTH_KAFKA, NULL);
    cr_expect_not(health_is_ready(silent));
    health_stop(silent);
}
