/* doctor.c - orderly doctor: a table of checks, and what each found. */
#include "doctor.h"

#include "cli_json.h"
#include "shown.h"

#include <stdarg.h>
#include <stdio.h>

#define PROBLEM_SIZE 512
#define LINE_SIZE 4096
#define CHECK_WIDTH 32

struct doctor_arguments {
    bool json;
};

static error_t parse(int key, char *argument, struct argp_state *state)
{
    struct doctor_arguments *given = state->input;

    (void)argument;
    if (key != 'j')
        return ARGP_ERR_UNKNOWN;
    given->json = true;
    return 0;
}

static const struct argp_option options[] = {
    {"json", 'j', NULL, 0, "print one JSON object a line", 0},
    {0},
};

const struct argp doctor_argp = {
    .options = options,
    .parser = parse,
    .doc = "Look at everything the guarantees rest on: Kafka, its topics and their settings, the services' consumer groups, "
           "Redis, what it "
           "keeps and how, the clocks, the catalog; and at what waits for a person. Nothing is changed. One line for each check, "
           "and below "
           "what is not good the command that mends it.\v"
           "Exit codes: 0 all is well (perhaps with warnings), 1 something is wrong, 2 usage, 3 Kafka or Redis unreachable.",
};

/* ---- telling ---- */

static void print_json(enum finding finding, const char *check, struct text said, struct text mend)
{
    CLEANUP(json_draft_destroy) struct json_draft *draft = json_draft_object();

    json_add_text(draft, "check", text_of(check));
    json_add_text(draft, "state", text_of(finding_word(finding)));
    json_add_text(draft, "text", said);
    if (text_is_there(mend))
        json_add_text(draft, "mend", mend);
    cli_print_json(draft);
}

void doctor_tell(struct doctor *doctor, enum finding finding, const char *check, struct text mend, const char *format, ...)
{
    char line[LINE_SIZE], shown[LINE_SIZE];
    struct text said;
    va_list values;

    va_start(values, format);
    vsnprintf(line, sizeof(line), format, values);
    va_end(values);
    (void)shown_bytes(text_of(line), shown, sizeof(shown));
    said = text_of(shown);
    doctor->counts[finding]++;
    if (doctor->json) {
        print_json(finding, check, said, mend);
        return;
    }
    printf("%-8s %-*s %.*s\n", finding_word(finding), CHECK_WIDTH, check, TEXT_ARG(said));
    if (text_is_there(mend))
        printf("%-8s %-*s -> %.*s\n", "", CHECK_WIDTH, "", TEXT_ARG(mend));
}

void doctor_lost_kafka(struct doctor *doctor, const char *check, const char *problem)
{
    doctor->kafka_away = true;
    doctor_tell(doctor, FINDING_WRONG, check, TEXT_NONE, "Kafka does not answer (%s)", problem);
}

void doctor_lost_reader(struct doctor *doctor, const char *check, const struct bus_reader *reader)
{
    doctor_lost_kafka(doctor, check, reader == NULL ? "no client" : bus_reader_problem(reader));
}

const struct store_value *doctor_ask(struct doctor *doctor, const char *check, const struct text words[], size_t count,
                                     struct text *out_refusal)
{
    struct text error;

    *out_refusal = TEXT_NONE;
    store_begin(doctor->store);
    store_queue(doctor->store, words[count > 1 ? 1 : 0], words, count);
    if (store_flush(doctor->store) == STATUS_OK) {
        error = store_error(store_value(doctor->store, 0));
        if (!text_is_there(error))
            return store_value(doctor->store, 0);
        *out_refusal = text_copy(doctor->arena, error);
        return NULL;
    }
    error = text_copy(doctor->arena, text_of(store_problem(doctor->store)));
    if (store_ping(doctor->store) == STATUS_OK) {
        *out_refusal = error; /* Redis answers, but this user may not ask for that */
        return NULL;
    }
    doctor->redis_away = true;
    doctor_tell(doctor, FINDING_WRONG, check, TEXT_NONE, "Redis does not answer any more (%s)", store_problem(doctor->store));
    return NULL;
}

bool doctor_scan(struct doctor *doctor, const char *check, struct arena *arena, struct store_scan *scan, struct text *out_refusal)
{
    struct text words[STORE_SCAN_WORDS];
    size_t count = store_scan_words(arena, scan, words);
    const struct store_value *reply = doctor_ask(doctor, check, words, count, out_refusal);

    return reply != NULL && store_scan_take(arena, scan, reply) == STATUS_OK;
}

