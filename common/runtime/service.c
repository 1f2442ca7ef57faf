#include "service.h"

#include "afresh.h"
#include "clock.h"
#include "log.h"
#include "service_metrics.h"

#include <errno.h>
#include <getopt.h>
#include <malloc.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#define PROBLEM_SIZE 512
#define IDLE_STEP_MS 100
#define WARM_UP_WAIT_MS 1000
#define JOIN_STEP_MS 20 /* until the group has let us in: what is ready then is told at once */

enum exit_code { EXIT_DONE = 0, EXIT_ENDED_BADLY = 1, EXIT_USAGE = 2 };

/* The stop flag: the only state of the process that is not passed along, because a signal handler can't be handed anything. */
static volatile int stop_requested;

static const struct setting common_settings[] = {
    SETTING_TEXT("NAMESPACE", struct service_settings, namespace, "", NAMESPACE_MEANING),
    SETTING_TEXT("KAFKA_BOOTSTRAP_SERVERS", struct service_settings, bootstrap, "localhost:9092",
                 "brokers to start from, host:port,..."),
    SETTING_SECRET("REDIS_URL", struct service_settings, redis_url, "redis://localhost:6379",
                   "redis://[user:password@]host:port[/db], rediss://..., unix:///path"),
    SETTING_NUMBER("HTTP_PORT", struct service_settings, http_port, 0, 0, 65535, "port of /healthz, /readyz and /metrics; 0 = off"),
    SETTING_TEXT("HTTP_BIND", struct service_settings, http_bind, "127.0.0.1", "address that port listens on"),
    SETTING_WORD("LOG_LEVEL", struct service_settings, log_level, "info", "debug info warning error", "least level that is logged"),
    SETTING_NUMBER("BATCH_MAX", struct service_settings, batch_max, 500, 1, 10000, "messages handled in one round trip"),
    SETTING_TEXT("INSTANCE_ID", struct service_settings, instance_id, "",
                 "stable name of this replica (static group membership); empty = none"),
    SETTING_NUMBER("RETENTION_DAYS", struct service_settings, retention_days, 7, 1, 3650,
                   "days that topics and finished orders are kept"),
    SETTING_NUMBER("MAX_MESSAGE_BYTES", struct service_settings, message_bytes_max, 65536, 1024, 131072,
                   "largest order, and largest result of a reply that is kept; commands and replies may be 8 times as large"),
};

static size_t read_settings(const struct service *service, struct service_settings *settings, void *own_settings);
static int run_with(const struct service *service, const struct service_settings *settings, const void *own_settings);
static enum status loop(struct run *run, struct health *health);

const struct setting *service_settings_table(size_t *out_count)
{
    *out_count = COUNT_OF(common_settings);
    return common_settings;
}

static void print_help(const struct service *service)
{
    printf("orderly-%s - %s\n\n"
           "Usage: orderly-%s [--help | --version | --healthcheck | --print-settings | --print-metrics]\n\n"
           "  --healthcheck     ask this service's own /readyz on HTTP_PORT: exit 0 when it is ready, else 1\n"
           "  --print-settings  print the settings as Markdown\n"
           "  --print-metrics   print the metrics as Markdown: those of every service, then its own\n\n"
           "Settings come from the environment; NAME_FILE=/path reads NAME from a file.\n"
           "RDKAFKA_<NAME> sets a property of librdkafka (RDKAFKA_SECURITY_PROTOCOL=ssl).\n\n",
           service->name, service->purpose, service->name);
    settings_print(common_settings, COUNT_OF(common_settings), stdout);
    settings_print(service->own_settings, service->own_setting_count, stdout);
    printf("\nExit codes: 0 stopped by SIGTERM or SIGINT, 1 could not go on, 2 bad settings or arguments.\n");
}

static int print_settings(const struct service *service)
{
    printf("| setting | default | allowed | meaning |\n|---|---|---|---|\n");
    settings_print_markdown(common_settings, COUNT_OF(common_settings), stdout);
    settings_print_markdown(service->own_settings, service->own_setting_count, stdout);
    return EXIT_DONE;
}

static int print_metrics(const struct service *service)
{
    static const char head[] = "| metric | type | labels | meaning |\n|---|---|---|---|\n";
    struct metric_table common_metrics = service_metrics_table();

    fputs(head, stdout);
    metrics_print_markdown(&common_metrics, stdout);
    if (service->own_metrics.count > 0) {
        printf("\n%s", head);
        metrics_print_markdown(&service->own_metrics, stdout);
    }
    return EXIT_DONE;
}

