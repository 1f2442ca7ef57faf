/* /healthz, /readyz and /metrics, asked over HTTP. */
#include "health.h"

#include <criterion/criterion.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

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

/* The whole answer to a request line. */
static const char *ask(const char *request)
{
    static char answer[4096];
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons(port)};
    int connection = socket(AF_INET, SOCK_STREAM, 0);
    size_t length = 0;
    ssize_t got;

    cr_assert_eq(connect(connection, (struct sockaddr *)&address, sizeof(address)), 0);
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
    cr_expect_not_null(strstr(ask("GET /metrics"), "\r\n\r\n# HELP beats_total Beats\n# TYPE beats_total counter\nbeats_total 4\n"));
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
