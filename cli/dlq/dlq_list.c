/* dlq_list.c - orderly dlq list */
#include "cli_json.h"
#include "clock.h"
#include "dlq_newest.h"
#include "message.h"

#include <inttypes.h>
#include <stdlib.h>

#define LIMIT 20
#define LIMIT_MAX 10000

struct dlq_list {
    const char *topic, *reason; /* NULL: any */
    int64_t limit;
    bool json, all;
};

static const struct cli_option plain_options[] = {
    CLI_WORD('t', struct dlq_list, topic),
    CLI_WORD('r', struct dlq_list, reason),
    CLI_NUMBER("limit", 'n', struct dlq_list, limit, 1, LIMIT_MAX),
    CLI_FLAG('a', struct dlq_list, all),
    CLI_FLAG('j', struct dlq_list, json),
};

static error_t parse(int key, char *argument, struct argp_state *state)
{
    return cli_take_option(plain_options, COUNT_OF(plain_options), key, argument, state);
}

static const struct argp_option options[] = {
    {"topic", 't', "TOPIC", 0, "only what could not be handled of this topic", 0},
    {"reason", 'r', "REASON", 0,
     "only these: not_json, not_an_object, no_order_id, too_large, too_old, unknown_type, conflict, saga_broken", 0},
    {"limit", 'n', "N", 0, "show the newest N (20); all are counted", 0},
    {"all", 'a', NULL, 0, "show also those that were redriven", 0},
    {"json", 'j', NULL, 0, "print one JSON object a line, of kind count or letter", 0},
    {0},
};

const struct argp dlq_list_argp = {
    .options = options,
    .parser = parse,
    .doc = "Show what could not be handled: how many records of each topic and reason lie in the dead-letter topics, and the "
           "newest of "
           "them with where they lie, where they came from, and how they begin.\v"
           "POSITION is what `orderly dlq show` and `orderly dlq redrive` take. Dead letters stay for 30 days.\n\n"
           "Exit codes: 0 done, 1 a dead-letter topic is missing, 2 usage, 3 Kafka unreachable.\n\n"
           "Examples:\n  orderly dlq list\n  orderly dlq list --topic orders --reason not_json --limit 5",
};

/* Everything read since the marks were looked up last. */
struct listing {
    const struct dlq_list *list;
    struct store *store; /* NULL: Redis is away; nothing is known to be redriven */
    struct newest *newest;
    struct arena *arena;
    struct listed_letter *batch;
    size_t batch_count;
};

static enum cli_exit settle_batch(struct listing *listing)
{
    struct letter *letters[DLQ_BATCH];

    for (size_t i = 0; i < listing->batch_count; i++)
        letters[i] = &listing->batch[i].letter;
    if (listing->store != NULL && listing->batch_count > 0)
        CLI_TRY(dlq_look_up(listing->store, listing->arena, letters, listing->batch_count));
    for (size_t i = 0; i < listing->batch_count; i++) {
        newest_count(listing->newest, letters[i]);
        if (listing->list->all || !letters[i]->redriven)
            newest_add(listing->newest, &listing->batch[i]);
    }
    listing->batch_count = 0;
    arena_reset(listing->arena);
    return CLI_DONE;
}

static enum cli_exit see(const struct record *record, void *context)
{
    struct listing *listing = context;
    struct listed_letter *listed = &listing->batch[listing->batch_count];

    letter_read(record, &listed->letter);
    if (listing->list->reason != NULL && strcmp(listing->list->reason, listed->letter.reason) != 0)
        return CLI_DONE;
    listed->has_key = text_is_there(record->key);
    listed->has_value = text_is_there(record->value);
    listed->value_bytes = (int64_t)record->value.length;
    (void)shown_bytes(record->key, listed->key, sizeof(listed->key));
    (void)shown_bytes(record->value, listed->preview, sizeof(listed->preview));
    listing->batch_count++;
    return listing->batch_count == DLQ_BATCH ? settle_batch(listing) : CLI_DONE;
}

/* ---- for people ---- */

static const char *shown_reason(const char *reason) { return reason[0] == '\0' ? "(none)" : reason; }

static void print_counts(const struct newest *newest)
{
    if (newest->count_count == 0) {
        printf("no dead letters\n");
        return;
    }
    printf("%-26s %-16s %10s %10s\n", "TOPIC", "REASON", "WAITING", "REDRIVEN");
    for (size_t i = 0; i < newest->count_count; i++) {
        const struct letter_count *row = &newest->counts[i];
        printf("%-26s %-16s %10" PRId64 " %10" PRId64 "\n", row->topic, shown_reason(row->reason), row->waiting, row->redriven);
    }
}

static void print_origin(const struct letter *letter)
{
    printf("    from %.*s", TEXT_ARG(place_origin(&letter->place)));
    if (letter->is_ours && letter->from_offset >= 0)
        printf("/%" PRId64 "/%" PRId64, letter->from_partition, letter->from_offset);
}

static void print_letter(struct arena *arena, const struct listed_letter *listed, int64_t now_ms)
{
    const struct letter *letter = &listed->letter;
    struct text place = place_text(arena, &letter->place), age = age_text(arena, now_ms - letter->buried_ms);

    printf("%-30.*s %5.*s  %-14s %-13s %8" PRId64 "  %s%s%s%s\n", TEXT_ARG(place), TEXT_ARG(age), shown_reason(letter->reason),
           letter->service, letter->redrives, listed->has_key ? listed->key : "-", letter->masked ? "  masked" : "",
           letter->cut ? "  cut" : "", letter->redriven ? "  redriven" : "");
    print_origin(letter);
    printf(", %" PRId64 " bytes: %s\n", listed->value_bytes, listed->has_value ? listed->preview : "(null)");
}

