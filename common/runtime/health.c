/* health.c - the only file that includes libmicrohttpd. The socket is opened here, not by the library, so that errno tells
 * what is wrong. */
#include "health.h"

#include "clock.h"

#include <errno.h>
#include <microhttpd.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define CONNECTIONS_MAX 32U
#define CONNECTIONS_ROOM (2 * CONNECTIONS_MAX) /* with those that have made room and are not gone yet */
#define CONNECTION_MS_MAX 5000
#define WATCH_STEP_MS 200 /* how often the age of connections is looked at, while there are any */
#define BACKLOG 16
#define ASK_TIMEOUT_MS 2000
#define BODY_SIZE 512

/* A connection, as the HTTP thread sees it. */
struct visit {
    int descriptor;
    int64_t began_ms;
    bool taken, ended; /* ended: it has been shut down, and goes when the library sees that */
};

struct health {
    struct MHD_Daemon *daemon; /* NULL: answers nobody */
    pthread_t thread;          /* runs it */
    atomic_bool stopping;
    int listener;
    struct visit visits[CONNECTIONS_ROOM]; /* of the HTTP thread alone */
    const struct metrics *metrics;
    _Atomic(const char *) lacks[HEALTH_PART_COUNT]; /* NULL: ready */
    atomic_int_fast64_t trouble_since_ms;           /* 0: no batch is in trouble */
};

static const char *const part_names[HEALTH_PART_COUNT] = {
    [HEALTH_KAFKA] = "kafka", [HEALTH_REDIS] = "redis", [HEALTH_SERVICE] = "service"};

static enum MHD_Result answer(void *opaque, struct MHD_Connection *connection, const char *url, const char *method,
                              const char *version, const char *upload, size_t *upload_size, void **request);

/* Calls try with the socket address of bind:port and a fresh socket; gives the socket when that went well, else -1 and errno. */
static int open_socket(const char *bind, uint16_t port, int (*try)(int, const struct sockaddr *, socklen_t))
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV};
    struct addrinfo *address;
    char service[8];
    int descriptor, error;

    snprintf(service, sizeof(service), "%u", (unsigned)port);
    if (getaddrinfo(bind, service, &hints, &address) != 0) {
        errno = EADDRNOTAVAIL;
        return -1;
    }
    descriptor = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (descriptor >= 0 && try(descriptor, address->ai_addr, address->ai_addrlen) != 0) {
        error = errno;
        close(descriptor);
        errno = error;
        descriptor = -1;
    }
    freeaddrinfo(address);
    return descriptor;
}

static int bind_and_listen(int descriptor, const struct sockaddr *address, socklen_t length)
{
    const int yes = 1;

    setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)); /* a restart must not wait for old connections to fade */
    return bind(descriptor, address, length) == 0 ? listen(descriptor, BACKLOG) : -1;
}

/* ---- connections: the library limits how long one is idle, not how long it lasts ---- */

/* The library finds the end of what was sent, and lets it go. */
static void end_visit(struct visit *visit)
{
    shutdown(visit->descriptor, SHUT_RDWR);
    visit->ended = true;
}

static void make_room(struct health *health)
{
    struct visit *oldest = NULL;
    size_t count = 0;

    for (size_t i = 0; i < CONNECTIONS_ROOM; i++) {
        struct visit *visit = &health->visits[i];
        if (!visit->taken || visit->ended)
            continue;
        count++;
        if (oldest == NULL || visit->began_ms < oldest->began_ms)
            oldest = visit;
    }
    if (count > CONNECTIONS_MAX)
        end_visit(oldest);
}

static void begin_visit(struct health *health, struct MHD_Connection *connection, void **out_visit)
{
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    size_t place = 0;

    while (place < CONNECTIONS_ROOM && health->visits[place].taken)
        place++;
    if (place == CONNECTIONS_ROOM || info == NULL)
        return;
    health->visits[place] = (struct visit){.descriptor = info->connect_fd, .began_ms = clock_steady_ms(), .taken = true};
    *out_visit = &health->visits[place];
    make_room(health);
}

static void note_connection(void *opaque, struct MHD_Connection *connection, void **visit,
                            enum MHD_ConnectionNotificationCode code)
{
    if (code == MHD_CONNECTION_NOTIFY_STARTED)
        begin_visit(opaque, connection, visit);
    else if (*visit != NULL)
        ((struct visit *)*visit)->taken = false; /* the descriptor is closed next, and may become another connection's */
}