static int healthcheck(const struct service_settings *settings)
{
    const char *bind = strcmp(settings->http_bind, "0.0.0.0") == 0 ? "127.0.0.1" : settings->http_bind;

    if (settings->http_port == 0) {
        fprintf(stderr, "HTTP_PORT is 0: there is nothing to ask\n");
        return EXIT_ENDED_BADLY;
    }
    return health_ask(bind, (uint16_t)settings->http_port) ? EXIT_DONE : EXIT_ENDED_BADLY;
}

int service_run(const struct service *service, int argc, char **argv)
{
    static const struct option options[] = {
        {"help", no_argument, NULL, 'h'},        {"version", no_argument, NULL, 'v'},
        {"healthcheck", no_argument, NULL, 'c'}, {"print-settings", no_argument, NULL, 'p'},
        {"print-metrics", no_argument, NULL, 'm'},
        {NULL, 0, NULL, 0},
    };
    struct service_settings settings = {0};
    void *own_settings = calloc(1, service->own_settings_size + 1);
    int option = getopt_long(argc, argv, "h", options, NULL);
    int code = EXIT_USAGE;

    if (own_settings == NULL)
        abort();
    if (option == 'h') {
        print_help(service);
        code = EXIT_DONE;
    } else if (option == 'v') {
        printf("orderly-%s %s\n", service->name, ORDERLY_VERSION);
        code = EXIT_DONE;
    } else if (option == 'p') {
        code = print_settings(service);
    } else if (option == 'm') {
        code = print_metrics(service);
    } else if (option == '?' || optind < argc) {
        fprintf(stderr, "orderly-%s takes no arguments; see --help\n", service->name);
    } else if (read_settings(service, &settings, own_settings) > 0) {
        fprintf(stderr, "orderly-%s: the settings can't be used; see --help\n", service->name);
    } else {
        code = option == 'c' ? healthcheck(&settings) : run_with(service, &settings, own_settings);
    }
    free(own_settings);
    return code;
}

static size_t check_namespace(const char *name, FILE *report)
{
    if (namespace_is_good(text_of(name)))
        return 0;
    fprintf(report, NAMESPACE_COMPLAINT "\n", name, NAMESPACE_MAX);
    return 1;
}

static size_t read_settings(const struct service *service, struct service_settings *settings, void *own_settings)
{
    size_t mistakes = settings_read(common_settings, COUNT_OF(common_settings), settings, stderr);

    mistakes += settings_read(service->own_settings, service->own_setting_count, own_settings, stderr);
    mistakes += settings_read_passed(&settings->passed, stderr);
    mistakes += check_namespace(settings->namespace, stderr);
    if (!store_url_is_good(settings->redis_url)) {
        fprintf(stderr, "REDIS_URL can't be read: redis://[user:password@]host:port[/db], rediss://... or unix:///path\n");
        mistakes++;
    }
    if (service->check_settings != NULL)
        mistakes += service->check_settings(own_settings, stderr);
    return mistakes;
}

/* ---- start and end ---- */

static void request_stop(int signal_number)
{
    (void)signal_number;
    stop_requested = 1;
}

static void prepare_process(void)
{
    struct sigaction action = {.sa_handler = request_stop};

    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    signal(SIGPIPE, SIG_IGN); /* a connection that Redis closed must not end the process */
    mallopt(M_ARENA_MAX, 1);  /* librdkafka's threads fill what ours empties: heaps of their own would all grow to the peak */
}

static enum status open_bus(const struct service *service, const struct service_settings *settings, struct bus **out_bus)
{
    char group[TOPIC_NAME_SIZE], problem[PROBLEM_SIZE] = "";
    const char *reads[TOPIC_COUNT + 1], *sends_to[TOPIC_COUNT + 1];
    struct bus_options options = {
        .bootstrap = settings->bootstrap,
        .client_id = group_name(service->name, group),
        .group_id = group,
        .instance_id = settings->instance_id,
        .topics = topic_names(service->reads, service->read_count, reads),
        .sends_to = topic_names(service->sends_to, service->sends_to_count, sends_to),
        .passed = &settings->passed,
        .log = log_kafka,
        .batch_max = (size_t)settings->batch_max,
    };
    enum status status;

