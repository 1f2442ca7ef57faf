/* dlq_show.c - orderly dlq show */
#include "clock.h"
#include "dlq.h"
#include "json_build.h"
#include "message.h"

#include <inttypes.h>

#define DUMP_WIDTH 16
#define DUMP_BYTES_MAX 4096 /* of a value that is no text; --raw gives all of it */
#define HEADER_SHOWN 512
#define POSITION_SIZE (DLQ_TOPIC_SIZE + 40)

struct dlq_show {
    char position[POSITION_SIZE]; /* the arguments, with '/' between them */
    struct place place;
    bool raw;
};

static void add_word(struct dlq_show *show, const char *word)
{
    size_t length = strlen(show->position);

    snprintf(show->position + length, sizeof(show->position) - length, "%s%s", length == 0 ? "" : "/", word);
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
    struct dlq_show *show = state->input;

    switch (key) {
    case 'r':
        show->raw = true;
        return 0;
    case ARGP_KEY_ARG:
        add_word(show, argument);
        return 0;
    case ARGP_KEY_END:
        if (show->position[0] == '\0')
            argp_usage(state);
        if (!place_read(show->position, &show->place))
            argp_error(state, "'%s' is no position such as orders.dlq/0/12: see orderly dlq list", show->position);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_option options[] = {
    {"raw", 'r', NULL, 0, "write the bytes of the value, and nothing else", 0},
    {0},
};

const struct argp dlq_show_argp = {
    .options = options,
    .parser = parse,
    .args_doc = "POSITION\nTOPIC PARTITION OFFSET",
    .doc = "Show everything of one dead letter: where it came from, why it could not be handled, its key, headers and value.\v"
           "POSITION is where it lies, as `orderly dlq list` prints it.\n\n"
           "Exit codes: 0 found, 1 there is no such dead letter, 2 usage, 3 Kafka unreachable.\n\n"
           "Examples:\n  orderly dlq show orders.dlq/0/12\n  orderly dlq show --raw orders.dlq/0/12 > order.json",
};

/* ---- the value ---- */

static void print_lines(struct arena *arena, struct text lines)
{
    bool more = true;

    while (more && lines.length > 0) {
        struct text line;
        char *shown;
        more = text_split(&lines, '\n', &line);
        shown = arena_take(arena, line.length + 1);
        (void)shown_bytes(line, shown, line.length + 1);
        printf("%s\n", shown);
    }
}

static void print_dump_line(struct text bytes, size_t from)
{
    printf("%08zx ", from);
    for (size_t i = from; i < from + DUMP_WIDTH; i++)
        if (i < bytes.length)
            printf(" %02x", (unsigned char)bytes.at[i]);
        else
            printf("   ");
    printf("  ");
    for (size_t i = from; i < from + DUMP_WIDTH && i < bytes.length; i++)
        putchar(bytes.at[i] >= 0x20 && bytes.at[i] < 0x7f ? bytes.at[i] : '.');
    printf("\n");
}

static void print_dump(struct text bytes)
{
    struct text first = {bytes.at, bytes.length < DUMP_BYTES_MAX ? bytes.length : DUMP_BYTES_MAX};

    for (size_t from = 0; from < first.length; from += DUMP_WIDTH)
        print_dump_line(first, from);
    if (first.length < bytes.length)
        printf("... %zu bytes more: --raw writes all of them\n", bytes.length - first.length);
}

static void print_value(struct arena *arena, struct text value)
{
    struct text pretty = json_pretty(arena, value);
    char *shown = arena_take(arena, value.length + 1);

    if (!text_is_there(value))
        printf("value (null)\n");
    else
        printf("value, %zu bytes\n", value.length);
    if (text_is_there(pretty))
        print_lines(arena, pretty);
    else if (shown_bytes(value, shown, value.length + 1))
        print_lines(arena, value);
    else
        print_dump(value);
}

/* ---- what is around it ---- */

static void print_bytes(const char *label, struct text bytes)
{
    char shown[HEADER_SHOWN];

    (void)shown_bytes(bytes, shown, sizeof(shown));
    printf("%-12s %s\n", label, text_is_there(bytes) ? shown : "(null)");
}

static void print_origin(struct arena *arena, const struct letter *letter)
{
    if (!letter->is_ours) {
        printf("%-12s not known: it lacks the dlq-* headers of a dead letter of this topic\n", "came from");
        return;
    }
    printf("%-12s %.*s", "came from", TEXT_ARG(place_origin(&letter->place)));
    if (letter->from_offset >= 0)
        printf("/%" PRId64 "/%" PRId64, letter->from_partition, letter->from_offset);
    printf(", first written %.*s\n", TEXT_ARG(time_text(arena, letter->written_ms)));
    printf("%-12s %s (%s)\n", "reason", letter->reason, letter->service);
    printf("%-12s %" PRId64 "%s\n", "redrives", letter->redrives, letter->redriven ? ", and redriven again since" : "");
    if (letter->masked)
        printf("%-12s its card numbers were replaced by '*'\n", "masked");
    if (letter->cut)
        printf("%-12s only its beginning was kept\n", "cut");
}

static void print_headers(struct arena *arena, const struct record *record)
{
    size_t count;
    const struct header *headers = record_headers(arena, record, &count);

    printf("headers\n");
    for (size_t i = 0; i < count; i++) {
        char name[HEADER_SHOWN];
        char value[HEADER_SHOWN];
        (void)shown_bytes(headers[i].name, name, sizeof(name));
        (void)shown_bytes(headers[i].value, value, sizeof(value));
        printf("  %-16s %s\n", name, text_is_there(headers[i].value) ? value : "(null)");
    }
}

struct showing {
    const struct dlq_show *show;
    struct store *store; /* NULL: Redis is away */
    bool done;
};

static enum cli_exit show_record(const struct record *record, void *context)
{
    CLEANUP(arena_destroy) struct arena *arena = arena_create();
    struct showing *showing = context;
    struct letter letter;

    showing->done = true;
    if (showing->show->raw) {
        fwrite(record->value.at, 1, record->value.length, stdout);
        return CLI_DONE;
    }
    letter_read(record, &letter);
    if (showing->store != NULL)
        CLI_TRY(dlq_look_up(showing->store, arena, (struct letter *[]){&letter}, 1));
    printf("%-12s %.*s, since %.*s (%.*s)\n", "dead letter", TEXT_ARG(place_text(arena, &letter.place)),
           TEXT_ARG(time_text(arena, letter.buried_ms)), TEXT_ARG(age_text(arena, clock_wall_ms() - letter.buried_ms)));
    print_origin(arena, &letter);
    print_bytes("key", record->key);
    print_headers(arena, record);
    print_value(arena, record->value);
    return CLI_DONE;
}

static enum cli_exit show_letter(const struct dlq_show *show, const struct cli_settings *settings)
{
    CLEANUP(bus_reader_close) struct bus_reader *reader = NULL;
    CLEANUP(store_close) struct store *store = NULL;
    struct showing showing = {.show = show};
    bool found = false;

    CLI_TRY(dlq_open_reader(settings, &reader));
    if (!show->raw && cli_open_store(settings, NULL, 0, &store) != CLI_DONE)
        cli_warn("whether it has been redriven is not known without Redis");
    showing.store = store;
    CLI_TRY(dlq_scan_place(reader, &show->place, show_record, &showing, &found));
    if (!showing.done)
        return cli_fail(CLI_ENDED_BADLY, "there is no dead letter %s (perhaps not any more: they stay for 30 days)",
                        show->position);
    return CLI_DONE;
}

enum cli_exit dlq_show_run(int argument_count, char **arguments)
{
    struct dlq_show show = {.raw = false};
    struct cli_settings settings;

    CLI_TRY(cli_parse(&dlq_show_argp, argument_count, arguments, &show, &settings));
    return show_letter(&show, &settings);
}