/* ---- the checks ---- */

#define NEEDS_KAFKA 1
#define NEEDS_REDIS 2

static const struct check {
    const char *name; /* the name under which a check is reported that can't be made */
    int needs;
    void (*run)(struct doctor *doctor);
} checks[] = {
    {"versions", 0, doctor_versions},
    {"kafka", 0, doctor_brokers},
    {"topics", NEEDS_KAFKA, doctor_topics},
    {"consumer groups", NEEDS_KAFKA, doctor_groups},
    {"transactions", NEEDS_KAFKA, doctor_transactions},
    {"clock of kafka", NEEDS_KAFKA, doctor_kafka_clock},
    {"redis", 0, doctor_redis},
    {"redis persistence", NEEDS_REDIS, doctor_persistence},
    {"redis appendfsync", NEEDS_REDIS, doctor_fsync},
    {"redis memory", NEEDS_REDIS, doctor_memory},
    {"clock of redis", NEEDS_REDIS, doctor_redis_clock},
    {"kafka against redis", NEEDS_KAFKA | NEEDS_REDIS, doctor_clocks},
    {"catalog", NEEDS_REDIS, doctor_catalog},
    {"sagas", NEEDS_REDIS, doctor_sagas},
    {"dead letters", NEEDS_KAFKA, doctor_dead_letters},
};

static void run_check(struct doctor *doctor, const struct check *check)
{
    if ((check->needs & NEEDS_KAFKA) != 0 && doctor->kafka_away)
        doctor_tell(doctor, FINDING_UNKNOWN, check->name, TEXT_NONE, "not looked at: Kafka can't be reached");
    else if ((check->needs & NEEDS_REDIS) != 0 && doctor->redis_away)
        doctor_tell(doctor, FINDING_UNKNOWN, check->name, TEXT_NONE, "not looked at: Redis can't be reached");
    else
        check->run(doctor);
}

void doctor_versions(struct doctor *doctor)
{
    doctor_tell(doctor, FINDING_OK, "versions", TEXT_NONE, "orderly %s, librdkafka %s, hiredis %s, json-c %s", ORDERLY_VERSION,
                bus_library_version(), store_library_version(), json_library_version());
}

static enum cli_exit conclude(const struct doctor *doctor)
{
    size_t total = 0;

    for (size_t i = 0; i < FINDING_COUNT; i++)
        total += doctor->counts[i];
    if (!doctor->json)
        printf("\n%zu looked at: %zu ok, %zu warnings, %zu wrong, %zu unknown\n", total, doctor->counts[FINDING_OK],
               doctor->counts[FINDING_WARNING], doctor->counts[FINDING_WRONG], doctor->counts[FINDING_UNKNOWN]);
    if (doctor->kafka_away || doctor->redis_away)
        return CLI_UNREACHABLE;
    return doctor->counts[FINDING_WRONG] > 0 ? CLI_ENDED_BADLY : CLI_DONE;
}

static enum cli_exit open_both(const struct cli_settings *settings, struct bus **out_bus, struct store **out_store)
{
    struct bus_options client = {
        .bootstrap = settings->bootstrap, .client_id = "orderly-cli", .passed = &settings->passed, .batch_max = 1};
    char problem[PROBLEM_SIZE] = "";

    if (bus_open(&client, problem, sizeof(problem), out_bus) != STATUS_OK)
        return cli_fail(CLI_USAGE, "%s", problem);
    if (store_open(settings->redis_url, 1, NULL, 0, out_store) != STATUS_OK)
        return cli_fail(CLI_USAGE, "REDIS_URL can't be read: redis://[user:password@]host:port[/db]");
    return CLI_DONE;
}

enum cli_exit doctor_run(int argument_count, char **arguments)
{
    CLEANUP(arena_destroy) struct arena *arena = arena_create();
    CLEANUP(bus_close) struct bus *bus = NULL;
    CLEANUP(store_close) struct store *store = NULL;
    struct doctor_arguments given = {.json = false};
    struct cli_settings settings;
    struct doctor doctor = {.arena = arena, .settings = &settings};

    CLI_TRY(cli_parse(&doctor_argp, argument_count, arguments, &given, &settings));
    CLI_TRY(open_both(&settings, &bus, &store));
    doctor.json = given.json;
    doctor.bus = bus;
    doctor.store = store;
    for (size_t i = 0; i < COUNT_OF(checks); i++)
        run_check(&doctor, &checks[i]);
    return conclude(&doctor);
}
