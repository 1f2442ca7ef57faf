/* main.c - the `orderly` program: a table of subcommands, each in a file of its own. */
#include "cli.h"

#include <signal.h>
#include <stdlib.h>

static const struct subcommand subcommands[] = {
    {"topics create", "create the topics that are not there", topics_create_run},
    {"catalog load", "load products, prices and first stock from a file", catalog_load_run},
    {"submit", "place orders from a file or standard input", submit_run},
    {"get", "show one order: its state and what happened to it", get_run},
    {"list", "list orders by status", list_run},
    {"stock", "show what can be sold, what is taken, what was supplied", stock_run},
    {"bench", "place many orders and measure how fast they end", bench_run},
};

static void print_help(FILE *out)
{
    size_t count;
    const struct setting *settings = cli_settings_table(&count);

    fprintf(out, "Usage: orderly COMMAND [ARGUMENT...]\n"
                 "The command line of Orderly.\n\nCommands (each has --help):\n");
    for (size_t i = 0; i < COUNT_OF(subcommands); i++)
        fprintf(out, "  %-16s %s\n", subcommands[i].name, subcommands[i].summary);
    fprintf(out, "\n  --help           this text\n  --version        the version\n"
                 "  --print-settings the settings as Markdown\n\n"
                 "Settings come from the environment; NAME_FILE=/path reads NAME from a file.\n"
                 "RDKAFKA_<NAME> sets a property of librdkafka (RDKAFKA_SECURITY_PROTOCOL=ssl).\n\n");
    settings_print(settings, count, out);
    fprintf(out, "\nExit codes: 0 done, 1 ended badly or not found, 2 usage, 3 Kafka or Redis unreachable.\n\n"
                 "Examples:\n"
                 "  orderly topics create\n"
                 "  orderly catalog load deploy/catalog.json\n"
                 "  orderly submit --wait orders.jsonl\n"
                 "  orderly get ORD-1001\n");
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

/* "topics" of "topics create": the first of two words. */
static bool is_group(const char *word)
{
    size_t length = strlen(word);

    for (size_t i = 0; i < COUNT_OF(subcommands); i++)
        if (strncmp(subcommands[i].name, word, length) == 0 && subcommands[i].name[length] == ' ')
            return true;
    return false;
}

static bool asks_for_help(const char *word)
{
    return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0 || strcmp(word, "help") == 0;
}

static int print_settings(void)
{
    size_t count;
    const struct setting *settings = cli_settings_table(&count);

    printf("| setting | default | allowed | meaning |\n|---|---|---|---|\n");
    settings_print_markdown(settings, count, stdout);
    return CLI_DONE;
}

static int choose(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "--version") == 0) {
        printf("orderly %s\n", ORDERLY_VERSION);
        return CLI_DONE;
    }
    if (argc > 1 && asks_for_help(is_group(argv[1]) && argc > 2 ? argv[2] : argv[1])) {
        print_help(stdout);
        return CLI_DONE;
    }
    if (argc > 1 && strcmp(argv[1], "--print-settings") == 0)
        return print_settings();
    for (size_t i = 0; i < COUNT_OF(subcommands); i++) {
        int words = words_matched(&subcommands[i], argc - 1, argv + 1);
        if (words > 0)
            return run(&subcommands[i], words, argc - 1, argv + 1);
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
