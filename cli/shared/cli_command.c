#include "cli_command.h"

#include "duration.h"
#include "message.h"
#include "names.h"

#include <inttypes.h>

static const struct setting table[] = {
    SETTING_TEXT("NAMESPACE", struct cli_settings, namespace, "", NAMESPACE_MEANING),
    SETTING_TEXT("KAFKA_BOOTSTRAP_SERVERS", struct cli_settings, bootstrap, "localhost:9092",
                 "brokers to start from, host:port,..."),
    SETTING_SECRET("REDIS_URL", struct cli_settings, redis_url, "redis://localhost:6379",
                   "redis://[user:password@]host:port[/db], rediss://..., unix:///path"),
    SETTING_NUMBER("TOPIC_PARTITIONS", struct cli_settings, topic_partitions, 6, 1, 1000, "partitions of a new topic"),
    SETTING_NUMBER("TOPIC_REPLICATION", struct cli_settings, topic_replication, 1, 1, 7,
                   "copies of a new topic; with 3 or more, 2 must be in sync"),
    SETTING_NUMBER("RETENTION_DAYS", struct cli_settings, retention_days, 7, 1, 3650, "days that a new topic keeps its records"),
    SETTING_NUMBER("DAY_SECONDS", struct cli_settings, day_seconds, 86400, 1, 86400,
                   "how long a day of RETENTION_DAYS is for the audit; the orchestrator's, shorter than a day in tests only"),
    SETTING_NUMBER("MAX_MESSAGE_BYTES", struct cli_settings, message_bytes_max, 65536, 1024, 131072, "largest order"),
};

const struct setting *cli_settings_table(size_t *out_count)
{
    *out_count = COUNT_OF(table);
    return table;
}

static size_t check_namespace(const char *name)
{
    if (namespace_is_good(text_of(name)))
        return 0;
    fprintf(stderr, NAMESPACE_COMPLAINT "\n", name, NAMESPACE_MAX);
    return 1;
}

enum cli_exit cli_parse(const struct argp *argp, int argument_count, char **arguments, void *input,
                        struct cli_settings *out_settings)
{
    size_t mistakes;

    argp_parse(argp, argument_count, arguments, 0, NULL, input);
    mistakes = settings_read(table, COUNT_OF(table), out_settings, stderr);
    mistakes += settings_read_passed(&out_settings->passed, stderr) + check_namespace(out_settings->namespace);
    if (mistakes > 0)
        return cli_fail(CLI_USAGE, "the settings can't be used; see orderly --help");
    namespace_use(text_of(out_settings->namespace));
    return CLI_DONE;
}

error_t cli_take_one(int key, char *argument, struct argp_state *state, const char **out_argument)
{
    switch (key) {
    case ARGP_KEY_ARG:
        if (*out_argument != NULL)
            argp_usage(state);
        *out_argument = argument;
        return 0;
    case ARGP_KEY_NO_ARGS:
        argp_usage(state);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static void take_number(const struct cli_option *option, const char *argument, struct argp_state *state, int64_t *out_number)
{
    if (!text_to_number_between(text_of(argument), option->low, option->high, out_number))
        argp_error(state, "--%s takes a whole number from %" PRId64 " to %" PRId64 ", not '%s'", option->name, option->low,
                   option->high, argument);
}

error_t cli_take_option(const struct cli_option options[], size_t count, int key, char *argument, struct argp_state *state)
{
    size_t i = 0;
    char *place;

    while (i < count && options[i].key != key)
        i++;
    if (i == count)
        return ARGP_ERR_UNKNOWN;
    place = (char *)state->input + options[i].offset;
    if (options[i].kind == CLI_OPTION_FLAG)
        *(bool *)(void *)place = true;
    else if (options[i].kind == CLI_OPTION_WORD)
        *(const char **)(void *)place = argument;
    else
        take_number(&options[i], argument, state, (int64_t *)(void *)place);
    return 0;
}

void cli_take_duration(struct argp_state *state, const char *option, const char *examples, const char *argument, int64_t *out_ms)
{
    if (!duration_read(argument, 1, out_ms))
        argp_error(state, "--%s takes a duration such as %s, not '%s'", option, examples, argument);
}

enum cli_exit cli_check_id(const char *order_id)
{
    if (id_is_good(text_of(order_id)))
        return CLI_DONE;
    return cli_fail(CLI_USAGE, "'%s' is no order id: 1 to %d of A-Z a-z 0-9 . _ : -", order_id, ORDER_ID_MAX);
}