/* Ends connections that have lasted too long; gives whether any is left. */
static bool end_overdue(struct health *health)
{
    const int64_t overdue_ms = clock_steady_ms() - CONNECTION_MS_MAX;
    bool any = false;

    for (size_t i = 0; i < CONNECTIONS_ROOM; i++) {
        struct visit *visit = &health->visits[i];
        any = any || visit->taken;
        if (visit->taken && !visit->ended && visit->began_ms <= overdue_ms)
            end_visit(visit);
    }
    return any;
}

static void *serve(void *opaque)
{
    struct health *health = opaque;

    while (!atomic_load(&health->stopping))
        if (MHD_run_wait(health->daemon, end_overdue(health) ? WATCH_STEP_MS : -1) != MHD_YES)
            poll(NULL, 0, WATCH_STEP_MS); /* the library is out of descriptors, or of memory */
    return NULL;
}

/* Signals are for the main thread, whose waits they must interrupt. */
static bool start_thread(struct health *health)
{
    sigset_t all, before;
    int error;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    error = pthread_create(&health->thread, NULL, serve, health);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    errno = error;
    return error == 0;
}

static bool start_daemon(struct health *health)
{
    health->daemon = MHD_start_daemon(MHD_USE_EPOLL, 0, NULL, NULL, answer, health, MHD_OPTION_LISTEN_SOCKET, health->listener,
                                      MHD_OPTION_CONNECTION_LIMIT, CONNECTIONS_ROOM, MHD_OPTION_NOTIFY_CONNECTION,
                                      note_connection, health, MHD_OPTION_END);
    if (health->daemon == NULL) {
        close(health->listener);
        return false;
    }
    if (start_thread(health))
        return true;
    MHD_stop_daemon(health->daemon); /* closes the listener */
    return false;
}

enum status health_start(const char *bind, uint16_t port, const struct metrics *metrics, struct health **out_health)
{
    struct health *health = calloc(1, sizeof(*health));

    if (health == NULL)
        abort();
    health->metrics = metrics;
    for (size_t i = 0; i < HEALTH_PART_COUNT; i++)
        atomic_init(&health->lacks[i], "starting");
    if (port != 0) {
        health->listener = open_socket(bind, port, bind_and_listen);
        if (health->listener < 0 || !start_daemon(health)) {
            free(health);
            return STATUS_FATAL;
        }
    }
    *out_health = health;
    return STATUS_OK;
}

void health_stop(struct health *health)
{
    if (health == NULL)
        return;
    if (health->daemon != NULL) {
        atomic_store(&health->stopping, true);
        shutdown(health->listener, SHUT_RDWR); /* wakes the thread from MHD_run_wait() */
        pthread_join(health->thread, NULL);
        MHD_stop_daemon(health->daemon);
    }
    free(health);
}

void health_set(struct health *health, enum health_part part, const char *lack) { atomic_store(&health->lacks[part], lack); }

void health_trouble(struct health *health, int64_t since_ms) { atomic_store(&health->trouble_since_ms, since_ms); }

static bool is_in_trouble(const struct health *health)
{
    int64_t since_ms = atomic_load(&health->trouble_since_ms);

    return since_ms != 0 && clock_steady_ms() - since_ms >= HEALTH_TROUBLE_MS;
}

bool health_is_ready(const struct health *health)
{
    if (is_in_trouble(health))
        return false;
    for (size_t i = 0; i < HEALTH_PART_COUNT; i++)
        if (atomic_load(&health->lacks[i]) != NULL)
            return false;
    return true;
}

/* ---- answering ---- */

/* Releases the response. */
static enum MHD_Result send_response(struct MHD_Connection *connection, unsigned code, struct MHD_Response *response,
                                     const char *type)
{
    enum MHD_Result result;

    if (response == NULL)
        return MHD_NO;
    MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
    MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close");
    if (code == MHD_HTTP_METHOD_NOT_ALLOWED)
        MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
    result = MHD_queue_response(connection, code, response);
    MHD_destroy_response(response);
    return result;
}

