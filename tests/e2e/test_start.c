/* How a service starts and stops: settings, health, and what it waits for. */
#include "free_port.h"
#include "redis_process.h"
#include "system.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *const services[] = {"validator", "payment", "inventory", "fulfillment", "orchestrator"};

/* Runs a service with one argument and gives its exit code; out gets what it printed. */
static int run(const char *service, const char *argument, char *out, size_t size)
{
    char program[512];
    int ends[2], how;
    size_t length = 0;
    ssize_t got;
    pid_t pid;

    snprintf(program, sizeof(program), "%s/orderly-%s", getenv("ORDERLY_TEST_BIN"), service);
    cr_assert_eq(pipe(ends), 0);
    pid = fork();
    if (pid == 0) {
        dup2(ends[1], STDOUT_FILENO);
        dup2(ends[1], STDERR_FILENO);
        execl(program, program, argument, (char *)NULL);
        _exit(127);
    }
    close(ends[1]);
    while (length + 1 < size && (got = read(ends[0], out + length, size - length - 1)) > 0)
        length += (size_t)got;
    out[length] = '\0';
    close(ends[0]);
    waitpid(pid, &how, 0);
    return WIFEXITED(how) ? WEXITSTATUS(how) : -1;
}

Test(start, help_and_version)
{
    static char out[65536];

    for (size_t i = 0; i < COUNT_OF(services); i++) {
        cr_expect_eq(run(services[i], "--help", out, sizeof(out)), 0);
        cr_expect_not_null(strstr(out, "KAFKA_BOOTSTRAP_SERVERS"));
        cr_expect_eq(run(services[i], "--version", out, sizeof(out)), 0);
        cr_expect_eq(run(services[i], "--print-metrics", out, sizeof(out)), 0);
        cr_expect_not_null(strstr(out, "| `orderly_messages_total` | counter | `topic` |"));
        cr_expect_eq(run(services[i], "--frobnicate", out, sizeof(out)), 2);
        cr_expect_eq(run(services[i], "argument", out, sizeof(out)), 2);
    }
}

Test(start, all_mistakes_in_the_settings_at_once)
{
    static char out[65536];

    setenv("BATCH_MAX", "none", 1);
    setenv("REDIS_URL", "http://:verysecret@host", 1);
    setenv("LOG_LEVEL", "loud", 1);
    setenv("RDKAFKA_GROUP_ID", "mine", 1);
    setenv("SIMULATED_FAIL", "payment.authorize:101,payment.refund:1", 1);
    setenv("SIMULATED_LATENCY_MS", "60001", 1);
    for (size_t i = 0; i < COUNT_OF(services); i++) {
        cr_expect_eq(run(services[i], NULL, out, sizeof(out)), 2);
        cr_expect_not_null(strstr(out, "BATCH_MAX"), "%s", out);
        cr_expect_not_null(strstr(out, "REDIS_URL"), "%s", out);
        cr_expect_not_null(strstr(out, "LOG_LEVEL"), "%s", out);
        cr_expect_not_null(strstr(out, "RDKAFKA_GROUP_ID"), "%s", out);
        cr_expect_null(strstr(out, "verysecret"), "%s", out);
        if (strcmp(services[i], "orchestrator") == 0)
            continue;
        cr_expect_not_null(strstr(out, "payment.authorize:101"), "%s", out);
        cr_expect_not_null(strstr(out, "payment.refund:1"), "%s", out);
        cr_expect_not_null(strstr(out, "SIMULATED_LATENCY_MS"), "%s", out);
    }
    setenv("BATCH_MAX", "1", 1);
    setenv("LOG_LEVEL", "info", 1);
    unsetenv("REDIS_URL");
    unsetenv("RDKAFKA_GROUP_ID");
    unsetenv("SIMULATED_FAIL");
    unsetenv("SIMULATED_LATENCY_MS");
    setenv("RDKAFKA_NO_SUCH_PROPERTY", "1", 1);
    cr_expect_eq(run("payment", NULL, out, sizeof(out)), 2, "librdkafka refuses it: %s", out);
}

/* A validator against this Kafka and Redis; waits for nothing. */
static pid_t start_validator(const char *kafka, const char *redis_url, const char *port)
{
    char program[512];
    pid_t pid = fork();

    if (pid != 0)
        return pid;
    snprintf(program, sizeof(program), "%s/orderly-validator", getenv("ORDERLY_TEST_BIN"));
    setenv("KAFKA_BOOTSTRAP_SERVERS", kafka, 1);
    setenv("REDIS_URL", redis_url, 1);
    setenv("HTTP_PORT", port, 1);
    dup2(open("/dev/null", O_WRONLY), STDOUT_FILENO);
    dup2(STDOUT_FILENO, STDERR_FILENO);
    execl(program, program, (char *)NULL);
    _exit(127);
}

/* A free port as text. */
static const char *free_port_text(void)
{
    static char text[8];

    snprintf(text, sizeof(text), "%u", test_free_port());
    return text;
}

static bool is_ready(const char *port)
{
    static char out[4096];

    setenv("HTTP_PORT", port, 1);
    return run("validator", "--healthcheck", out, sizeof(out)) == 0;
}

static void expect_graceful_end(pid_t pid)
{
    int how = -1;

    kill(pid, SIGTERM);
    waitpid(pid, &how, 0);
    cr_expect_eq(how, 0);
}

Test(start, redis_may_come_later_and_go_and_come)
{
    struct redis_process *redis = redis_process_start(NULL);
    const char *port = free_port_text();
    int64_t end_ms = test_now_ms() + SYSTEM_WAIT_MS;
    pid_t pid;

    cr_assert_eq(system_run_orderly(redis_process_url(redis), (const char *[]){"topics", "create", NULL}, NULL, NULL, 0), 0);
    cr_assert_eq(system_run_orderly(redis_process_url(redis),
                                    (const char *[]){"catalog", "load", "tests/support/catalog.json", NULL}, NULL, NULL, 0),
                 0);
    redis_process_kill(redis);
    pid = start_validator(getenv("ORDERLY_TEST_KAFKA"), redis_process_url(redis), port);
    cr_expect_not(is_ready(port));
    cr_expect_eq(waitpid(pid, NULL, WNOHANG), 0, "it waits");
    redis_process_launch(redis, NULL);
    while (!is_ready(port) && test_now_ms() < end_ms)
        test_pause();
    cr_expect(is_ready(port));
    redis_process_kill(redis);
    while (is_ready(port) && test_now_ms() < end_ms)
        test_pause();
    cr_expect_not(is_ready(port));
    expect_graceful_end(pid);
    redis_process_stop(redis);
}

Test(start, kafka_may_be_away_and_a_stop_is_heard_all_the_same)
{
    struct redis_process *redis = redis_process_start(NULL);
    const char *port = free_port_text();
    pid_t pid = start_validator("127.0.0.1:1", redis_process_url(redis), port);
    int64_t end_ms = test_now_ms() + 1500;

    while (test_now_ms() < end_ms) {
        cr_assert_eq(waitpid(pid, NULL, WNOHANG), 0, "it waits");
        cr_expect_not(is_ready(port));
    }
    expect_graceful_end(pid);
    redis_process_stop(redis);
}