    status = bus_open(&options, problem, sizeof(problem), out_bus);
    if (status != STATUS_OK)
        fprintf(stderr, "Kafka client: %s\n", problem);
    return status;
}

static enum status open_store(const struct service *service, const struct service_settings *settings, struct store **out_store)
{
    size_t count = 0;

    while (service->scripts != NULL && service->scripts[count] != NULL)
        count++;
    return store_open(settings->redis_url, STORE_CONNECTIONS, service->scripts, count, out_store);
}

static void log_start_up(const struct service *service, const struct service_settings *settings, const void *own_settings)
{
    log_event(LOG_INFO, "started", "version=%s", ORDERLY_VERSION);
    settings_log(common_settings, COUNT_OF(common_settings), settings);
    if (service->own_setting_count > 0)
        settings_log(service->own_settings, service->own_setting_count, own_settings);
}

static void log_stop(enum status status, const char *problem)
{
    log_event(status == STATUS_FATAL ? LOG_ERROR : LOG_INFO, "stopped", "status=%s problem=%s", status_name(status),
              LOG_QUOTED(text_of(problem)));
}

/* What is logged of a start afresh. A broker that was frozen hears a static member join twice, and takes the second time for
 * another member of the same name; when there really is another one both go on like this, and say so. */
static const char *afresh_problem(const struct bus *bus)
{
    if (bus_end(bus) != BUS_END_FENCED)
        return bus_problem(bus);
    return "the group took another member for this one; is INSTANCE_ID used twice?";
}

/* Whether a new client would be any better; what else is fatal is a mistake of ours, and would be one again. */
static bool is_worth_a_start(enum bus_end end) { return end == BUS_END_FENCED || end == BUS_END_SPOILT; }

/* The loop can't go on. Nothing is wrong with us when only a Kafka client has given up: the program starts afresh, in the same
 * process, and says that it is not ready until then. The clients are not closed: that may hang, and their sockets close
 * themselves. */
static _Noreturn void end_badly(struct run *run, struct health *health, const struct afresh *afresh)
{
    health_set(health, HEALTH_KAFKA, "the client has given up");
    bus_leave(run->bus);
    if (is_worth_a_start(bus_end(run->bus))) {
        log_event(LOG_WARNING, "started_afresh", "wait_ms=%d problem=%s", (int)afresh_wait_ms(afresh, clock_steady_ms()),
                  LOG_QUOTED(text_of(afresh_problem(run->bus))));
        if (afresh_start(afresh, run->stop)) {
            log_stop(STATUS_OK, "");
            _exit(EXIT_DONE);
        }
    }
    log_stop(STATUS_FATAL, bus_problem(run->bus));
    _exit(EXIT_ENDED_BADLY);
}

static int run_with(const struct service *service, const struct service_settings *settings, const void *own_settings)
{
    struct metric_table metric_tables[] = {service_metrics_table(), service->own_metrics};
    CLEANUP(metrics_destroy) struct metrics *metrics = metrics_create(metric_tables, COUNT_OF(metric_tables));
    CLEANUP(service_metrics_close) struct service_metrics *service_metrics = service_metrics_open(metrics, service->reads, service->read_count);
    CLEANUP(health_stop) struct health *health = NULL;
    CLEANUP(store_close) struct store *store = NULL;
    CLEANUP(bus_close) struct bus *bus = NULL;
    CLEANUP(arena_destroy) struct arena *arena = arena_create();
    struct run run = {.service = service, .settings = settings, .own_settings = own_settings, .arena = arena,
                      .metrics = metrics, .service_metrics = service_metrics, .stop = &stop_requested};
    struct afresh afresh;
    enum status status;

    namespace_use(text_of(settings->namespace));
    log_start(service->name, (enum log_level)settings->log_level);
    prepare_process();
    afresh = afresh_begin();
    if (open_store(service, settings, &store) != STATUS_OK || open_bus(service, settings, &bus) != STATUS_OK)
        return EXIT_USAGE;
    if (health_start(settings->http_bind, (uint16_t)settings->http_port, metrics, &health) != STATUS_OK) {
        fprintf(stderr, "can't listen on HTTP_BIND=%s HTTP_PORT=%d: %s\n", settings->http_bind, (int)settings->http_port,
                strerror(errno));
        return EXIT_ENDED_BADLY;
    }
    log_start_up(service, settings, own_settings);
    run.bus = bus;
    run.store = store;
    run.records = calloc((size_t)settings->batch_max, sizeof(*run.records));
    run.state = calloc(1, service->state_size + 1);
    if (run.records == NULL || run.state == NULL)
        abort();
    status = loop(&run, health);
    free(run.records);
    if (service->end_state != NULL)
        service->end_state(run.state);
    free(run.state);
    if (status == STATUS_FATAL)
        end_badly(&run, health, &afresh);
    log_stop(status, "");
    return EXIT_DONE;
}

