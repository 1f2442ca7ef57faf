/* floor.c - what Kafka and Redis alone allow on this machine: places orders that nobody thinks about, and reports as orderly
 * bench does. docs/performance.md says what it does and what the ratio to it means. */
#include "bench.h"
#include "clock.h"
#include "floor.h"

#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define PARTIES (FLOOR_WORKERS + 1)
#define HEAR_WAIT_MS 50
#define GIVE_UP_US INT64_C(60000000)
#define US_PER_SECOND 1000000

/* All of a run: results are kept where bench_report() looks for them. */
struct floor_run {
    struct floor_setup setup;
    struct bench_options options;
    struct bench bench;
    pid_t parties[PARTIES];
};

static error_t parse(int key, char *argument, struct argp_state *state)
{
    struct bench_options *options = state->input;
    int64_t number = 0;

    if (argument != NULL && (!text_to_number(text_of(argument), &number) || number < 1 || number > BENCH_ORDERS_MAX))
        argp_error(state, "not '%s': a whole number from 1 to %d", argument, BENCH_ORDERS_MAX);
    switch (key) {
    case 'n':
        options->order_count = number;
        return 0;
    case 'r':
        options->rate = number;
        return 0;
    case 'j':
        options->json = true;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* ---- the other processes ---- */

static void start_parties(struct floor_run *run)
{
    int pipes[2];
    char byte;

    if (pipe(pipes) != 0)
        floor_die("no pipe");
    for (int i = 0; i < PARTIES; i++) {
        run->parties[i] = fork();
        if (run->parties[i] == 0) {
            floor_party_serve(&run->setup, i, pipes[1]);
            exit(EXIT_SUCCESS);
        }
    }
    close(pipes[1]);
    for (int i = 0; i < PARTIES; i++)
        if (read(pipes[0], &byte, 1) != 1)
            floor_die("a process could not begin");
    close(pipes[0]);
}

static void stop_parties(struct floor_run *run)
{
    for (int i = 0; i < PARTIES; i++)
        kill(run->parties[i], SIGTERM);
    for (int i = 0; i < PARTIES; i++)
        waitpid(run->parties[i], NULL, 0);
}

/* Kafka, Redis, and the parties under the names of those whose place they take. */
static void look(const struct floor_run *run, struct process_list *out_list)
{
    uint16_t ports[PROCESS_PORTS_MAX] = {(uint16_t)run->setup.redis_port};

    processes_find(ports, process_ports_add(run->setup.bootstrap, ports, 1), out_list);
    for (size_t i = out_list->count; i-- > 0;)
        if (out_list->processes[i].kind == PROCESS_SERVICE)
            out_list->processes[i] = out_list->processes[--out_list->count];
    for (int i = 0; i < PARTIES && out_list->count < PROCESSES_MAX; i++) {
        struct process process = {.pid = run->parties[i], .kind = PROCESS_SERVICE};
        snprintf(process.name, sizeof(process.name), "%s", i == 0 ? "orchestrator" : floor_worker_names[i - 1]);
        if (process_look(&process))
            out_list->processes[out_list->count++] = process;
    }
}

/* ---- placing and hearing ---- */

static void *place(void *argument)
{
    struct floor_run *run = argument;
    static const char *const sends_to[] = {"floor.orders", NULL};
    struct floor_kafka *kafka = floor_kafka_open(run->setup.bootstrap, sends_to, NULL);
    int64_t began_us = clock_steady_us();

    atomic_store(&run->bench.began_us, began_us);
    for (size_t number = 0; number < run->bench.plan.order_count; number++) {
        int64_t planned_us = clock_steady_us();
        if (run->options.rate > 0) {
            planned_us = began_us + (int64_t)number * US_PER_SECOND / run->options.rate;
            clock_pause_until_us(planned_us);
        }
        atomic_store_explicit(&run->bench.orders[number].planned_us, planned_us, memory_order_relaxed);
        floor_send(kafka, "floor.orders", run->setup.run, &(struct floor_tag){.number = number}, FLOOR_ORDER_BYTES, false);
    }
    floor_commit(kafka, NULL, 0);
    floor_kafka_close(kafka);
    return NULL;
}

static void note_end(struct bench *bench, const struct floor_record *record)
{
    struct bench_order *order = &bench->orders[record->tag.number];

    bench->last_end_us = clock_steady_us();
    histogram_add(bench->latency, bench->last_end_us - atomic_load_explicit(&order->planned_us, memory_order_relaxed));
    histogram_add(bench->broker_latency, (record->timestamp_ms - record->tag.placed_ms) * 1000);
    bench->outcomes[BENCH_COMPLETED]++;
    bench->ended_count++;
}

static void hear(struct bench *bench, struct floor_kafka *kafka)
{
    static struct floor_record records[FLOOR_BATCH_MAX];

    bench->last_end_us = clock_steady_us();
    while (bench->ended_count < bench->plan.order_count && clock_steady_us() - bench->last_end_us < GIVE_UP_US) {
        size_t count = floor_poll(kafka, HEAR_WAIT_MS, 0, records);
        for (size_t i = 0; i < count; i++)
            if (records[i].tag.stage == FLOOR_LAST_EVENT && records[i].tag.number < bench->plan.order_count)
                note_end(bench, &records[i]);
        floor_commit(kafka, records, count);
    }
}

static int64_t own_cpu_us(void)
{
    struct rusage usage;

    getrusage(RUSAGE_SELF, &usage);
    return ((int64_t)usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * US_PER_SECOND + usage.ru_utime.tv_usec +
           usage.ru_stime.tv_usec;
}

static void measure(struct floor_run *run)
{
    static const char *const topics[] = {"floor.events", NULL}, *const nothing[] = {NULL};
    struct floor_kafka *kafka = floor_kafka_open(run->setup.bootstrap, nothing, topics);
    int64_t cpu_us = own_cpu_us();
    pthread_t placing;

    look(run, &run->bench.before);
    if (pthread_create(&placing, NULL, place, run) != 0)
        floor_die("no thread could be started");
    hear(&run->bench, kafka);
    look(run, &run->bench.used);
    pthread_join(placing, NULL);
    run->bench.client_cpu_us = own_cpu_us() - cpu_us;
    processes_subtract(&run->bench.before, &run->bench.used);
    floor_kafka_close(kafka);
}

int main(int argc, char **argv)
{
    static const struct argp_option options[] = {{"orders", 'n', "N", 0, "how many orders (10000)", 0},
                                                 {"rate", 'r', "R", 0, "orders a second; without it flat out", 0},
                                                 {"json", 'j', NULL, 0, "print one JSON object, as orderly bench does", 0},
                                                 {0}};
    static const struct argp arguments = {
        .options = options,
        .parser = parse,
        .doc = "What Kafka and Redis alone need for orders. KAFKA_BOOTSTRAP_SERVERS (localhost:9092), FLOOR_REDIS_PORT (6379)."};
    struct floor_run run = {.setup = {.bootstrap = getenv("KAFKA_BOOTSTRAP_SERVERS"), .redis_port = 6379},
                            .options = {.order_count = 10000}};
    char name[FLOOR_ID_SIZE];

    argp_parse(&arguments, argc, argv, 0, NULL, &run.options);
    snprintf(name, sizeof(name), "%08llx-%06x", (unsigned long long)clock_wall_ms() / 1000 & 0xffffffff,
             (unsigned)getpid() & 0xffffff);
    run.setup.run = name;
    if (run.setup.bootstrap == NULL)
        run.setup.bootstrap = "localhost:9092";
    if (getenv("FLOOR_REDIS_PORT") != NULL)
        run.setup.redis_port = atoi(getenv("FLOOR_REDIS_PORT"));
    run.setup.fill_ms = run.options.rate > 0 ? 0 : FLOOR_FILL_MS;
    run.bench.options = &run.options;
    run.bench.plan.order_count = (size_t)run.options.order_count;
    snprintf(run.bench.plan.prefix, sizeof(run.bench.plan.prefix), "FLOOR-%.15s-", name);
    run.bench.orders = calloc(run.bench.plan.order_count, sizeof(*run.bench.orders));
    run.bench.latency = histogram_create();
    run.bench.broker_latency = histogram_create();
    floor_make_topics(run.setup.bootstrap);
    start_parties(&run);
    measure(&run);
    stop_parties(&run);
    bench_report(&run.bench);
    histogram_destroy(run.bench.latency);
    histogram_destroy(run.bench.broker_latency);
    free(run.bench.orders);
    return run.bench.ended_count == run.bench.plan.order_count ? EXIT_SUCCESS : EXIT_FAILURE;
}
