#include "system.h"

#include "clock.h"
#include "free_port.h"
#include "health.h"
#include "log.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAUSE_MS 5
#define PATH_SIZE 512
#define SETTINGS_MAX 32

static const char *const service_names[SYSTEM_SERVICES] = {"validator", "payment", "inventory", "fulfillment", "orchestrator"};

struct replica {
    pid_t pid; /* 0: does not run */
    uint16_t http_port;
    char log_path[PATH_SIZE];
};

struct system {
    struct system_options options;
    struct replica replicas[SYSTEM_SERVICES][SYSTEM_REPLICAS_MAX];
};

int64_t test_now_ms(void) { return clock_steady_ms(); }

void test_pause(void) { clock_pause_ms(PAUSE_MS); }

static const char *needed(const char *name)
{
    const char *value = getenv(name);

    cr_assert_not_null(value, "%s is not set: run tests/run.sh", name);
    return value;
}

/* ---- processes ---- */

static void print_tail(const struct replica *replica)
{
    char command[PATH_SIZE + 32];

    snprintf(command, sizeof(command), "tail -n 20 '%s' >&2", replica->log_path);
    fprintf(stderr, "---- %s\n", replica->log_path);
    if (system(command) != 0)
        fprintf(stderr, "(no log)\n");
}

static void set_environment(const struct system *system, const char *name, size_t number, const struct replica *replica)
{
    char text[PATH_SIZE];

    setenv("KAFKA_BOOTSTRAP_SERVERS", getenv("ORDERLY_TEST_KAFKA"), 1);
    setenv("REDIS_URL", system->options.redis_url, 1);
    snprintf(text, sizeof(text), "%u", replica->http_port);
    setenv("HTTP_PORT", text, 1);
    snprintf(text, sizeof(text), "%s-%zu", name, number);
    if (system->options.static_members)
        setenv("INSTANCE_ID", text, 1);
    for (size_t i = 0; system->options.settings != NULL && system->options.settings[i] != NULL; i++)
        putenv(strdup(system->options.settings[i]));
}

static void start_replica(struct system *system, size_t service, size_t number)
{
    struct replica *replica = &system->replicas[service][number];
    char program[PATH_SIZE];
    int log;

    snprintf(program, sizeof(program), "%s/orderly-%s", needed("ORDERLY_TEST_BIN"), service_names[service]);
    if (replica->http_port == 0)
        replica->http_port = test_free_port();
    snprintf(replica->log_path, sizeof(replica->log_path), "%s/orderly-test-%d-%s-%zu.log",
             getenv("TMPDIR") == NULL ? "/tmp" : getenv("TMPDIR"), (int)getpid(), service_names[service], number);
    log = open(replica->log_path, O_WRONLY | O_CREAT | O_APPEND, 0600);
    cr_assert_geq(log, 0, "%s: %s", replica->log_path, strerror(errno));
    replica->pid = fork();
    if (replica->pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL); /* what a failed test leaves behind would take the records of the next one */
        dup2(log, STDOUT_FILENO);
        dup2(log, STDERR_FILENO);
        set_environment(system, service_names[service], number, replica);
        execl(program, program, (char *)NULL);
        fprintf(stderr, "%s: %s\n", program, strerror(errno));
        _exit(127);
    }
    close(log);
}

static size_t service_number(const char *name)
{
    for (size_t i = 0; i < SYSTEM_SERVICES; i++)
        if (strcmp(service_names[i], name) == 0)
            return i;
    cr_assert(false, "no service %s", name);
    return 0;
}

void system_revive(struct system *system, const char *service, size_t replica)
{
    start_replica(system, service_number(service), replica);
}

void system_kill(struct system *system, const char *service, size_t number, int signal_number)
{
    struct replica *replica = &system->replicas[service_number(service)][number];

    cr_assert_eq(kill(replica->pid, signal_number), 0);
    if (signal_number != SIGKILL)
        return;
    waitpid(replica->pid, NULL, 0);
    replica->pid = 0;
}

bool system_is_ready(struct system *system, const char *service, size_t number)
{
    return health_ask("127.0.0.1", system->replicas[service_number(service)][number].http_port);
}

size_t system_peak_kilobytes(const struct system *system, const char *service, size_t replica)
{
    char path[PATH_SIZE], line[256];
    size_t kilobytes = 0;
    FILE *file;

    snprintf(path, sizeof(path), "/proc/%d/status", (int)system->replicas[service_number(service)][replica].pid);
    file = fopen(path, "r");
    cr_assert_not_null(file, "%s: %s", path, strerror(errno));
    while (kilobytes == 0 && fgets(line, sizeof(line), file) != NULL)
        (void)sscanf(line, "VmHWM: %zu kB", &kilobytes);
    fclose(file);
    cr_assert_gt(kilobytes, 0, "%s does not tell", path);
    return kilobytes;
}

