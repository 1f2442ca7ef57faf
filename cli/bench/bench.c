/* bench.c - orderly bench */
#include "bench.h"
#include "clock.h"
#include "store_address.h"

#include <inttypes.h>
#include <pthread.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define TIMEOUT_MS 60000
#define US_PER_SECOND 1000000

enum { OPTION_PID = 256, OPTION_NO_AUDIT, OPTION_ONCE_PLACED };

/* ---- arguments ---- */

static const struct cli_option plain_options[] = {
    CLI_NUMBER("orders", 'n', struct bench_options, order_count, 1, BENCH_ORDERS_MAX),
    CLI_NUMBER("rate", 'r', struct bench_options, rate, 1, BENCH_RATE_MAX),
    CLI_NUMBER("products", 'p', struct bench_options, product_count, 1, BENCH_PRODUCTS_MAX),
    CLI_NUMBER("customers", 'c', struct bench_options, customer_count, 1, BENCH_ORDERS_MAX),
    CLI_FLAG('j', struct bench_options, json),
    CLI_WORD(OPTION_ONCE_PLACED, struct bench_options, once_placed),
};

/* "3", or "1..5". */
static void items_argument(struct argp_state *state, const char *argument, struct bench_options *options)
{
    const char *dots = strstr(argument, "..");
    struct text low = {argument, dots == NULL ? strlen(argument) : (size_t)(dots - argument)};
    struct text high = dots == NULL ? low : text_of(dots + 2);

    if (!text_to_number_between(low, 1, ORDER_LINES_MAX, &options->items_low) ||
        !text_to_number_between(high, options->items_low, ORDER_LINES_MAX, &options->items_high))
        argp_error(state, "--items takes a number or a range such as 1..5, at most %d, not '%s'", ORDER_LINES_MAX, argument);
}

/* "inventory=1234" */
static void pid_argument(struct argp_state *state, const char *argument, struct process_list *named)
{
    struct process process = {0};
    struct text rest = text_of(argument), name;
    int64_t pid = 0;

    if (named->count == PROCESSES_MAX)
        argp_error(state, "more than %d --pid", PROCESSES_MAX);
    if (!text_split(&rest, '=', &name) || name.length == 0 || name.length >= sizeof(process.name) ||
        !text_to_number_between(rest, 1, INT32_MAX, &pid))
        argp_error(state, "--pid takes NAME=PID, not '%s'", argument);
    if (!id_is_good(name))
        argp_error(state, "--pid: the name may hold A-Z a-z 0-9 . _ : -");
    memcpy(process.name, name.at, name.length);
    process.pid = (int)pid;
    process.kind = process_kind_of(process.name);
    if (!process_look(&process))
        argp_error(state, "--pid %s: there is no such process", argument);
    named->processes[named->count++] = process;
}

static void mix_argument(struct argp_state *state, const char *argument, struct bench_options *options)
{
    if (!bench_mix_read(argument, &options->mix))
        argp_error(state, "--mix takes endings with weights such as completed=95,refused=5, not '%s'; see --help", argument);
}

static void check_lines(struct argp_state *state, const struct bench_options *options)
{
    if (options->items_high > options->product_count)
        argp_error(state, "an order of %" PRId64 " lines needs as many --products", options->items_high);
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
    struct bench_options *options = state->input;

    switch (key) {
    case 't':
        cli_take_duration(state, "timeout", "30s or 5m", argument, &options->timeout_ms);
        return 0;
    case 'i':
        items_argument(state, argument, options);
        return 0;
    case 'm':
        mix_argument(state, argument, options);
        return 0;
    case OPTION_PID:
        pid_argument(state, argument, &options->named);
        return 0;
    case OPTION_NO_AUDIT:
        options->audit = false;
        return 0;
    case ARGP_KEY_END:
        check_lines(state, options);
        return 0;
    default:
        return cli_take_option(plain_options, COUNT_OF(plain_options), key, argument, state);
    }
}

