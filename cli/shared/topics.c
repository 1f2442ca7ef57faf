/* topics.c - orderly topics create */
#include "cli_connect.h"
#include "topic_plan.h"

#define PROBLEM_SIZE 512

const struct argp topics_create_argp = {
    .doc = "Create the topics that are not there, with the settings that the guarantees need. What is there is left as it is.\v"
           "TOPIC_PARTITIONS, TOPIC_REPLICATION and RETENTION_DAYS hold for new topics.\n\n"
           "Exit codes: 0 all are there, 1 one could not be created, 2 usage, 3 Kafka unreachable.",
};

static bool print_results(const struct topic_plan plans[], const enum topic_result results[])
{
    static const char *const words[] = {[TOPIC_CREATED] = "created", [TOPIC_EXISTED] = "exists", [TOPIC_FAILED] = "FAILED"};
    bool good = true;

    for (size_t i = 0; i < TOPIC_PLAN_COUNT; i++) {
        printf("%-26s %s\n", plans[i].name, words[results[i]]);
        good = good && results[i] != TOPIC_FAILED;
    }
    return good;
}

enum cli_exit topics_create_run(int argument_count, char **arguments)
{
    CLEANUP(arena_destroy) struct arena *arena = arena_create();
    CLEANUP(bus_close) struct bus *bus = NULL;
    struct cli_settings settings;
    struct topic_plan plans[TOPIC_PLAN_COUNT];
    enum topic_result results[TOPIC_PLAN_COUNT];
    char problem[PROBLEM_SIZE] = "";
    enum status status;

    CLI_TRY(cli_parse(&topics_create_argp, argument_count, arguments, NULL, &settings));
    CLI_TRY(cli_open_bus(&settings, NULL, &bus));
    topic_plans(arena, &settings, plans);
    status = bus_create_topics(bus, plans, TOPIC_PLAN_COUNT, CLI_WAIT_MS, results, problem, sizeof(problem));
    if (status != STATUS_OK)
        return cli_fail(status == STATUS_UNAVAILABLE ? CLI_UNREACHABLE : CLI_ENDED_BADLY, "%s", problem);
    if (!print_results(plans, results))
        return cli_fail(CLI_ENDED_BADLY, "%s", problem);
    return CLI_DONE;
}