size_t system_log_lines(const struct system *system, const char *service, size_t number, const char *text)
{
    FILE *log = fopen(system->replicas[service_number(service)][number].log_path, "r");
    char *line = NULL;
    size_t size = 0, count = 0;

    cr_assert_not_null(log);
    while (getline(&line, &size, log) >= 0)
        count += strstr(line, text) != NULL;
    free(line);
    fclose(log);
    return count;
}

static void wait_for_replica(struct replica *replica)
{
    int64_t end_ms = test_now_ms() + SYSTEM_WAIT_MS;

    while (!health_ask("127.0.0.1", replica->http_port)) {
        bool lives = waitpid(replica->pid, NULL, WNOHANG) == 0;
        if (!lives || test_now_ms() > end_ms) {
            print_tail(replica);
            cr_assert(false, "%s %s", replica->log_path, lives ? "is not ready in time" : "ended");
        }
        test_pause();
    }
}

void system_wait_ready(struct system *system)
{
    for (size_t i = 0; i < SYSTEM_SERVICES; i++)
        for (size_t j = 0; j < SYSTEM_REPLICAS_MAX; j++)
            if (system->replicas[i][j].pid != 0)
                wait_for_replica(&system->replicas[i][j]);
}

struct system *system_start(const struct system_options *options, const char *catalog_path)
{
    struct system *system = calloc(1, sizeof(*system));
    char printed[1024];

    system->options = *options;
    if (system->options.replicas == 0)
        system->options.replicas = 1;
    cr_assert_eq(
        system_run_orderly(options->redis_url, (const char *[]){"topics", "create", NULL}, NULL, printed, sizeof(printed)), 0,
        "%s", printed);
    if (catalog_path != NULL)
        cr_assert_eq(system_run_orderly(options->redis_url, (const char *[]){"catalog", "load", catalog_path, NULL}, NULL,
                                        printed, sizeof(printed)),
                     0, "%s", printed);
    for (size_t i = 0; i < SYSTEM_SERVICES; i++)
        for (size_t j = 0; j < system->options.replicas; j++)
            if (options->without == NULL || strcmp(options->without, service_names[i]) != 0)
                start_replica(system, i, j);
    system_wait_ready(system);
    return system;
}

static void stop_replica(struct replica *replica)
{
    int how = 0;

    if (replica->pid == 0)
        return;
    waitpid(replica->pid, &how, 0);
    if (!WIFEXITED(how) || WEXITSTATUS(how) != 0) {
        print_tail(replica);
        cr_expect(false, "%s ended with %x", replica->log_path, how);
    }
    unlink(replica->log_path);
}

void system_stop(struct system *system)
{
    if (system == NULL)
        return;
    for (size_t i = 0; i < SYSTEM_SERVICES; i++)
        for (size_t j = 0; j < SYSTEM_REPLICAS_MAX; j++)
            if (system->replicas[i][j].pid != 0)
                kill(system->replicas[i][j].pid, SIGTERM);
    for (size_t i = 0; i < SYSTEM_SERVICES; i++)
        for (size_t j = 0; j < SYSTEM_REPLICAS_MAX; j++)
            stop_replica(&system->replicas[i][j]);
    free(system);
}

static void exec_orderly(const char *redis_url, const char *const arguments[], int input, int output)
{
    char program[PATH_SIZE];
    const char *all[SETTINGS_MAX] = {program};

    snprintf(program, sizeof(program), "%s/orderly", needed("ORDERLY_TEST_BIN"));
    for (size_t i = 0; arguments[i] != NULL && i + 2 < SETTINGS_MAX; i++)
        all[i + 1] = arguments[i];
    dup2(input, STDIN_FILENO);
    dup2(output, STDOUT_FILENO);
    dup2(output, STDERR_FILENO);
    setenv("KAFKA_BOOTSTRAP_SERVERS", needed("ORDERLY_TEST_KAFKA"), 1);
    setenv("REDIS_URL", redis_url, 1);
    execv(program, (char *const *)(uintptr_t)all);
    _exit(127);
}

/* A file that holds text, at its beginning, with no name any more. */
static int file_of(const char *text)
{
    FILE *file = tmpfile();
    int descriptor;

    cr_assert_not_null(file);
    fputs(text == NULL ? "" : text, file);
    fflush(file);
    descriptor = dup(fileno(file));
    fclose(file);
    lseek(descriptor, 0, SEEK_SET);
    return descriptor;
}

int system_run_orderly(const char *redis_url, const char *const arguments[], const char *input, char *out, size_t size)
{
    int in = file_of(input), printed = file_of(NULL), how = 0;
    pid_t pid = fork();
    ssize_t length;

    if (pid == 0)
        exec_orderly(redis_url, arguments, in, printed);
    waitpid(pid, &how, 0);
    if (out != NULL && size > 0) {
        length = pread(printed, out, size - 1, 0);
        out[length < 0 ? 0 : length] = '\0';
    }
    close(in);
    close(printed);
    return WIFEXITED(how) ? WEXITSTATUS(how) : -1;
}
