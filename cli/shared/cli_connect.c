#include "cli_connect.h"

#define PROBLEM_SIZE 512

enum cli_exit cli_open_bus(const struct cli_settings *settings, const char *const topics[], struct bus **out_bus)
{
    CLEANUP(bus_close) struct bus *bus = NULL;
    char problem[PROBLEM_SIZE] = "";
    const struct bus_options options = {
        .bootstrap = settings->bootstrap,
        .client_id = "orderly-cli",
        .sends_to = topics,
        .passed = &settings->passed,
        .batch_max = 1,
    };
    enum status status;

    if (bus_open(&options, problem, sizeof(problem), &bus) != STATUS_OK)
        return cli_fail(CLI_USAGE, "%s", problem);
    status = bus_warm_up(bus, CLI_WAIT_MS);
    if (status == STATUS_NOT_FOUND)
        return cli_fail(CLI_ENDED_BADLY, "%s", bus_problem(bus));
    if (status != STATUS_OK)
        return cli_fail(CLI_UNREACHABLE, "Kafka does not answer at %s: check KAFKA_BOOTSTRAP_SERVERS (%s)", settings->bootstrap,
                        bus_problem(bus));
    *out_bus = bus;
    bus = NULL;
    return CLI_DONE;
}

enum cli_exit cli_open_reader(const struct cli_settings *settings, const char *client_id, const char *group,
                              struct bus_reader **out_reader)
{
    const struct bus_options options = {
        .bootstrap = settings->bootstrap, .client_id = client_id, .group_id = group, .passed = &settings->passed};
    char problem[PROBLEM_SIZE] = "";

    if (bus_reader_open(&options, problem, sizeof(problem), out_reader) == STATUS_OK)
        return CLI_DONE;
    return cli_fail(CLI_USAGE, "%s", problem);
}

enum cli_exit cli_open_store(const struct cli_settings *settings, const struct store_script *const scripts[], size_t script_count,
                             struct store **out_store)
{
    CLEANUP(store_close) struct store *store = NULL;

    if (store_open(settings->redis_url, STORE_CONNECTIONS, scripts, script_count, &store) != STATUS_OK)
        return cli_fail(CLI_USAGE, "REDIS_URL can't be read: redis://[user:password@]host:port[/db]");
    if (store_ping(store) != STATUS_OK)
        return cli_fail(CLI_UNREACHABLE, "Redis does not answer: check REDIS_URL (%s)", store_problem(store));
    *out_store = store;
    store = NULL;
    return CLI_DONE;
}