static enum MHD_Result send_text(struct MHD_Connection *connection, unsigned code, const char *body)
{
    return send_response(connection, code,
                         MHD_create_response_from_buffer(strlen(body), (void *)(uintptr_t)body, MHD_RESPMEM_MUST_COPY),
                         "text/plain; charset=utf-8");
}

static enum MHD_Result send_metrics(struct MHD_Connection *connection, const struct metrics *metrics)
{
    size_t length;
    char *text = metrics_text(metrics, &length);
    struct MHD_Response *response;

    if (text == NULL)
        return send_text(connection, MHD_HTTP_INTERNAL_SERVER_ERROR, "no memory\n");
    response = MHD_create_response_from_buffer(length, text, MHD_RESPMEM_MUST_FREE);
    if (response == NULL)
        free(text);
    return send_response(connection, MHD_HTTP_OK, response, METRICS_CONTENT_TYPE);
}

static enum MHD_Result send_readiness(struct MHD_Connection *connection, const struct health *health)
{
    char body[BODY_SIZE] = "";
    size_t length = 0;

    if (is_in_trouble(health))
        length = (size_t)snprintf(body, sizeof(body), "batch: it has to be handled again and again\n");
    for (size_t i = 0; i < HEALTH_PART_COUNT; i++) {
        const char *lack = atomic_load(&health->lacks[i]);

        if (lack != NULL && length < sizeof(body))
            length += (size_t)snprintf(body + length, sizeof(body) - length, "%s: %s\n", part_names[i], lack);
    }
    return length == 0 ? send_text(connection, MHD_HTTP_OK, "ready\n")
                       : send_text(connection, MHD_HTTP_SERVICE_UNAVAILABLE, body);
}

static enum MHD_Result answer(void *opaque, struct MHD_Connection *connection, const char *url, const char *method,
                              const char *version, const char *upload, size_t *upload_size, void **request)
{
    const struct health *health = opaque;

    (void)version, (void)upload, (void)upload_size, (void)request;
    if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 && strcmp(method, MHD_HTTP_METHOD_HEAD) != 0)
        return send_text(connection, MHD_HTTP_METHOD_NOT_ALLOWED, "only GET and HEAD\n");
    if (strcmp(url, "/healthz") == 0)
        return send_text(connection, MHD_HTTP_OK, "ok\n");
    if (strcmp(url, "/readyz") == 0)
        return send_readiness(connection, health);
    if (strcmp(url, "/metrics") == 0 && health->metrics != NULL)
        return send_metrics(connection, health->metrics);
    return send_text(connection, MHD_HTTP_NOT_FOUND, "not found\n");
}

/* ---- asking ---- */

/* From now on nothing on this socket waits beyond the end. */
static bool wait_until(int descriptor, int64_t end_ms)
{
    int64_t left_ms = end_ms - clock_steady_ms();
    const struct timeval left = {left_ms / 1000, left_ms % 1000 * 1000};

    return left_ms > 0 && setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &left, sizeof(left)) == 0 &&
           setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &left, sizeof(left)) == 0;
}

static int connect_in_time(int descriptor, const struct sockaddr *address, socklen_t length)
{
    return wait_until(descriptor, clock_steady_ms() + ASK_TIMEOUT_MS) ? connect(descriptor, address, length) : -1;
}

bool health_ask(const char *bind, uint16_t port)
{
    static const char question[] = "GET /readyz HTTP/1.0\r\n\r\n", good[] = "HTTP/1.x 200";
    int64_t end_ms = clock_steady_ms() + ASK_TIMEOUT_MS;
    int descriptor = open_socket(bind, port, connect_in_time);
    char head[sizeof(good) - 1];
    size_t length = 0;
    ssize_t more = -1;

    if (descriptor < 0)
        return false;
    if (wait_until(descriptor, end_ms))
        more = send(descriptor, question, sizeof(question) - 1, MSG_NOSIGNAL);
    while (more > 0 && length < sizeof(head) && wait_until(descriptor, end_ms)) {
        more = recv(descriptor, head + length, sizeof(head) - length, 0);
        length += more > 0 ? (size_t)more : 0;
    }
    close(descriptor);
    return length == sizeof(head) && memcmp(head, "HTTP/1.", 7) == 0 && memcmp(head + 8, " 200", 4) == 0;
}
