#include "cli.h"

#include "json.h"
#include "log.h"
#include "message.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>

#define PROBLEM_SIZE 512
#define FILE_STEP ((size_t)64 * 1024)

static const struct setting table[] = {
    SETTING_TEXT("NAMESPACE", struct cli_settings, namespace, "", NAMESPACE_MEANING),
    SETTING_TEXT("KAFKA_BOOTSTRAP_SERVERS", struct cli_settings, bootstrap, "localhost:9092", "brokers to start from, host:port,..."),
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

int cli_parse(const struct argp *argp, int argument_count, char **arguments, void *input, struct cli_settings *out_settings)
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

int cli_fail(enum cli_exit code, const char *format, ...)
{
    va_list arguments;

    fflush(stdout);
    fprintf(stderr, "orderly: ");
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fprintf(stderr, "\n");
    return (int)code;
}

int cli_check_id(const char *order_id)
{
    if (id_is_good(text_of(order_id)))
        return CLI_DONE;
    return cli_fail(CLI_USAGE, "'%s' is no order id: 1 to %d of A-Z a-z 0-9 . _ : -", order_id, ORDER_ID_MAX);
}

/* ---- connections ---- */

int cli_open_bus(const struct cli_settings *settings, const char *const topics[], struct bus **out_bus)
{
    CLEANUP(bus_close) struct bus *bus = NULL;
    char problem[PROBLEM_SIZE] = "";
    struct bus_options options = {
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

int cli_open_store(const struct cli_settings *settings, const struct store_script *const scripts[], size_t script_count,
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

int cli_flush(struct store *store)
{
    if (store_flush(store) == STATUS_OK)
        return CLI_DONE;
    return cli_fail(CLI_UNREACHABLE, "Redis does not serve any more (%s)", store_problem(store));
}

int cli_check(const struct store_value *reply, struct text key)
{
    struct text error = store_error(reply);

    if (!text_is_there(error))
        return CLI_DONE;
    return cli_fail(CLI_ENDED_BADLY, "Redis refuses what was asked of %.*s: look at it with redis-cli TYPE (%.*s)", TEXT_ARG(key),
                    TEXT_ARG(error));
}

int cli_ask(struct store *store, const struct text words[], size_t count, const struct store_value **out_reply)
{
    size_t number;
    int code;

    store_begin(store);
    number = store_queue(store, words[1], words, count);
    code = cli_flush(store);
    if (code == CLI_DONE)
        code = cli_check(store_value(store, number), words[1]);
    if (code == CLI_DONE)
        *out_reply = store_value(store, number);
    return code;
}

int cli_finish_output(int code)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return code;
    if (errno != EPIPE) /* a reader who has seen enough (orderly list | head) needs no words */
        fprintf(stderr, "orderly: the output can't be written: %s\n", strerror(errno));
    return code == CLI_DONE ? CLI_ENDED_BADLY : code;
}

/* ---- texts ---- */

/* Whether a control character of ASCII, or of the second set (U+0080 to U+009F), begins here. */
static bool is_control(struct text text, size_t i)
{
    const unsigned char byte = (unsigned char)text.at[i];

    if (byte == 0xc2 && i + 1 < text.length)
        return (unsigned char)text.at[i + 1] < 0xa0;
    return byte < 0x20 || byte == 0x7f;
}

struct text shown_text(struct arena *arena, struct text text)
{
    char *copy = NULL;

    for (size_t i = 0; i < text.length; i++) {
        if (!is_control(text, i))
            continue;
        if (copy == NULL)
            copy = memcpy(arena_take(arena, text.length), text.at, text.length);
        copy[i] = '?';
        if ((unsigned char)text.at[i] == 0xc2)
            copy[++i] = '?';
    }
    return copy == NULL ? text : (struct text){copy, text.length};
}

/* ISO 4217: decimals of the currencies that have not two. */
static int decimals_of(struct text currency)
{
    static const struct {
        const char *currency;
        int decimals;
    } others[] = {
        {"BHD", 3}, {"BIF", 0}, {"CLP", 0}, {"DJF", 0}, {"GNF", 0}, {"IQD", 3}, {"ISK", 0}, {"JOD", 3},
        {"JPY", 0}, {"KMF", 0}, {"KRW", 0}, {"KWD", 3}, {"LYD", 3}, {"OMR", 3}, {"PYG", 0}, {"RWF", 0},
        {"TND", 3}, {"UGX", 0}, {"UYI", 0}, {"VND", 0}, {"VUV", 0}, {"XAF", 0}, {"XOF", 0}, {"XPF", 0},
    };

    for (size_t i = 0; i < COUNT_OF(others); i++)
        if (text_equals(currency, text_of(others[i].currency)))
            return others[i].decimals;
    return 2;
}

struct text money_text(struct arena *arena, int64_t amount, struct text currency)
{
    int decimals = decimals_of(currency);
    int64_t unit = decimals == 3 ? 1000 : decimals == 2 ? 100 : 1;

    if (decimals == 0)
        return text_format(arena, "%" PRId64 " %.*s", amount, TEXT_ARG(currency));
    return text_format(arena, "%" PRId64 ".%0*" PRId64 " %.*s", amount / unit, decimals, amount % unit, TEXT_ARG(currency));
}

bool file_read(struct arena *arena, const char *path, size_t bytes_max, struct text *out_text)
{
    FILE *file = strcmp(path, "-") == 0 ? stdin : fopen(path, "rb");
    struct buffer buffer = buffer_in(arena, FILE_STEP);
    char step[4096];
    size_t length;
    bool good;

    if (file == NULL)
        return false;
    while ((length = fread(step, 1, sizeof(step), file)) > 0 && buffer.length <= bytes_max)
        buffer_add(&buffer, (struct text){step, length});
    good = !ferror(file);
    if (good && buffer.length > bytes_max) {
        errno = EFBIG;
        good = false;
    }
    if (file != stdin)
        fclose(file);
    *out_text = buffer_text(&buffer);
    return good;
}
