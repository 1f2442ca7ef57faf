/* dlq_redrive.c - orderly dlq redrive: in batches, each looked up, sent, confirmed, and only then marked. A crash before the mark means that the
 * batch goes a second time, which orders and commands stand: they are idempotent. */
#include "dlq_verdict.h"

#include <inttypes.h>
#include <stdlib.h>

#define BATCH_BYTES_MAX ((size_t)8 * 1024 * 1024)
#define PLACES_MAX 1000
#define OWN_HEADERS 2
#define NUMBER_SIZE 24

struct redrive {
    struct place places[PLACES_MAX];
    size_t place_count;
    const char *topic, *reason; /* NULL: any */
    bool all, dry_run, force, json;
};

static void add_place(struct redrive *redrive, const char *argument, struct argp_state *state)
{
    if (redrive->place_count == PLACES_MAX)
        argp_error(state, "more than %d positions", PLACES_MAX);
    if (!place_read(argument, &redrive->places[redrive->place_count]))
        argp_error(state, "'%s' is no position such as orders.dlq/0/12: see orderly dlq list", argument);
    redrive->place_count++;
}

static void check_choice(const struct redrive *redrive, struct argp_state *state)
{
    if ((redrive->place_count > 0) + (redrive->topic != NULL) + redrive->all > 1)
        argp_error(state, "positions, --topic and --all exclude one another");
    if (redrive->place_count > 0 && redrive->reason != NULL)
        argp_error(state, "--reason chooses among many: with positions it makes no sense");
    if (redrive->place_count == 0 && redrive->topic == NULL && redrive->reason == NULL && !redrive->all)
        argp_usage(state);
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
    struct redrive *redrive = state->input;

    switch (key) {
    case 't':
        redrive->topic = argument;
        return 0;
    case 'r':
        redrive->reason = argument;
        return 0;
    case 'a':
        redrive->all = true;
        return 0;
    case 'd':
        redrive->dry_run = true;
        return 0;
    case 'f':
        redrive->force = true;
        return 0;
    case 'j':
        redrive->json = true;
        return 0;
    case ARGP_KEY_ARG:
        add_place(redrive, argument, state);
        return 0;
    case ARGP_KEY_END:
        check_choice(redrive, state);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_option options[] = {
    {"topic", 't', "TOPIC", 0, "all dead letters of this topic", 0},
    {"reason", 'r', "REASON", 0, "only those with this reason", 0},
    {"all", 'a', NULL, 0, "all dead letters of all topics", 0},
    {"dry-run", 'd', NULL, 0, "say what would be done, and do nothing", 0},
    {"force", 'f', NULL, 0,
     "also conflicts, what is older than RETENTION_DAYS, what came back 3 times, and what was masked; and, when its position is given, what was "
     "redriven already", 0},
    {"json", 'j', NULL, 0, "print one JSON object a line", 0},
    {0},
};

static const struct argp arguments_of = {
    .options = options,
    .parser = parse,
    .args_doc = "POSITION...\n--topic TOPIC [--reason REASON]\n--reason REASON\n--all",
    .doc = "Send dead letters back to where they came from, once what was wrong is mended: with their key, value and headers, and a header "
           "dlq-redrives that counts.\v"
           "What is redriven is remembered and not sent again; it stays in its topic until it expires. What can't be handled again is "
           "buried again. Only its beginning was kept of what is `cut`: that never goes back. With --force a command that is older than "
           "RETENTION_DAYS may be carried out a second time: its mark may be gone.\n\n"
           "Exit codes: 0 done, 1 a position was refused or is not there, or one could not be sent, 2 usage, 3 Kafka or Redis unreachable.\n\n"
           "Examples:\n  orderly dlq redrive orders.dlq/0/12\n  orderly dlq redrive --topic orders --reason too_large --dry-run",
};

/* ---- a batch ---- */

/* A dead letter on its way: a copy in the batch's arena. */
struct parcel {
    struct letter letter;
    struct text key, value;
    struct header headers[BUS_HEADERS_MAX + OWN_HEADERS];
    size_t header_count;
    enum verdict verdict;
    bool too_large; /* its topic does not take it */
};

struct driving {
    const struct redrive *redrive;
    struct redrive_rules rules;
    struct bus *bus; /* NULL: dry run */
    struct store *store;
    struct arena *arena;
    struct parcel *parcels[DLQ_BATCH];
    size_t count, bytes;
    int64_t sent, refused, skipped, failed; /* skipped: redriven already, and nobody asked for it */
};

static void copy_headers(struct arena *arena, const struct record *record, struct parcel *parcel)
{
    struct header all[BUS_HEADERS_MAX];
    size_t count = record_headers(record, all);

    for (size_t i = 0; i < count; i++)
        if (!text_begins(all[i].name, TEXT("dlq-")))
            parcel->headers[parcel->header_count++] =
                (struct header){text_copy(arena, all[i].name), text_copy(arena, all[i].value)};
}

/* How often it was sent back, and when it was first written: a new record must not make an order young again. */
static void add_own_headers(struct arena *arena, struct parcel *parcel)
{
    parcel->headers[parcel->header_count++] =
        (struct header){TEXT("dlq-redrives"), text_format(arena, "%" PRId64, parcel->letter.redrives + 1)};
    parcel->headers[parcel->header_count++] =
        (struct header){TEXT("dlq-timestamp"), text_format(arena, "%" PRId64, parcel->letter.written_ms)};
}

static enum status send_parcel(struct driving *driving, struct parcel *parcel)
{
    char topic[DLQ_TOPIC_SIZE];
    enum status status;

    add_own_headers(driving->arena, parcel);
    snprintf(topic, sizeof(topic), "%.*s", TEXT_ARG(place_origin(&parcel->letter.place)));
    status = bus_send(driving->bus, &(struct outgoing){.topic = topic, .partition = -1, .key = parcel->key, .value = parcel->value,
                                                       .headers = parcel->headers, .header_count = parcel->header_count});
    parcel->too_large = status == STATUS_BAD_MESSAGE;
    return status == STATUS_BAD_MESSAGE ? STATUS_OK : status;
}

static bool is_going(const struct parcel *parcel)
{
    return parcel->verdict == VERDICT_SEND && !parcel->too_large;
}

static int send_batch(struct driving *driving)
{
    enum status status = STATUS_OK;
    const char *problem = bus_problem(driving->bus);

    for (size_t i = 0; status == STATUS_OK && i < driving->count; i++)
        if (driving->parcels[i]->verdict == VERDICT_SEND)
            status = send_parcel(driving, driving->parcels[i]);
    if (status == STATUS_OK && cli_confirm(driving->bus, &problem))
        return CLI_DONE;
    return cli_fail(CLI_UNREACHABLE, "Kafka did not confirm the last batch (%s): run it again, what arrives twice is done once", problem);
}

static int mark_batch(struct driving *driving)
{
    const struct letter *sent[DLQ_BATCH];
    size_t count = 0;
    int code;

    for (size_t i = 0; i < driving->count; i++)
        if (is_going(driving->parcels[i]))
            sent[count++] = &driving->parcels[i]->letter;
    code = count == 0 ? CLI_DONE : dlq_mark(driving->store, driving->arena, sent, count, driving->rules.now_ms);
    if (code != CLI_DONE)
        cli_fail(CLI_DONE, "%zu were sent, but that could not be remembered: the next redrive may send them again", count);
    return code;
}

/* ---- printing ---- */

static const char *outcome_word(const struct driving *driving, const struct parcel *parcel)
{
    if (parcel->too_large)
        return "failed";
    if (parcel->verdict != VERDICT_SEND)
        return "refused";
    return driving->redrive->dry_run ? "would_send" : "sent";
}

static void print_json(struct driving *driving, const struct parcel *parcel, const char *outcome)
{
    struct buffer buffer = buffer_in(driving->arena, 256);
    const struct letter *letter = &parcel->letter;

    buffer_add(&buffer, TEXT("{\"kind\":\"letter\",\"position\":"));
    buffer_add_json_string(&buffer, place_text(driving->arena, &letter->place));
    buffer_add_format(&buffer, ",\"outcome\":\"%s\",\"redrives\":%" PRId64 ",\"reason\":", outcome, letter->redrives + is_going(parcel));
    buffer_add_json_string(&buffer, text_of(letter->reason));
    if (!is_going(parcel))
        buffer_add_format(&buffer, ",\"why\":\"%s\"", parcel->too_large ? "too_large" : verdict_word(parcel->verdict));
    printf("%.*s}\n", TEXT_ARG(buffer_text(&buffer)));
}

static void print_for_people(struct driving *driving, const struct parcel *parcel)
{
    const struct letter *letter = &parcel->letter;

    printf("%-30.*s %-14s ", TEXT_ARG(place_text(driving->arena, &letter->place)), letter->reason[0] == '\0' ? "(none)" : letter->reason);
    if (is_going(parcel))
        printf("%s to %.*s\n", driving->redrive->dry_run ? "would go" : "sent", TEXT_ARG(place_origin(&letter->place)));
    else
        printf("not sent: %s\n", parcel->too_large ? "it is too large for its topic" : verdict_text(parcel->verdict));
}

static void tell(struct driving *driving, const struct parcel *parcel)
{
    if (parcel->verdict == VERDICT_REDRIVEN && !driving->rules.named) {
        driving->skipped++;
        return;
    }
    driving->sent += is_going(parcel);
    driving->failed += parcel->too_large;
    driving->refused += parcel->verdict != VERDICT_SEND;
    if (driving->redrive->json)
        print_json(driving, parcel, outcome_word(driving, parcel));
    else
        print_for_people(driving, parcel);
}

static void print_totals(const struct driving *driving)
{
    const char *sent = driving->redrive->dry_run ? "would be sent" : "sent";

    if (driving->redrive->json)
        printf("{\"kind\":\"total\",\"dryRun\":%s,\"sent\":%" PRId64 ",\"refused\":%" PRId64 ",\"failed\":%" PRId64
               ",\"redrivenBefore\":%" PRId64 "}\n",
               driving->redrive->dry_run ? "true" : "false", driving->sent, driving->refused, driving->failed, driving->skipped);
    else
        printf("%" PRId64 " %s, %" PRId64 " refused, %" PRId64 " failed, %" PRId64 " had been redriven before\n", driving->sent, sent,
               driving->refused, driving->failed, driving->skipped);
}

/* ---- all of it ---- */

static int drive_batch(struct driving *driving)
{
    struct letter *letters[DLQ_BATCH];
    int code;

    if (driving->count == 0)
        return CLI_DONE;
    for (size_t i = 0; i < driving->count; i++)
        letters[i] = &driving->parcels[i]->letter;
    code = dlq_look_up(driving->store, driving->arena, letters, driving->count);
    if (code != CLI_DONE)
        return code;
    for (size_t i = 0; i < driving->count; i++)
        driving->parcels[i]->verdict = redrive_verdict(letters[i], &driving->rules);
    if (driving->bus != NULL)
        code = send_batch(driving);
    if (code == CLI_DONE && driving->bus != NULL)
        code = mark_batch(driving);
    for (size_t i = 0; code == CLI_DONE && i < driving->count; i++)
        tell(driving, driving->parcels[i]);
    driving->count = driving->bytes = 0;
    arena_reset(driving->arena);
    return code;
}

static int see(const struct record *record, void *context)
{
    struct driving *driving = context;
    struct parcel *parcel;
    struct letter letter;

    letter_read(record, &letter);
    if (driving->redrive->reason != NULL && strcmp(driving->redrive->reason, letter.reason) != 0)
        return CLI_DONE;
    parcel = arena_take_zeroed(driving->arena, 1, sizeof(*parcel));
    parcel->letter = letter;
    parcel->key = text_copy(driving->arena, record->key);
    parcel->value = text_copy(driving->arena, record->value);
    copy_headers(driving->arena, record, parcel);
    driving->parcels[driving->count++] = parcel;
    driving->bytes += record->value.length;
    return driving->count == DLQ_BATCH || driving->bytes >= BATCH_BYTES_MAX ? drive_batch(driving) : CLI_DONE;
}

static int drive_places(struct driving *driving, struct bus_reader *reader)
{
    int code = CLI_DONE;
    bool found;

    for (size_t i = 0; code == CLI_DONE && i < driving->redrive->place_count; i++) {
        const struct place *place = &driving->redrive->places[i];
        size_t before = driving->count;
        code = dlq_scan_place(reader, place, see, driving, &found);
        if (code == CLI_DONE && driving->count == before) {
            cli_fail(CLI_DONE, "there is no dead letter %s/%" PRId32 "/%" PRId64, place->topic, place->partition, place->offset);
            driving->failed++;
        }
        if (code == CLI_DONE)
            code = drive_batch(driving);
    }
    return code;
}

static int drive_topics(struct driving *driving, struct bus_reader *reader, const char *const topics[], size_t count)
{
    int worst = CLI_DONE;

    for (size_t i = 0; i < count && worst != CLI_UNREACHABLE; i++) {
        int code = dlq_scan(reader, topics[i], see, driving);
        if (code == CLI_DONE)
            code = drive_batch(driving);
        worst = code > worst ? code : worst;
    }
    return worst;
}

/* Everything that could be sent to: the origins of the dead-letter topics. */
static int open_bus(struct arena *arena, const struct cli_settings *settings, struct bus **out_bus)
{
    const char *dead[DLQ_TOPICS_MAX], *origins[DLQ_TOPICS_MAX + 1] = {NULL};
    size_t count = dlq_topics(arena, settings, NULL, dead);

    for (size_t i = 0; i < count; i++)
        origins[i] = text_copy(arena, (struct text){dead[i], strlen(dead[i]) - strlen(".dlq")}).at;
    return cli_open_bus(settings, origins, out_bus);
}

static int open_all(struct driving *driving, struct arena *arena, const struct cli_settings *settings, struct bus_reader **out_reader,
                    struct bus **out_bus, struct store **out_store)
{
    int code = cli_open_store(settings, NULL, 0, out_store);

    if (code == CLI_DONE)
        code = dlq_open_reader(settings, out_reader);
    if (code == CLI_DONE && !driving->redrive->dry_run)
        code = open_bus(arena, settings, out_bus);
    driving->store = *out_store;
    driving->bus = *out_bus;
    return code;
}

static int check_places(struct arena *arena, const struct cli_settings *settings, const struct redrive *redrive)
{
    const char *topics[DLQ_TOPICS_MAX];

    for (size_t i = 0; i < redrive->place_count; i++)
        if (dlq_topics(arena, settings, redrive->places[i].topic, topics) == 0)
            return cli_fail(CLI_USAGE, "%s is none of Orderly's dead-letter topics", redrive->places[i].topic);
    return CLI_DONE;
}

static int drive(struct arena *arena, const struct redrive *redrive, const struct cli_settings *settings)
{
    CLEANUP(bus_reader_close) struct bus_reader *reader = NULL;
    CLEANUP(bus_close) struct bus *bus = NULL;
    CLEANUP(store_close) struct store *store = NULL;
    CLEANUP(arena_destroy) struct arena *batch_arena = arena_create();
    struct driving driving = {.redrive = redrive, .arena = batch_arena};
    const char *topics[DLQ_TOPICS_MAX];
    size_t count = dlq_topics(arena, settings, redrive->topic, topics);
    int code = check_places(arena, settings, redrive);

    if (code != CLI_DONE)
        return code;
    if (count == 0)
        return cli_fail(CLI_USAGE, "there is no topic '%s' with dead letters", redrive->topic);
    driving.rules = (struct redrive_rules){.now_ms = dlq_now_ms(), .retention_ms = settings->retention_days * DLQ_DAY_MS,
                                           .force = redrive->force, .named = redrive->place_count > 0};
    code = open_all(&driving, arena, settings, &reader, &bus, &store);
    if (code != CLI_DONE)
        return code;
    code = driving.rules.named ? drive_places(&driving, reader) : drive_topics(&driving, reader, topics, count);
    print_totals(&driving);
    if (code == CLI_DONE && (driving.failed > 0 || (driving.rules.named && driving.refused > 0)))
        return CLI_ENDED_BADLY;
    return code;
}

int dlq_redrive_run(int argument_count, char **arguments)
{
    CLEANUP(arena_destroy) struct arena *arena = arena_create();
    struct redrive *redrive = arena_take_zeroed(arena, 1, sizeof(*redrive));
    struct cli_settings settings;
    int code = cli_parse(&arguments_of, argument_count, arguments, redrive, &settings);

    return code == CLI_DONE ? drive(arena, redrive, &settings) : code;
}
