/* main.c - the `orderly` program: a table of subcommands, each in a file of its own. */
#include "reference.h"

#include <signal.h>
#include <stdlib.h>

static const struct subcommand subcommands[] = {
    {"topics create", "create the topics that are not there", &topics_create_argp, topics_create_run},
    {"catalog load", "load products, prices and first stock from a file", &catalog_load_argp, catalog_load_run},
    {"submit", "place orders from a file or standard input", &submit_argp, submit_run},
    {"get", "show one order: its state and what happened to it", &get_argp, get_run},
    {"watch", "show what happens to an order as it happens", &watch_argp, watch_run},
    {"list", "list orders by status, or those that are stuck", &list_argp, list_run},
    {"cancel", "cancel an order and undo what has been done", &cancel_argp, cancel_run},
    {"retry", "send parked orders on", &retry_argp, retry_run},
    {"stock", "show what can be sold, what is taken, what was supplied", &stock_argp, stock_run},
    {"stock add", "supply more units of a product, once for each operation id", &stock_add_argp, stock_add_run},
    {"audit", "prove that stock, payments, shipments and sagas are in step", &audit_argp, audit_run},
    {"dlq list", "show what could not be handled", &dlq_list_argp, dlq_list_run},
    {"dlq show", "show everything of one dead letter", &dlq_show_argp, dlq_show_run},
    {"dlq redrive", "send dead letters back to where they came from", &dlq_redrive_argp, dlq_redrive_run},
    {"doctor", "look at everything the guarantees rest on, and say what mends it", &doctor_argp, doctor_run},
    {"bench", "place many orders and measure how fast they end", &bench_argp, bench_run},
};

static void print_help(FILE *out);
static void print_version(FILE *out);
static void print_settings(FILE *out);
static void print_completion(FILE *out);
static void print_manual(FILE *out);

static const struct flag flags[] = {
    {"--help", "this text", print_help},
    {"--version", "the version", print_version},
    {"--print-settings", "the settings as Markdown", print_settings},
    {"--print-completion", "a script that completes the command line in bash", print_completion},
    {"--print-man", "the man page", print_manual},
};

static const struct reference reference = {subcommands, COUNT_OF(subcommands), flags, COUNT_OF(flags)};

static void print_help(FILE *out) { reference_print_help(&reference, out); }
static void print_version(FILE *out) { fprintf(out, "orderly %s\n", ORDERLY_VERSION); }
static void print_completion(FILE *out) { completion_print(&reference, out); }
static void print_manual(FILE *out) { manual_print(&reference, out); }

static void print_settings(FILE *out)
{
    size_t count;
    const struct setting *settings = cli_settings_table(&count);

    fprintf(out, "| setting | default | allowed | meaning |\n|---|---|---|---|\n");
    settings_print_markdown(settings, count, out);
}

/* How many words of the arguments name this subcommand; 0: they name another. */
static int words_matched(const struct subcommand *subcommand, int argument_count, char **arguments)
{
    const char *rest = subcommand->name;
    int word = 0;

    while (*rest != '\0') {
        size_t length = strcspn(rest, " ");
        if (word == argument_count || strlen(arguments[word]) != length || strncmp(arguments[word], rest, length) != 0)
            return 0;
        word++;
        rest += length + (rest[length] == ' ');
    }
    return word;
}

static int run(const struct subcommand *subcommand, int word_count, int argument_count, char **arguments)
{
    static char name[64];

    /* argp shows the program's name in its texts: it is `orderly get` there. */
    snprintf(name, sizeof(name), "orderly %s", subcommand->name);
    arguments[word_count - 1] = name;
    return subcommand->run(argument_count - word_count + 1, arguments + word_count - 1);
}

/* "topics" of "topics create": the first of two words, and no command by itself. */
static bool is_group(const char *word)
{
    size_t length = strlen(word);

    for (size_t i = 0; i < COUNT_OF(subcommands); i++)
        if (strcmp(subcommands[i].name, word) == 0)
            return false;
    for (size_t i = 0; i < COUNT_OF(subcommands); i++)
        if (strncmp(subcommands[i].name, word, length) == 0 && subcommands[i].name[length] == ' ')
            return true;
    return false;
}

static bool asks_for_help(const char *word)
{
    return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0 || strcmp(word, "help") == 0;
}

/* The subcommand that most of the first words name ("stock add" rather than "stock"); NULL when there is none. */
static const struct subcommand *find(int argument_count, char **arguments, int *out_words)
{
    const struct subcommand *found = NULL;

    *out_words = 0;
    for (size_t i = 0; i < COUNT_OF(subcommands); i++) {
        int words = words_matched(&subcommands[i], argument_count, arguments);
        if (words <= *out_words)
            continue;
        *out_words = words;
        found = &subcommands[i];
    }
    return found;
}

static int choose(int argc, char **argv)
{
    int words;
    const struct subcommand *subcommand = find(argc - 1, argv + 1, &words);

    if (subcommand != NULL)
        return run(subcommand, words, argc - 1, argv + 1);
    for (size_t i = 0; argc > 1 && i < COUNT_OF(flags); i++)
        if (strcmp(argv[1], flags[i].name) == 0) {
            flags[i].print(stdout);
            return CLI_DONE;
        }
    if (argc > 1 && asks_for_help(is_group(argv[1]) && argc > 2 ? argv[2] : argv[1])) {
        print_help(stdout);
        return CLI_DONE;
    }
    if (argc > 1)
        return cli_fail(CLI_USAGE, "there is no command '%s'; see orderly --help", argv[1]);
    print_help(stderr);
    return CLI_USAGE;
}

int main(int argc, char **argv)
{
    signal(SIGPIPE, SIG_IGN); /* a connection that Redis closed must not end the program */
    argp_err_exit_status = CLI_USAGE;
    return cli_finish_output(choose(argc, argv));
}
