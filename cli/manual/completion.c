/* completion.c - orderly --print-completion */
#include "reference.h"

/* The script needs nothing but bash 4: the library of the package bash-completion may not be loaded. */
static const char head[] =
    "# Completion for bash, printed by `orderly --print-completion`.\n"
    "_orderly()\n"
    "{\n"
    "    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} IFS=$' \\n'\n"
    "    local typed=\"${COMP_WORDS[*]:1:COMP_CWORD - 1} \" option=\"\" options=\"\" words=\"\" files=\"\"\n"
    "\n"
    "    # `--status=failed` comes as three words.\n"
    "    if [[ $word == = ]]; then\n"
    "        word=\"\" option=$before\n"
    "    elif [[ $before == = ]]; then\n"
    "        option=${COMP_WORDS[COMP_CWORD - 2]}\n"
    "    elif [[ $before == -* ]]; then\n"
    "        option=$before\n"
    "    fi\n";

static const char tail[] = "    [[ $word == -* && $options ]] && words=$options files=\"\"\n"
                           "    mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$word\")\n"
                           "    if [[ $files ]]; then\n"
                           "        compopt -o filenames 2>/dev/null || true\n"
                           "        mapfile -t -O \"${#COMPREPLY[@]}\" COMPREPLY < <(compgen -f -- \"$word\")\n"
                           "    fi\n"
                           "    return 0\n"
                           "}\n"
                           "complete -F _orderly orderly\n";

/* ---- the words of commands ---- */

/* Whether a row before this one begins with the same word. */
static bool is_repeated(const struct reference *reference, size_t row, size_t length)
{
    const char *name = reference->subcommands[row].name;

    for (size_t i = 0; i < row; i++)
        if (strncmp(reference->subcommands[i].name, name, length) == 0 && strcspn(reference->subcommands[i].name, " ") == length)
            return true;
    return false;
}

static void print_first_words(const struct reference *reference, FILE *out)
{
    const char *between = "";

    fprintf(out, "    case $typed in\n    \" \")\n        words=\"");
    for (size_t i = 0; i < reference->subcommand_count; i++) {
        size_t length = strcspn(reference->subcommands[i].name, " ");
        if (is_repeated(reference, i, length))
            continue;
        fprintf(out, "%s%.*s", between, (int)length, reference->subcommands[i].name);
        between = " ";
    }
    fprintf(out, "\"\n        options=\"");
    for (size_t i = 0; i < reference->flag_count; i++)
        fprintf(out, "%s%s", i == 0 ? "" : " ", reference->flags[i].name);
    fprintf(out, "\"\n        ;;\n");
}

/* The second words of the group that this row begins; nothing when it begins none. */
static void print_second_words(const struct reference *reference, size_t row, FILE *out)
{
    const char *name = reference->subcommands[row].name, *between = "";
    size_t length = strcspn(name, " "), seconds = 0;

    if (is_repeated(reference, row, length))
        return;
    for (size_t i = row; i < reference->subcommand_count; i++)
        seconds += strncmp(reference->subcommands[i].name, name, length) == 0 && reference->subcommands[i].name[length] == ' ';
    if (seconds == 0)
        return;
    fprintf(out, "    \"%.*s \") words=\"", (int)length, name);
    for (size_t i = row; i < reference->subcommand_count; i++) {
        const char *other = reference->subcommands[i].name;
        if (strncmp(other, name, length) != 0 || other[length] != ' ')
            continue;
        fprintf(out, "%s%s", between, other + length + 1);
        between = " ";
    }
    fprintf(out, "\" ;;\n");
}

/* ---- one command ---- */

/* What is known while the options of a command are printed. */
struct printing {
    FILE *out;
    struct arena *arena;
};

/* Behind an option with an argument only that argument is offered. */
static void print_values(const struct option_view *option, void *context)
{
    const struct printing *printing = context;
    const char *words = reference_words(printing->arena, option->argument);

    if (option->argument == NULL)
        return;
    fprintf(printing->out, "        --%s", option->name);
    if (option->letter != '\0')
        fprintf(printing->out, " | -%c", option->letter);
    fprintf(printing->out, ") options=\"\" words=\"%s\" files=\"%s\" ;;\n", words,
            reference_takes_file(option->argument) ? "yes" : "");
}

static void print_name(const struct option_view *option, void *context)
{
    const struct printing *printing = context;

    fprintf(printing->out, "--%s ", option->name);
}

static void print_command(const struct subcommand *subcommand, struct printing *printing)
{
    fprintf(printing->out, "    \"%s \"*)\n        options=\"", subcommand->name);
    reference_each_option(subcommand->argp, print_name, printing);
    fprintf(printing->out, "--help\" files=\"%s\"\n        case $option in\n",
            reference_takes_file(subcommand->argp->args_doc) ? "yes" : "");
    reference_each_option(subcommand->argp, print_values, printing);
    fprintf(printing->out, "        esac\n        ;;\n");
}

void completion_print(const struct reference *reference, FILE *out)
{
    CLEANUP(arena_destroy) struct arena *arena = arena_create();
    struct printing printing = {.out = out, .arena = arena};

    fputs(head, out);
    print_first_words(reference, out);
    for (size_t i = 0; i < reference->subcommand_count; i++)
        print_second_words(reference, i, out);
    fprintf(out, "    esac\n    case $typed in\n");
    for (int words = 2; words >= 1; words--) /* "stock add" before "stock" */
        for (size_t i = 0; i < reference->subcommand_count; i++)
            if ((strchr(reference->subcommands[i].name, ' ') != NULL) == (words == 2))
                print_command(&reference->subcommands[i], &printing);
    fprintf(out, "    esac\n");
    fputs(tail, out);
}