static const struct argp_option options_of[] = {
    {"orders", 'n', "N", 0, "how many orders (10000)", 0},
    {"rate", 'r', "R", 0, "orders a second, each at its planned time; without it flat out", 0},
    {"mix", 'm', "MIX", 0, "how the orders are to end (completed=1)", 0},
    {"items", 'i', "LOW..HIGH", 0, "lines of an order: a number or a range (1)", 0},
    {"products", 'p', "P", 0, "products they are about; 1: everybody wants the same (100)", 0},
    {"customers", 'c', "C", 0, "customers they are from (1000)", 0},
    {"timeout", 't', "DURATION", 0, "give up when no order has ended for this time (1m)", 0},
    {"once-placed", OPTION_ONCE_PLACED, "COMMAND", 0,
     "run this in a shell when all orders are placed, and count the time from then", 0},
    {"pid", OPTION_PID, "NAME=PID", 0, "a process to watch; may be repeated; without it they are looked for", 0},
    {"json", 'j', NULL, 0, "print one JSON object", 0},
    {"no-audit", OPTION_NO_AUDIT, NULL, 0, "do not run orderly audit in the end", 0},
    {0},
};

const struct argp bench_argp = {
    .options = options_of,
    .parser = parse,
    .doc = "Place many orders, wait until each has ended, and say how fast that was, how long each took, and what it cost. In "
           "the end the "
           "books are checked (orderly audit).\v"
           "Endings for --mix: completed, declined (the payment), out_of_stock, unshippable (the carrier refuses; the longest "
           "way back),\n"
           "rejected (the validator); `refused` is declined, out_of_stock and unshippable in equal parts. Weights are in "
           "proportion.\n\n"
           "The orders are real ones, named BENCH-...; they and the products BENCH-00001 ... stay behind. At a rate an order's\n"
           "latency counts from its planned time, also when it was placed late. The broker's latency is the difference of the "
           "times that\n"
           "Kafka stamped on an order's record and on its terminal event.\n\n"
           "Processes are looked for on this machine: orderly-*, redis-server and Kafka that hold a connection with Kafka's or "
           "Redis'\n"
           "port. Those of other users are found by root only. With --pid a NAME that begins with redis or kafka counts as "
           "such.\n\n"
           "Exit codes: 0 all ended as the mix says and the books are right, 1 not so, 2 usage, 3 Kafka or Redis unreachable.\n\n"
           "Examples:\n"
           "  orderly bench --orders 100000\n"
           "  orderly bench --orders 4000 --rate 200 --mix completed=95,refused=5 --json",
};

/* ---- the parts ---- */

static void make_plan(struct bench *bench)
{
    const struct bench_options *options = bench->options;
    struct bench_plan *plan = &bench->plan;

    plan->order_count = (size_t)options->order_count;
    plan->items_low = options->items_low;
    plan->items_high = options->items_high;
    plan->product_count = options->product_count;
    plan->customer_count = options->customer_count;
    snprintf(plan->prefix, sizeof(plan->prefix), "BENCH-%08llx-%06x-", (unsigned long long)clock_wall_ms() / 1000,
             (unsigned)getpid());
    plan->endings = calloc(plan->order_count, sizeof(*plan->endings));
    bench->orders = calloc(plan->order_count, sizeof(*bench->orders));
    if (plan->endings == NULL || bench->orders == NULL)
        abort();
    bench_mix_spread(&options->mix, plan->endings, plan->order_count);
}

/* What a topic holds now. */
static enum cli_exit read_spans(struct bench *bench, const char *topic, struct bus_span spans[], size_t *out_count)
{
    enum status status = bus_reader_spans(bench->reader, topic, CLI_WAIT_MS, spans, out_count);

    if (status == STATUS_OK)
        return CLI_DONE;
    return cli_fail(status == STATUS_NOT_FOUND ? CLI_ENDED_BADLY : CLI_UNREACHABLE, "%s", bus_reader_problem(bench->reader));
}

void bench_look(const struct bench *bench, struct process_list *out_list)
{
    uint16_t ports[PROCESS_PORTS_MAX];
    struct store_address redis;
    size_t count = process_ports_add(bench->settings->bootstrap, ports, 0);

    if (store_address_read(bench->settings->redis_url, &redis) && !redis.is_unix && count < PROCESS_PORTS_MAX)
        ports[count++] = (uint16_t)redis.port;
    *out_list = bench->options->named;
    if (bench->options->named.count == 0)
        processes_find(ports, count, out_list);
    for (size_t i = 0; i < out_list->count; i++)
        if (!process_look(&out_list->processes[i]))
            cli_warn("%s (%d) has ended", out_list->processes[i].name, out_list->processes[i].pid);
}