/* ---- the loop ---- */

/* Until every topic is known a first record would wait up to a second, one topic after another. */
static enum status wait_for_topics(struct run *run, struct health *health)
{
    enum status status = bus_warm_up(run->bus, WARM_UP_WAIT_MS);

    for (int tries = 0; status != STATUS_OK && !*run->stop; tries++) {
        health_set(health, HEALTH_KAFKA, status == STATUS_NOT_FOUND ? "waiting for topics" : "waiting for Kafka");
        if (tries % 10 == 0)
            log_event(LOG_WARNING, "waited", "problem=%s", LOG_QUOTED(text_of(bus_problem(run->bus))));
        TRY(bus_idle(run->bus, IDLE_STEP_MS));
        status = bus_warm_up(run->bus, WARM_UP_WAIT_MS);
    }
    return STATUS_OK;
}

static void check_readiness(struct run *run, struct health *health)
{
    bool redis_answers = store_ping(run->store) == STATUS_OK;

    health_set(health, HEALTH_KAFKA, bus_is_joined(run->bus) ? NULL : "waiting for the consumer group");
    health_set(health, HEALTH_REDIS, redis_answers ? NULL : "waiting for Redis");
    if (redis_answers)
        health_set(health, HEALTH_SERVICE, run->service->lack == NULL ? NULL : run->service->lack(run));
    if (redis_answers && run->service->measure != NULL)
        run->service->measure(run);
    service_metrics_check(run->service_metrics, run->bus, health);
}

enum status service_idle(struct run *run, int64_t wait_ms)
{
    const int64_t end_ms = clock_steady_ms() + wait_ms;

    for (int64_t left_ms = wait_ms; left_ms > 0 && !*run->stop; left_ms = end_ms - clock_steady_ms())
        TRY(bus_idle(run->bus, left_ms < IDLE_STEP_MS ? (int)left_ms : IDLE_STEP_MS));
    return STATUS_OK;
}

static enum status handle_once(struct run *run)
{
    enum status status;

    arena_reset(run->arena);
    status = run->service->handle(run);
    if (status_then(status) == THEN_BURY) { /* handle() buries by itself: to go on would lose the whole batch */
        log_event(LOG_ERROR, "misused", "status=%s", status_name(status));
        return STATUS_FATAL;
    }
    return status;
}

/* What keeps batches from getting done: one that is retried, or records that were refused after theirs was. */
struct trouble {
    int64_t since_ms; /* 0: there is none */
    bool rewound;
    size_t handled; /* batches since the rewind */
};

static void have_trouble(struct trouble *trouble, struct health *health, int64_t since_ms)
{
    if (trouble->since_ms != 0)
        return;
    trouble->since_ms = since_ms;
    health_trouble(health, since_ms);
}

/* A batch is handled, or there is none. After a rewind that says little: its records may be refused again. Not those of a batch
 * so far back. */
static void end_trouble(struct trouble *trouble, struct run *run, struct health *health)
{
    if (trouble->since_ms == 0 || (trouble->rewound && bus_has_under_way(run->bus) && ++trouble->handled <= BUS_ROUNDS_MAX))
        return;
    *trouble = (struct trouble){0};
    health_trouble(health, 0);
}

/* Handles the batch until it is done. STATUS_OK: all that it caused is on its way. */
static enum status handle_until_done(struct run *run, struct health *health, struct trouble *trouble)
{
    const int64_t began_ms = clock_steady_ms();
    enum status status = handle_once(run);

