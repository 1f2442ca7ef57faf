/* dlq_redrive.c - orderly dlq redrive: what the user chose, and a walk over it. What becomes of each is in dlq_drive.c. */
#include "dlq_drive.h"

#include <inttypes.h>

static void add_place(struct redrive *redrive, const char *argument, struct argp_state *state)
{
    if (redrive->place_count == REDRIVE_PLACES_MAX)
        argp_error(state, "more than %d positions", REDRIVE_PLACES_MAX);
    if (!place_read(argument, &redrive->places[redrive->place_count]))
        argp_error(state, "'%s' is no position such as orders.dlq/0/12: see orderly dlq list", argument);
    redrive->place_count++;
}

static void check_choice(const struct redrive *redrive, struct argp_state *state)
{
    const bool named = redrive->place_count > 0, filtered = redrive->reason != NULL;
    const int ways = named + (redrive->topic != NULL) + redrive->all;

    if (ways > 1)
        argp_error(state, "positions, --topic and --all exclude one another");
    if (named && filtered)
        argp_error(state, "--reason chooses among many: with positions it makes no sense");
    if (ways == 0 && !filtered)
        argp_usage(state);
}

static const struct cli_option plain_options[] = {
    CLI_WORD('t', struct redrive, topic),   CLI_WORD('r', struct redrive, reason), CLI_FLAG('a', struct redrive, all),
    CLI_FLAG('d', struct redrive, dry_run), CLI_FLAG('f', struct redrive, force),  CLI_FLAG('j', struct redrive, json),
};

static error_t parse(int key, char *argument, struct argp_state *state)
{
    struct redrive *redrive = state->input;

    switch (key) {
    case ARGP_KEY_ARG:
        add_place(redrive, argument, state);
        return 0;
    case ARGP_KEY_END:
        check_choice(redrive, state);
        return 0;
    default:
        return cli_take_option(plain_options, COUNT_OF(plain_options), key, argument, state);
    }
}

static const struct argp_option options[] = {
    {"topic", 't', "TOPIC", 0, "all dead letters of this topic", 0},
    {"reason", 'r', "REASON", 0, "only those with this reason", 0},
    {"all", 'a', NULL, 0, "all dead letters of all topics", 0},
    {"dry-run", 'd', NULL, 0, "say what would be done, and do nothing", 0},
    {"force", 'f', NULL, 0,
     "also conflicts, what is older than RETENTION_DAYS, what came back 3 times, and what was masked; and, when its position is "
     "given, what was "
     "redriven already",
     0},
    {"json", 'j', NULL, 0, "print one JSON object a line", 0},
    {0},
};

const struct argp dlq_redrive_argp = {
    .options = options,
    .parser = parse,
    .args_doc = "POSITION...\n--topic TOPIC [--reason REASON]\n--reason REASON\n--all",
    .doc = "Send dead letters back to where they came from, once what was wrong is mended: with their key, value and headers, "
           "and a header "
           "dlq-redrives that counts.\v"
           "What is redriven is remembered and not sent again; it stays in its topic until it expires. What can't be handled "
           "again is "
           "buried again. Only its beginning was kept of what is `cut`: that never goes back. With --force a command that is "
           "older than "
           "RETENTION_DAYS may be carried out a second time: its mark may be gone.\n\n"
           "Exit codes: 0 done, 1 a position was refused or is not there, or one could not be sent, 2 usage, 3 Kafka or Redis "
           "unreachable.\n\n"
           "Examples:\n  orderly dlq redrive orders.dlq/0/12\n  orderly dlq redrive --topic orders --reason too_large --dry-run",
};

/* ---- all of it ---- */

static enum cli_exit drive_places(struct driving *driving, struct bus_reader *reader)
{
    bool found;

    for (size_t i = 0; i < driving->redrive->place_count; i++) {
        const struct place *place = &driving->redrive->places[i];
        size_t before = driving->count;
        CLI_TRY(dlq_scan_place(reader, place, drive_see, driving, &found));
        if (driving->count == before) {
            cli_warn("there is no dead letter %s/%" PRId32 "/%" PRId64, place->topic, place->partition, place->offset);
            driving->failed++;
        }
        CLI_TRY(drive_batch(driving));
    }
    return CLI_DONE;
}