static void print_for_people(struct arena *arena, const struct newest *newest, int64_t now_ms)
{
    print_counts(newest);
    if (newest->count > 0)
        printf("\n%-30s %5s  %-14s %-13s %8s  %s\n", "POSITION", "AGE", "REASON", "BY", "REDRIVES", "KEY");
    for (size_t i = 0; i < newest->count; i++)
        print_letter(arena, &newest->letters[i], now_ms);
}

/* ---- JSON ---- */

static void print_count_json(const struct letter_count *row)
{
    CLEANUP(json_draft_destroy) struct json_draft *draft = json_draft_object();

    json_add_text(draft, "kind", TEXT("count"));
    json_add_text(draft, "topic", text_of(row->topic));
    json_add_text(draft, "reason", text_of(row->reason));
    json_add_number(draft, "waiting", row->waiting);
    json_add_number(draft, "redriven", row->redriven);
    cli_print_json(draft);
}

static void print_letter_json(struct arena *arena, const struct listed_letter *listed)
{
    CLEANUP(json_draft_destroy) struct json_draft *draft = json_draft_object();
    const struct letter *letter = &listed->letter;

    json_add_text(draft, "kind", TEXT("letter"));
    json_add_text(draft, "position", place_text(arena, &letter->place));
    json_add_text(draft, "topic", place_origin(&letter->place));
    json_add_number(draft, "partition", letter->from_partition);
    json_add_number(draft, "offset", letter->from_offset);
    json_add_text(draft, "reason", text_of(letter->reason));
    json_add_text(draft, "service", text_of(letter->service));
    json_add_text(draft, "buriedAt", time_text(arena, letter->buried_ms));
    json_add_text(draft, "writtenAt", time_text(arena, letter->written_ms));
    json_add_number(draft, "redrives", letter->redrives);
    json_add_bool(draft, "redriven", letter->redriven);
    json_add_bool(draft, "masked", letter->masked);
    json_add_bool(draft, "cut", letter->cut);
    json_add_text(draft, "key", listed->has_key ? text_of(listed->key) : TEXT_NONE);
    json_add_number(draft, "bytes", listed->value_bytes);
    json_add_text(draft, "preview", listed->has_value ? text_of(listed->preview) : TEXT_NONE);
    cli_print_json(draft);
}

static void print_json(struct arena *arena, const struct newest *newest)
{
    for (size_t i = 0; i < newest->count_count; i++)
        print_count_json(&newest->counts[i]);
    for (size_t i = 0; i < newest->count; i++)
        print_letter_json(arena, &newest->letters[i]);
}

/* ---- all of it ---- */

/* Redis may be away, and that may be why somebody looks at dead letters: they are shown all the same. */
static void open_store(const struct cli_settings *settings, struct store **out_store)
{
    if (cli_open_store(settings, NULL, 0, out_store) != CLI_DONE)
        cli_warn("what has been redriven is not known without Redis: all are shown as waiting");
}

static enum cli_exit read_topics(struct listing *listing, struct bus_reader *reader, const char *const topics[], size_t count)
{
    enum cli_exit worst = CLI_DONE;

    for (size_t i = 0; i < count && worst != CLI_UNREACHABLE; i++) {
        enum cli_exit code = dlq_scan(reader, topics[i], see, listing);
        if (code == CLI_DONE)
            code = settle_batch(listing);
        worst = code > worst ? code : worst;
    }
    return worst;
}

static enum cli_exit list_letters(struct arena *arena, const struct dlq_list *list, const struct cli_settings *settings)
{
    CLEANUP(bus_reader_close) struct bus_reader *reader = NULL;
    CLEANUP(store_close) struct store *store = NULL;
    CLEANUP(newest_destroy) struct newest *newest = newest_create((size_t)list->limit);
    CLEANUP(arena_destroy) struct arena *batch_arena = arena_create();
    struct listing listing = {.list = list, .newest = newest, .arena = batch_arena};
    const char *topics[DLQ_TOPICS_MAX];
    size_t count = dlq_topics(list->topic, topics);
    enum cli_exit code;

    if (count == 0)
        return cli_fail(CLI_USAGE, "there is no topic '%s' with dead letters", list->topic);
    code = dlq_open_reader(settings, &reader);
    if (code != CLI_DONE)
        return code;
    open_store(settings, &store);
    listing.store = store;
    listing.batch = arena_take(arena, DLQ_BATCH * sizeof(*listing.batch));
    code = read_topics(&listing, reader, topics, count);
    if (code == CLI_UNREACHABLE)
        return code;
    newest_settle(newest);
    if (list->json)
        print_json(arena, newest);
    else
        print_for_people(arena, newest, clock_wall_ms());
    return code;
}

enum cli_exit dlq_list_run(int argument_count, char **arguments)
{
    CLEANUP(arena_destroy) struct arena *arena = arena_create();
    struct dlq_list list = {.limit = LIMIT};
    struct cli_settings settings;

    CLI_TRY(cli_parse(&dlq_list_argp, argument_count, arguments, &list, &settings));
    return list_letters(arena, &list, &settings);
}
