/* manual.c - orderly --print-man */
#include "reference.h"

#include <inttypes.h>

/* How to write a character that troff would take for its own; NULL: as it is. */
static const char *escape_of(char character)
{
    static const char special[] = "\\-'\"^~";
    static const char *const escapes[] = {"\\e", "\\-", "\\(aq", "\\(dq", "\\(ha", "\\(ti"};
    const char *at = memchr(special, character, sizeof(special) - 1);

    return at == NULL ? NULL : escapes[at - special];
}

/* A backquote of our texts begins and ends what is typed. */
static void put_character(FILE *out, char character, bool *typed)
{
    const char *escape = escape_of(character);

    if (character == '`') {
        *typed = !*typed;
        escape = *typed ? "\\fB" : "\\fR";
    }
    if (escape != NULL)
        fputs(escape, out);
    else
        fputc(character, out);
}

static void put_text(FILE *out, struct text text)
{
    bool typed = false;

    if (text.length > 0 && text.at[0] == '.')
        fputs("\\&", out);
    for (size_t i = 0; i < text.length; i++)
        put_character(out, text.at[i], &typed);
    if (typed)
        fputs("\\fR", out);
}

/* Texts as argp shows them: an empty line ends a paragraph, and lines that are indented are examples, kept as they are. */
static void put_paragraphs(FILE *out, const char *text)
{
    bool in_example = false;

    while (*text != '\0') {
        size_t length = strcspn(text, "\n"), indent = strspn(text, " ");
        if (in_example != (indent > 0) && length > 0) {
            in_example = indent > 0;
            fputs(in_example ? ".RS 4\n.nf\n" : ".fi\n.RE\n", out);
        }
        if (length == 0)
            fputs(in_example ? ".fi\n.RE\n.PP\n" : ".PP\n", out);
        in_example = in_example && length > 0;
        put_text(out, (struct text){text + (in_example ? 2 : indent), length - (in_example ? 2 : indent)});
        fputs(length > 0 ? "\n" : "", out);
        text += length + (text[length] == '\n');
    }
    if (in_example)
        fputs(".fi\n.RE\n", out);
}

static void put_option(const struct option_view *option, void *context)
{
    FILE *out = context;

    fputs(".TP\n\\fB", out);
    if (option->letter != '\0')
        fprintf(out, "\\-%c\\fR, \\fB", option->letter);
    fputs("\\-\\-", out);
    put_text(out, text_of(option->name));
    fputs("\\fR", out);
    if (option->argument != NULL) {
        fputs("=\\fI", out);
        put_text(out, text_of(option->argument));
        fputs("\\fR", out);
    }
    fputs("\n", out);
    put_text(out, text_of(option->text));
    fputs("\n", out);
}

/* "orderly cancel [OPTION...] ORDER-ID", one line for each way of use. */
static void put_usage(FILE *out, const struct subcommand *subcommand)
{
    const char *rest = subcommand->argp->args_doc == NULL ? "" : subcommand->argp->args_doc;

    do {
        size_t length = strcspn(rest, "\n");
        fputs(".PP\n\\fBorderly ", out);
        put_text(out, text_of(subcommand->name));
        fputs("\\fR [\\fIOPTION\\fR...] \\fI", out);
        put_text(out, (struct text){rest, length});
        fputs("\\fR\n", out);
        rest += length + (rest[length] == '\n');
    } while (*rest != '\0');
}

static void put_command(FILE *out, struct arena *arena, const struct subcommand *subcommand)
{
    const char *before, *after;

    reference_split_doc(arena, subcommand->argp, &before, &after);
    fputs(".SS \"", out);
    put_text(out, text_of(subcommand->name));
    fputs("\"\n", out);
    put_usage(out, subcommand);
    fputs(".PP\n", out);
    put_paragraphs(out, before);
    reference_each_option(subcommand->argp, put_option, out);
    fputs(".PP\n", out);
    put_paragraphs(out, after);
}

static void put_setting(FILE *out, const struct setting *setting)
{
    fputs(".TP\n\\fB", out);
    put_text(out, text_of(setting->name));
    fputs("\\fR\n", out);
    put_text(out, text_of(setting->meaning));
    if (setting->kind == SETTING_KIND_NUMBER)
        fprintf(out, " (%" PRId64 " to %" PRId64 "; default %" PRId64 ")", setting->low, setting->high, setting->number_default);
    else if (setting->text_default[0] != '\0')
        fprintf(out, " (default %s)", setting->text_default);
    fputs("\n", out);
}

static void put_settings(FILE *out)
{
    size_t count;
    const struct setting *settings = cli_settings_table(&count);

    fputs(".SH ENVIRONMENT\n", out);
    for (size_t i = 0; i < count; i++)
        put_setting(out, &settings[i]);
    fputs(".PP\n\\fINAME\\fB_FILE\\fR=/path reads \\fINAME\\fR from a file. \\fBRDKAFKA_\\fINAME\\fR sets a property of "
          "librdkafka.\n",
          out);
}

static void put_list(FILE *out, const char *heading, const char *const lines[])
{
    fprintf(out, ".SH \"%s\"\n.nf\n", heading);
    for (size_t i = 0; lines[i] != NULL; i++) {
        put_text(out, text_of(lines[i]));
        fputs("\n", out);
    }
    fputs(".fi\n", out);
}

void manual_print(const struct reference *reference, FILE *out)
{
    CLEANUP(arena_destroy) struct arena *arena = arena_create();

    fprintf(out, ".TH ORDERLY 1 \"\" \"Orderly %s\" \"User Commands\"\n.SH NAME\norderly \\- the command line of Orderly\n",
            ORDERLY_VERSION);
    fputs(".SH SYNOPSIS\n.PP\n\\fBorderly\\fR \\fICOMMAND\\fR [\\fIOPTION\\fR...] [\\fIARGUMENT\\fR...]\n", out);
    fputs(".SH DESCRIPTION\nOrderly carries orders through validation, payment, inventory and fulfillment, and steps back "
          "cleanly when one of them says\n"
          "no. This program places orders, shows and lists them, and is what an operator needs when they do not get on.\n",
          out);
    fputs(".SH COMMANDS\n", out);
    for (size_t i = 0; i < reference->subcommand_count; i++)
        put_command(out, arena, &reference->subcommands[i]);
    fputs(".SH OPTIONS\n", out);
    for (size_t i = 0; i < reference->flag_count; i++) {
        fputs(".TP\n\\fB", out);
        put_text(out, text_of(reference->flags[i].name));
        fputs("\\fR\n", out);
        put_text(out, text_of(reference->flags[i].summary));
        fputs("\n", out);
    }
    put_settings(out);
    put_list(out, "EXIT STATUS", reference_exit_codes);
    put_list(out, "EXAMPLES", reference_examples);
}