static enum cli_exit drive_topics(struct driving *driving, struct bus_reader *reader, const char *const topics[], size_t count)
{
    enum cli_exit worst = CLI_DONE;

    for (size_t i = 0; i < count && worst != CLI_UNREACHABLE; i++) {
        enum cli_exit code = dlq_scan(reader, topics[i], drive_see, driving);
        if (code == CLI_DONE)
            code = drive_batch(driving);
        worst = code > worst ? code : worst;
    }
    return worst;
}

/* Everything that could be sent to: the origins of the dead-letter topics. */
static enum cli_exit open_bus(struct arena *arena, const struct cli_settings *settings, struct bus **out_bus)
{
    const char *dead[DLQ_TOPICS_MAX], *origins[DLQ_TOPICS_MAX + 1] = {NULL};
    size_t count = dlq_topics(NULL, dead);

    for (size_t i = 0; i < count; i++)
        origins[i] = text_copy(arena, (struct text){dead[i], strlen(dead[i]) - strlen(DEAD_LETTER_ENDING)}).at;
    return cli_open_bus(settings, origins, out_bus);
}

static enum cli_exit open_all(struct driving *driving, struct arena *arena, const struct cli_settings *settings,
                              struct bus_reader **out_reader, struct bus **out_bus, struct store **out_store)
{
    CLI_TRY(cli_open_store(settings, NULL, 0, out_store));
    CLI_TRY(dlq_open_reader(settings, out_reader));
    if (!driving->redrive->dry_run)
        CLI_TRY(open_bus(arena, settings, out_bus));
    driving->store = *out_store;
    driving->bus = *out_bus;
    return CLI_DONE;
}

static enum cli_exit check_places(const struct redrive *redrive)
{
    const char *topics[DLQ_TOPICS_MAX];

    for (size_t i = 0; i < redrive->place_count; i++)
        if (dlq_topics(redrive->places[i].topic, topics) == 0)
            return cli_fail(CLI_USAGE, "%s is none of Orderly's dead-letter topics", redrive->places[i].topic);
    return CLI_DONE;
}

/* What the user named has to be sent; of what was only found, some may stay for good reasons. */
static bool fell_short(const struct driving *driving)
{
    return driving->failed > 0 || (driving->rules.named && driving->refused > 0);
}

static enum cli_exit drive(struct arena *arena, const struct redrive *redrive, const struct cli_settings *settings)
{
    CLEANUP(bus_reader_close) struct bus_reader *reader = NULL;
    CLEANUP(bus_close) struct bus *bus = NULL;
    CLEANUP(store_close) struct store *store = NULL;
    CLEANUP(arena_destroy) struct arena *batch_arena = arena_create();
    struct driving driving = {.redrive = redrive, .arena = batch_arena};
    const char *topics[DLQ_TOPICS_MAX];
    size_t count = dlq_topics(redrive->topic, topics);
    enum cli_exit code;

    CLI_TRY(check_places(redrive));
    if (count == 0)
        return cli_fail(CLI_USAGE, "there is no topic '%s' with dead letters", redrive->topic);
    driving.rules = (struct redrive_rules){
        .retention_ms = settings->retention_days * DLQ_DAY_MS, .force = redrive->force, .named = redrive->place_count > 0};
    CLI_TRY(open_all(&driving, arena, settings, &reader, &bus, &store));
    CLI_TRY(cli_redis_clock(store, &driving.rules.now_ms));
    code = driving.rules.named ? drive_places(&driving, reader) : drive_topics(&driving, reader, topics, count);
    drive_print_totals(&driving);
    return code == CLI_DONE && fell_short(&driving) ? CLI_ENDED_BADLY : code;
}

enum cli_exit dlq_redrive_run(int argument_count, char **arguments)
{
    CLEANUP(arena_destroy) struct arena *arena = arena_create();
    struct redrive *redrive = arena_take_zeroed(arena, 1, sizeof(*redrive));
    struct cli_settings settings;

    CLI_TRY(cli_parse(&dlq_redrive_argp, argument_count, arguments, redrive, &settings));
    return drive(arena, redrive, &settings);
}
