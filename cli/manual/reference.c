#include "reference.h"

#include "steps.h"

#include <ctype.h>

const char *const reference_exit_codes[] = {"0 done", "1 ended badly or not found", "2 usage", "3 Kafka or Redis unreachable",
                                            NULL};

const char *const reference_examples[] = {
    "orderly topics create",
    "orderly catalog load deploy/catalog.json",
    "orderly submit --wait orders.jsonl",
    "orderly get ORD-1001",
    "orderly watch ORD-1001",
    "orderly cancel ORD-1001 --reason 'ordered twice'",
    "orderly list --stuck 10m",
    "orderly retry --all --status compensation_failed --wait",
    NULL,
};

void reference_print_help(const struct reference *reference, FILE *out)
{
    size_t count;
    const struct setting *settings = cli_settings_table(&count);

    fprintf(out, "Usage: orderly COMMAND [ARGUMENT...]\n"
                 "The command line of Orderly.\n\nCommands (each has --help):\n");
    for (size_t i = 0; i < reference->subcommand_count; i++)
        fprintf(out, "  %-18s %s\n", reference->subcommands[i].name, reference->subcommands[i].summary);
    fprintf(out, "\n");
    for (size_t i = 0; i < reference->flag_count; i++)
        fprintf(out, "  %-18s %s\n", reference->flags[i].name, reference->flags[i].summary);
    fprintf(out, "\nSettings come from the environment; NAME_FILE=/path reads NAME from a file.\n"
                 "RDKAFKA_<NAME> sets a property of librdkafka (RDKAFKA_SECURITY_PROTOCOL=ssl).\n"
                 "A DURATION is 90s (or 90), 10m, 2h, 1d, 1h30m.\n\n");
    settings_print(settings, count, out);
    fprintf(out, "\nExit codes: ");
    for (size_t i = 0; reference_exit_codes[i] != NULL; i++)
        fprintf(out, "%s%s", i == 0 ? "" : ", ", reference_exit_codes[i]);
    fprintf(out, ".\n\nExamples:\n");
    for (size_t i = 0; reference_examples[i] != NULL; i++)
        fprintf(out, "  %s\n", reference_examples[i]);
}

static bool is_last(const struct argp_option *option)
{
    return option->key == 0 && option->name == NULL && option->doc == NULL && option->group == 0;
}

/* The heading of a group has no name. */
static bool is_shown(const struct argp_option *option) { return option->name != NULL && (option->flags & OPTION_HIDDEN) == 0; }

/* '\0': it has only a long name. */
static char letter_of(const struct argp_option *option)
{
    return option->key > 0 && option->key < 128 && isgraph(option->key) ? (char)option->key : '\0';
}

void reference_each_option(const struct argp *argp, void (*see)(const struct option_view *option, void *context), void *context)
{
    struct option_view view = {0};

    for (const struct argp_option *option = argp->options; option != NULL && !is_last(option); option++) {
        bool is_alias = (option->flags & OPTION_ALIAS) != 0;
        if (!is_shown(option))
            continue;
        view = (struct option_view){
            .name = option->name,
            .letter = letter_of(option),
            .argument = is_alias ? view.argument : option->arg,
            .text = is_alias || option->doc == NULL ? "" : option->doc,
        };
        see(&view, context);
    }
    for (const struct argp_child *child = argp->children; child != NULL && child->argp != NULL; child++)
        reference_each_option(child->argp, see, context);
}

/* ---- what an argument takes ---- */

static void add_word(struct buffer *words, const char *word)
{
    buffer_add(words, text_of(words->length == 0 ? "" : " "));
    buffer_add(words, text_of(word));
}

static void add_statuses(struct buffer *words)
{
    add_word(words, "running");
    for (enum saga_status status = SAGA_NONE + 1; status < SAGA_STATUS_COUNT; status++)
        add_word(words, saga_status_text(status));
}

static void add_parked(struct buffer *words)
{
    for (enum saga_status status = SAGA_NONE + 1; status < SAGA_STATUS_COUNT; status++)
        if (saga_status_is_parked(status))
            add_word(words, saga_status_text(status));
}

static const struct {
    const char *name;
    void (*add)(struct buffer *words);
} word_lists[] = {{"STATUS", add_statuses}, {"PARKED", add_parked}};

const char *reference_words(struct arena *arena, const char *name)
{
    struct buffer words = buffer_in(arena, 256);

    for (size_t i = 0; name != NULL && i < COUNT_OF(word_lists); i++)
        if (strcmp(word_lists[i].name, name) == 0)
            word_lists[i].add(&words);
    return text_copy(arena, buffer_text(&words)).at;
}

bool reference_takes_file(const char *name) { return name != NULL && strstr(name, "FILE") != NULL; }

void reference_split_doc(struct arena *arena, const struct argp *argp, const char **out_before, const char **out_after)
{
    const char *doc = argp->doc == NULL ? "" : argp->doc, *between = strchr(doc, '\v');

    *out_before = between == NULL ? doc : text_copy(arena, (struct text){doc, (size_t)(between - doc)}).at;
    *out_after = between == NULL ? "" : between + 1;
}
