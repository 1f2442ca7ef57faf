/* reference.h - what is printed from the table of subcommands: the help, the completion for bash, the man page.
 *
 * The name of an option's argument, or of an argument in args_doc, says what it takes, and so what bash offers for it:
 * STATUS (a status of orders, or running), PARKED (a status that waits for somebody), FILE (a file); others are free. */
#ifndef ORDERLY_REFERENCE_H
#define ORDERLY_REFERENCE_H

#include "cli_command.h"

struct reference;

/* An option of `orderly` itself: it prints something. */
struct flag {
    const char *name, *summary; /* "--version" */
    void (*print)(const struct reference *reference, FILE *out);
};

/* The program: everything that its help tells. */
struct reference {
    const struct subcommand *subcommands;
    size_t subcommand_count;
    const struct flag *flags;
    size_t flag_count;
};

/* orderly --help. */
void reference_print_help(const struct reference *reference, FILE *out);
/* A script for bash that completes commands, options, statuses and files. */
void completion_print(const struct reference *reference, FILE *out);
/* The page orderly(1), in the macros of man(7). */
void manual_print(const struct reference *reference, FILE *out);

/* One option of a subcommand as a person meets it. */
struct option_view {
    const char *name;     /* without its dashes */
    char letter;          /* of its short form; '\0': it has none */
    const char *argument; /* "FILE"; NULL: it takes none */
    const char *text;
};
/* Calls see() for every option of an argp that is not hidden, those of its children included. */
void reference_each_option(const struct argp *argp, void (*see)(const struct option_view *option, void *context), void *context);
/* Whether an argument of this name takes a file. name may be a whole args_doc, or NULL. */
bool reference_takes_file(const char *name);
/* The words that an argument of this name can be, with spaces between them; "" when they can't be told. In the arena. */
const char *reference_words(struct arena *arena, const char *name);
/* The first half of an argp's doc, what it does, and the second half, which is "" when there is none. In the arena. */
void reference_split_doc(struct arena *arena, const struct argp *argp, const char **out_before, const char **out_after);

/* How the program ends, and how it is used; one line each, NULL-terminated. Static. */
extern const char *const reference_exit_codes[];
extern const char *const reference_examples[];

#endif
