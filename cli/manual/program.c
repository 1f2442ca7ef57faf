/* program.c - finds the subcommand that the first words name, or the option of `orderly` itself. */
#include "manual.h"
#include "reference.h"

#include <signal.h>
#include <stdlib.h>

#define NAME_SIZE 64

static void print_version(const struct reference *reference, FILE *out)
{
    (void)reference;
    fprintf(out, "orderly %s\n", ORDERLY_VERSION);
}

static void print_settings(const struct reference *reference, FILE *out)
{
    size_t count;
    const struct setting *settings = cli_settings_table(&count);

    (void)reference;
    fprintf(out, "| setting | default | allowed | meaning |\n|---|---|---|---|\n");
    settings_print_markdown(settings, count, out);
}

static const struct flag flags[] = {
    {"--help", "this text", reference_print_help},
    {"--version", "the version", print_version},
    {"--print-settings", "the settings as Markdown", print_settings},
    {"--print-completion", "a script that completes the command line in bash", completion_print},
    {"--print-man", "the man page", manual_print},
};

/* ---- which subcommand ---- */

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

/* The subcommand that most of the first words name ("stock add" rather than "stock"); NULL when there is none. */
static const struct subcommand *find(const struct reference *reference, int argument_count, char **arguments, int *out_words)
{
    const struct subcommand *found = NULL;

    *out_words = 0;
    for (size_t i = 0; i < reference->subcommand_count; i++) {
        int words = words_matched(&reference->subcommands[i], argument_count, arguments);
        if (words <= *out_words)
            continue;
        *out_words = words;
        found = &reference->subcommands[i];
    }
    return found;
}

static enum cli_exit run(const struct subcommand *subcommand, int word_count, int argument_count, char **arguments)
{
    static char name[NAME_SIZE];

    /* argp shows the program's name in its texts: it is `orderly get` there. */
    snprintf(name, sizeof(name), "orderly %s", subcommand->name);
    arguments[word_count - 1] = name;
    return subcommand->run(argument_count - word_count + 1, arguments + word_count - 1);
}

/* ---- what else can be asked for ---- */

/* "topics" of "topics create": the first of two words, and no command by itself. */
static bool is_group(const struct reference *reference, const char *word)
{
    size_t length = strlen(word);
    bool is_first_word = false;

    for (size_t i = 0; i < reference->subcommand_count; i++) {
        const char *name = reference->subcommands[i].name;
        if (strcmp(name, word) == 0)
            return false;
        is_first_word = is_first_word || (strncmp(name, word, length) == 0 && name[length] == ' ');
    }
    return is_first_word;
}

static bool asks_for_help(const char *word)
{
    return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0 || strcmp(word, "help") == 0;
}

static const struct flag *find_flag(const char *word)
{
    for (size_t i = 0; i < COUNT_OF(flags); i++)
        if (strcmp(word, flags[i].name) == 0)
            return &flags[i];
    return NULL;
}

/* The arguments name no subcommand: an option of `orderly` itself, or a mistake. */
static enum cli_exit print_what_is_asked(const struct reference *reference, int argument_count, char **arguments)
{
    const struct flag *flag = argument_count > 0 ? find_flag(arguments[0]) : NULL;

    if (flag != NULL) {
        flag->print(reference, stdout);
        return CLI_DONE;
    }
    if (argument_count == 0) {
        reference_print_help(reference, stderr);
        return CLI_USAGE;
    }
    if (!asks_for_help(is_group(reference, arguments[0]) && argument_count > 1 ? arguments[1] : arguments[0]))
        return cli_fail(CLI_USAGE, "there is no command '%s'; see orderly --help", arguments[0]);
    reference_print_help(reference, stdout);
    return CLI_DONE;
}

enum cli_exit program_run(const struct subcommand subcommands[], size_t count, int argc, char **argv)
{
    const struct reference reference = {subcommands, count, flags, COUNT_OF(flags)};
    const struct subcommand *subcommand;
    int words;

    signal(SIGPIPE, SIG_IGN); /* a connection that Redis closed must not end the program */
    argp_err_exit_status = CLI_USAGE;
    subcommand = find(&reference, argc - 1, argv + 1, &words);
    if (subcommand == NULL)
        return cli_finish_output(print_what_is_asked(&reference, argc - 1, argv + 1));
    return cli_finish_output(run(subcommand, words, argc - 1, argv + 1));
}