static int64_t own_cpu_us(void)
{
    struct rusage usage;

    getrusage(RUSAGE_SELF, &usage);
    return ((int64_t)usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * US_PER_SECOND + usage.ru_utime.tv_usec +
           usage.ru_stime.tv_usec;
}

/* Places and hears, with a look at the processes before and after. */
static enum cli_exit measure(struct bench *bench)
{
    pthread_t placing;
    int64_t cpu_us = own_cpu_us();

    bench_look(bench, &bench->before);
    if (pthread_create(&placing, NULL, bench_place, bench) != 0)
        return cli_fail(CLI_ENDED_BADLY, "no thread could be started");
    bench_hear(bench);
    bench_look(bench, &bench->used);
    pthread_join(placing, NULL);
    bench->client_cpu_us = own_cpu_us() - cpu_us;
    processes_subtract(&bench->before, &bench->used);
    return atomic_load(&bench->placing_failed) ? CLI_ENDED_BADLY : CLI_DONE;
}

static enum cli_exit judge(const struct bench *bench)
{
    if (bench->ended_count < bench->plan.order_count)
        return cli_fail(CLI_ENDED_BADLY, "%zu orders have not ended", bench->plan.order_count - bench->ended_count);
    if (bench->surprise_count > 0)
        return cli_fail(CLI_ENDED_BADLY, "%zu orders ended otherwise than planned", bench->surprise_count);
    return CLI_DONE;
}

static enum cli_exit run(struct bench *bench)
{
    const char *const topics[] = {topic_name(TOPIC_ORDERS), NULL};
    struct bus_span orders[BUS_PARTITIONS_MAX], events[BUS_PARTITIONS_MAX];
    size_t order_spans, event_spans;
    enum cli_exit code;

    CLI_TRY(bench_supply(bench));
    CLI_TRY(cli_open_bus(bench->settings, topics, &bench->bus));
    CLI_TRY(cli_open_reader(bench->settings, "orderly-bench", NULL, &bench->reader));
    CLI_TRY(read_spans(bench, topic_name(TOPIC_ORDERS), orders, &order_spans));
    CLI_TRY(read_spans(bench, topic_name(TOPIC_EVENTS), events, &event_spans));
    bus_reader_follow(bench->reader, topic_name(TOPIC_EVENTS), events, event_spans);
    code = measure(bench);
    if (code == CLI_DONE)
        code = bench_read_placed(bench, orders, order_spans);
    bench_report(bench); /* also of a run that was given up */
    CLI_TRY(code);
    return judge(bench);
}

/* `orderly audit`, as a program of its own that prints on standard error: standard output belongs to the results. */
static enum cli_exit check_books(void)
{
    char *const arguments[] = {(char[]){"orderly"}, (char[]){"audit"}, NULL};
    posix_spawn_file_actions_t actions;
    int how = 0, error;
    pid_t pid;

    fflush(stdout);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, STDERR_FILENO, STDOUT_FILENO);
    error = posix_spawn(&pid, "/proc/self/exe", &actions, NULL, arguments, environ);
    posix_spawn_file_actions_destroy(&actions);
    if (error != 0 || waitpid(pid, &how, 0) != pid || !WIFEXITED(how))
        return cli_fail(CLI_ENDED_BADLY, "orderly audit could not be run");
    return WEXITSTATUS(how) == CLI_DONE ? CLI_DONE : cli_fail(CLI_ENDED_BADLY, "orderly audit ended with %d", WEXITSTATUS(how));
}

static void release(struct bench *bench)
{
    bus_close(bench->bus);
    bus_reader_close(bench->reader);
    histogram_destroy(bench->latency);
    histogram_destroy(bench->broker_latency);
    arena_destroy(bench->arena);
    free(bench->orders);
    free(bench->plan.endings);
}

enum cli_exit bench_run(int argument_count, char **arguments)
{
    struct bench_options options = {.order_count = 10000,
                                    .product_count = 100,
                                    .customer_count = 1000,
                                    .items_low = 1,
                                    .items_high = 1,
                                    .timeout_ms = TIMEOUT_MS,
                                    .mix = {{[BENCH_COMPLETED] = 1}},
                                    .audit = true};
    struct cli_settings settings;
    struct bench bench = {.options = &options, .settings = &settings};
    enum cli_exit code;

    CLI_TRY(cli_parse(&bench_argp, argument_count, arguments, &options, &settings));
    make_plan(&bench);
    bench.arena = arena_create();
    bench.latency = histogram_create();
    bench.broker_latency = histogram_create();
    code = run(&bench);
    if (code == CLI_DONE && options.audit)
        code = check_books();
    release(&bench);
    return code;
}
