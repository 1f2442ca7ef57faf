#include "service_internal.h"

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

enum exit_code { EXIT_DONE = 0, EXIT_ENDED_BADLY = 1, EXIT_USAGE = 2 };

/* The stop flag: the only state of the process that is not passed along, because a signal handler can't be handed anything. */
static volatile int stop_requested;

static int run_with(const struct service *service, const struct all_settings *settings);

/* ---- arguments ---- */

static int print_help(const struct service *service, const struct all_settings *settings)
{
    printf("orderly-%s - %s\n\n"
           "Usage: orderly-%s [--help | --version | --healthcheck | --print-settings | --print-metrics]\n\n"
           "  --healthcheck     ask this service's own /readyz on HTTP_PORT: exit 0 when it is ready, else 1\n"
           "  --print-settings  print the settings as Markdown\n"
           "  --print-metrics   print the metrics as Markdown: those of every service, then its own\n\n"
           "Settings come from the environment; NAME_FILE=/path reads NAME from a file.\n"
           "RDKAFKA_<NAME> sets a property of librdkafka (RDKAFKA_SECURITY_PROTOCOL=ssl).\n\n",
           service->name, service->purpose, service->name);
    all_settings_print(settings, stdout);
    printf("\nExit codes: 0 stopped by SIGTERM or SIGINT, 1 could not go on, 2 bad settings or arguments.\n");
    return EXIT_DONE;
}

static int print_version(const struct service *service)
{
    printf("orderly-%s %s\n", service->name, ORDERLY_VERSION);
    return EXIT_DONE;
}

static int print_settings(const struct all_settings *settings)
{
    all_settings_print_markdown(settings, stdout);
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

static int run_or_ask(const struct service *service, struct all_settings *settings, bool only_ask)
{
    if (all_settings_read(settings, stderr) > 0) {
        fprintf(stderr, "orderly-%s: the settings can't be used; see --help\n", service->name);
        return EXIT_USAGE;
    }
    return only_ask ? healthcheck(settings->values[SETTINGS_COMMON]) : run_with(service, settings);
}

static int print_usage_mistake(const struct service *service)
{
    fprintf(stderr, "orderly-%s takes no arguments; see --help\n", service->name);
    return EXIT_USAGE;
}

/* option: as getopt_long() gave it. has_more: there are arguments behind it. */
static int do_what_is_asked(const struct service *service, struct all_settings *settings, int option, bool has_more)
{
    switch (option) {
    case 'h':
        return print_help(service, settings);
    case 'v':
        return print_version(service);
    case 'p':
        return print_settings(settings);
    case 'm':
        return print_metrics(service);
    case '?':
        return print_usage_mistake(service);
    default:
        return has_more ? print_usage_mistake(service) : run_or_ask(service, settings, option == 'c');
    }
}

int service_run(const struct service *service, int argc, char **argv)
{
    static const struct option options[] = {
        {"help", no_argument, NULL, 'h'},          {"version", no_argument, NULL, 'v'},
        {"healthcheck", no_argument, NULL, 'c'},   {"print-settings", no_argument, NULL, 'p'},
        {"print-metrics", no_argument, NULL, 'm'}, {NULL, 0, NULL, 0},
    };
    struct all_settings settings = all_settings_of(service);
    int option = getopt_long(argc, argv, "h", options, NULL);
    int code = do_what_is_asked(service, &settings, option, optind < argc);

    all_settings_free(&settings);
    return code;
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

static void log_start_up(const struct all_settings *settings)
{
    log_event(LOG_INFO, "started", "version=%s", ORDERLY_VERSION);
    all_settings_log(settings);
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

static enum status open_health(const struct service_settings *settings, struct metrics *metrics, struct health **out_health)
{
    enum status status = health_start(settings->http_bind, (uint16_t)settings->http_port, metrics, out_health);

    if (status != STATUS_OK)
        fprintf(stderr, "can't listen on HTTP_BIND=%s HTTP_PORT=%d: %s\n", settings->http_bind, (int)settings->http_port,
                strerror(errno));
    return status;
}

/* The loop, with room for a batch and for what the service keeps from batch to batch. */
static enum status loop_with_room(struct run *run, struct health *health)
{
    const struct service *service = run->service;
    enum status status;

    run->records = calloc((size_t)run->settings->batch_max, sizeof(*run->records));
    run->state = calloc(1, service->state_size + 1);
    if (run->records == NULL || run->state == NULL)
        abort();
    status = service_loop(run, health);
    free(run->records);
    if (service->end_state != NULL)
        service->end_state(run->state);
    free(run->state);
    return status;
}

static int run_with(const struct service *service, const struct all_settings *all)
{
    const struct service_settings *settings = all->values[SETTINGS_COMMON];
    struct metric_table metric_tables[] = {service_metrics_table(), service->own_metrics};
    CLEANUP(metrics_destroy) struct metrics *metrics = metrics_create(metric_tables, COUNT_OF(metric_tables));
    CLEANUP(service_metrics_close)
    struct service_metrics *service_metrics = service_metrics_open(metrics, service->reads, service->read_count);
    CLEANUP(health_stop) struct health *health = NULL;
    CLEANUP(store_close) struct store *store = NULL;
    CLEANUP(bus_close) struct bus *bus = NULL;
    CLEANUP(arena_destroy) struct arena *arena = arena_create();
    struct run run = {.service = service,
                      .settings = settings,
                      .own_settings = all->values[SETTINGS_OWN],
                      .shared_settings = all->values[SETTINGS_SHARED],
                      .arena = arena,
                      .metrics = metrics,
                      .service_metrics = service_metrics,
                      .stop = &stop_requested};
    struct afresh afresh;
    enum status status;

    namespace_use(text_of(settings->namespace));
    log_start(service->name, (enum log_level)settings->log_level);
    prepare_process();
    afresh = afresh_begin();
    if (open_store(service, settings, &store) != STATUS_OK || open_bus(service, settings, &bus) != STATUS_OK)
        return EXIT_USAGE;
    if (open_health(settings, metrics, &health) != STATUS_OK)
        return EXIT_ENDED_BADLY;
    log_start_up(all);
    run.bus = bus;
    run.store = store;
    status = loop_with_room(&run, health);
    if (status == STATUS_FATAL)
        end_badly(&run, health, &afresh);
    log_stop(status, "");
    return EXIT_DONE;
}