    for (int64_t wait_ms = RETRY_WAIT_FIRST_MS; status_then(status) == THEN_RETRY && !*run->stop; wait_ms *= 2) {
        if (wait_ms > RETRY_WAIT_MAX_MS)
            wait_ms = RETRY_WAIT_MAX_MS;
        log_event(LOG_WARNING, "retried", "status=%s redis=%s kafka=%s wait_ms=%d", status_name(status),
                  LOG_QUOTED(text_of(store_problem(run->store))), LOG_QUOTED(text_of(bus_problem(run->bus))), (int)wait_ms);
        service_metrics_retry(run->service_metrics);
        have_trouble(trouble, health, began_ms);
        check_readiness(run, health);
        TRY(service_idle(run, wait_ms));
        status = handle_once(run);
    }
    return status;
}

static int idle_wait_ms(const struct run *run)
{
    if (!bus_is_joined(run->bus))
        return JOIN_STEP_MS;
    return run->service->tick == NULL ? POLL_WAIT_MS : SERVICE_TICK_MS;
}

/* A record that was refused for good is made anew by handling its batch again. */
static enum status handle_again(struct run *run, struct health *health, struct trouble *trouble, enum status status)
{
    if (status == STATUS_OK)
        end_trouble(trouble, run, health);
    if (status != STATUS_UNAVAILABLE || *run->stop)
        return status;
    have_trouble(trouble, health, clock_steady_ms());
    trouble->rewound = true;
    trouble->handled = 0;
    log_event(LOG_WARNING, "rewound", "kafka=%s", LOG_QUOTED(text_of(bus_problem(run->bus))));
    service_metrics_retry(run->service_metrics);
    bus_rewind(run->bus);
    return service_idle(run, RETRY_WAIT_MAX_MS);
}

static enum status run_batch(struct run *run, struct health *health, struct trouble *trouble)
{
    enum status status;
    int64_t began_us;

    status = bus_make_room(run->bus, run->stop);
    if (status != STATUS_OK)
        return handle_again(run, health, trouble, status);
    /* While acknowledgements are awaited the next batch is handled, if there is one; if there is none, nothing is held back for it. */
    TRY(bus_poll(run->bus, bus_has_under_way(run->bus) ? 0 : idle_wait_ms(run), run->records, &run->record_count));
    if (run->record_count == 0)
        return handle_again(run, health, trouble, bus_push(run->bus, run->stop));
    began_us = clock_steady_us();
    status = handle_until_done(run, health, trouble);
    if (status == STATUS_OK) {
        end_trouble(trouble, run, health);
        bus_store_offsets(run->bus, run->records, run->record_count);
        service_metrics_batch(run->service_metrics, run->records, run->record_count, clock_steady_us() - began_us);
    }
    bus_release(run->bus, run->records, run->record_count);
    return status;
}

/* When the service ticked last, and whether that tick came to its end. */
struct ticking {
    int64_t ticked_ms;
    bool failed;
};

/* STATUS_FATAL ends the loop; what else goes wrong is tried again at the next tick, and logged once. */
static enum status tick(struct run *run, struct ticking *ticking)
{
    enum status status;

    if (run->service->tick == NULL || clock_steady_ms() - ticking->ticked_ms < SERVICE_TICK_MS)
        return STATUS_OK;
    arena_reset(run->arena);
    status = run->service->tick(run);
    if (status == STATUS_OK)
        metrics_publish(run->metrics);
    else
        metrics_discard(run->metrics);
    if (status != STATUS_OK && !ticking->failed)
        log_event(LOG_WARNING, "tick_failed", "status=%s redis=%s kafka=%s", status_name(status),
                  LOG_QUOTED(text_of(store_problem(run->store))), LOG_QUOTED(text_of(bus_problem(run->bus))));
    ticking->failed = status != STATUS_OK;
    ticking->ticked_ms = clock_steady_ms();
    return status_then(status) == THEN_STOP ? STATUS_FATAL : STATUS_OK;
}

static enum status loop(struct run *run, struct health *health)
{
    struct ticking ticking = {0};
    struct trouble trouble = {0};
    int64_t checked_ms = 0;
    bool was_joined = false;
    enum status status = wait_for_topics(run, health);

    while (status != STATUS_FATAL && !*run->stop) {
        status = run_batch(run, health, &trouble);
        if (status != STATUS_FATAL)
            status = tick(run, &ticking);
        if (clock_steady_ms() - checked_ms >= READY_CHECK_MS || (bus_is_joined(run->bus) && !was_joined)) {
            arena_reset(run->arena);
            check_readiness(run, health);
            checked_ms = clock_steady_ms();
        }
        was_joined = bus_is_joined(run->bus);
    }
    return status;
}
