/* redis_process.c - see the header. */
#include "redis_process.h"

#include "clock.h"
#include "free_port.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ftw.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define PATH_SIZE 256
#define OPTIONS_MAX 32
#define START_WAIT_MS 20000
#define POLL_MS 5
struct redis_process {
    pid_t pid; /* 0: not running */
    int port;
    const char *const *options;
    char folder[PATH_SIZE], socket[PATH_SIZE + 16], url[64];
};

static void give_up(const char *what)
{
    fprintf(stderr, "redis_process: %s: %s\n", what, strerror(errno));
    abort();
}

/* Becomes redis-server. */
static void run_server(const struct redis_process *redis)
{
    char port[16];
    const char *arguments[OPTIONS_MAX + 32] = {
        "redis-server",
        "--port",
        port,
        "--bind",
        "127.0.0.1",
        "--dir",
        redis->folder,
        "--unixsocket",
        redis->socket,
        "--save",
        "",
        "--appendonly",
        "yes",
        "--appendfsync",
        "always",
        "--enable-debug-command",
        "local",
        "--logfile",
        "redis.log",
        "--daemonize",
        "no",
    };
    size_t count = 0;

    while (arguments[count] != NULL)
        count++;
    for (size_t i = 0; redis->options != NULL && redis->options[i] != NULL && i < OPTIONS_MAX; i++)
        arguments[count++] = redis->options[i];
    snprintf(port, sizeof(port), "%d", redis->port);
    execvp(arguments[0], (char *const *)(uintptr_t)arguments);
    give_up("redis-server can't be run");
}

void redis_process_launch(struct redis_process *redis, const char *const options[])
{
    redis->options = options;
    redis->pid = fork();
    if (redis->pid < 0)
        give_up("fork");
    if (redis->pid > 0)
        return;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    signal(SIGPIPE, SIG_DFL);
    run_server(redis);
}

/* Whether Redis answers a PING, even if the answer is that it wants a password. */
static bool answers(const struct redis_process *redis)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons((uint16_t)redis->port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const struct timeval timeout = {1, 0};
    int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    char reply[8] = "";
    bool good;

    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
    good = connect(descriptor, (struct sockaddr *)&address, sizeof(address)) == 0 &&
           send(descriptor, "PING\r\n", 6, MSG_NOSIGNAL) == 6 && recv(descriptor, reply, sizeof(reply) - 1, 0) > 0 &&
           (strncmp(reply, "+PONG", 5) == 0 || strncmp(reply, "-NOAUTH", 7) == 0);
    close(descriptor);
    return good;
}

/* Whether Redis answers within START_WAIT_MS, and before its process ends. */
static bool comes_up(struct redis_process *redis)
{
    for (int waited_ms = 0; waited_ms < START_WAIT_MS; waited_ms += POLL_MS) {
        if (waitpid(redis->pid, NULL, WNOHANG) == redis->pid) {
            redis->pid = 0;
            return false;
        }
        if (answers(redis))
            return true;
        clock_pause_ms(POLL_MS);
    }
    return false;
}

void redis_process_wait(struct redis_process *redis)
{
    if (!comes_up(redis)) {
        fprintf(stderr, "redis_process: it does not come up; see %s/redis.log\n", redis->folder);
        abort();
    }
}

struct redis_process *redis_process_start(const char *const options[])
{
    struct redis_process *redis = calloc(1, sizeof(*redis));
    const char *parent = getenv("TMPDIR");

    if (redis == NULL)
        give_up("calloc");
    snprintf(redis->folder, sizeof(redis->folder), "%s/orderly-redis-XXXXXX", parent == NULL ? "/tmp" : parent);
    if (mkdtemp(redis->folder) == NULL)
        give_up("mkdtemp");
    snprintf(redis->socket, sizeof(redis->socket), "%s/redis.sock", redis->folder);
    redis->port = test_free_port();
    redis_process_launch(redis, options);
    if (!comes_up(redis)) { /* another process may have been quicker to take the port */
        redis->port = test_free_port();
        redis_process_launch(redis, options);
        redis_process_wait(redis);
    }
    snprintf(redis->url, sizeof(redis->url), "redis://127.0.0.1:%d", redis->port);
    return redis;
}

void redis_process_kill(struct redis_process *redis)
{
    if (redis->pid == 0)
        return;
    kill(redis->pid, SIGKILL);
    while (waitpid(redis->pid, NULL, 0) < 0 && errno == EINTR)
        continue;
    redis->pid = 0;
}

void redis_process_restart(struct redis_process *redis)
{
    redis_process_kill(redis);
    redis_process_launch(redis, redis->options);
    redis_process_wait(redis);
}

static int remove_one(const char *path, const struct stat *info, int type, struct FTW *place)
{
    (void)info, (void)type, (void)place;
    return remove(path);
}

void redis_process_stop(struct redis_process *redis)
{
    if (redis == NULL)
        return;
    redis_process_kill(redis);
    nftw(redis->folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    free(redis);
}

void redis_process_freeze(struct redis_process *redis) { kill(redis->pid, SIGSTOP); }

void redis_process_thaw(struct redis_process *redis) { kill(redis->pid, SIGCONT); }

const char *redis_process_url(const struct redis_process *redis) { return redis->url; }

const char *redis_process_socket(const struct redis_process *redis) { return redis->socket; }

int redis_process_port(const struct redis_process *redis) { return redis->port; }
