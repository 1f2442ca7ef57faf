/* What is printed from a table of subcommands: it follows the table. */
#include "reference.h"

#include <criterion/criterion.h>
#include <stdlib.h>

static const struct argp_option child_options[] = {{"deep", 'd', "PARKED", 0, "of a child", 0}, {0}};
static const struct argp child_argp = {.options = child_options};
static const struct argp_child children[] = {{.argp = &child_argp}, {0}};
static const struct argp_option options[] = {
    {"status", 's', "STATUS", 0, "a back\\slash, `typed` and a 'quote'", 0},
    {"only-long", 300, NULL, 0, ".begins with a dot", 0},
    {"hidden", 'h', NULL, OPTION_HIDDEN, "not shown", 0},
    {NULL, 0, NULL, 0, "a heading", 1},
    {"input", 'i', "FILE", 0, "a file", 1},
    {0},
};
static const struct argp first_argp = {.options = options,
                                       .children = children,
                                       .args_doc = "ORDER-ID",
                                       .doc = "Does it.\vAnd more.\n\nExample:\n  orderly -x\nEnd."};
static const struct argp second_argp = {.args_doc = "FILE"};
static const struct subcommand rows[] = {{"stock", "look", &first_argp, NULL},
                                         {"stock add", "add", &second_argp, NULL},
                                         {"stock count", "count", &second_argp, NULL},
                                         {"other", "x", &first_argp, NULL}};
static const struct flag flags[] = {{"--flag", "does nothing", NULL}};
static const struct reference reference = {rows, COUNT_OF(rows), flags, COUNT_OF(flags)};

static const char *print(void (*how)(const struct reference *reference, FILE *out))
{
    static char text[16384];
    FILE *out = fmemopen(text, sizeof(text), "w");

    how(&reference, out);
    fclose(out);
    return text;
}

#define expect_in(text, part) cr_expect_not_null(strstr(text, part), "'%s' is not in: %s", part, text)
#define expect_not_in(text, part) cr_expect_null(strstr(text, part), "'%s' is in: %s", part, text)

Test(reference, help_has_every_row)
{
    const char *text = print(reference_print_help);

    expect_in(text, "stock add");
    expect_in(text, "--flag");
    expect_in(text, "REDIS_URL");
    expect_in(text, "Exit codes: 0 done, 1 ");
}

Test(reference, completion_follows_the_table)
{
    const char *text = print(completion_print);

    expect_in(text, "words=\"stock other\"");
    expect_in(text, "\"stock \") words=\"add count\"");
    cr_expect_lt(strstr(text, "\"stock add \"*)"), strstr(text, "\"stock \"*)"), "two words are tried first");
    expect_in(text, "options=\"--status --only-long --input --deep --help\"");
    expect_in(text, "--status | -s) options=\"\" words=\"running validating ");
    expect_in(text, "--deep | -d) options=\"\" words=\"compensation_failed needs_attention\"");
    expect_in(text, "--input | -i) options=\"\" words=\"\" files=\"yes\"");
    expect_not_in(text, "hidden");
    expect_not_in(text, "--only-long)");
}

Test(reference, the_man_page_follows_the_table)
{
    const char *text = print(manual_print);

    expect_in(text, ".SS \"stock add\"");
    expect_in(text, "\\fB\\-s\\fR, \\fB\\-\\-status\\fR=\\fISTATUS\\fR\na back\\eslash, \\fBtyped\\fR and a \\(aqquote\\(aq\n");
    expect_in(text, "\\fB\\-\\-only\\-long\\fR\n\\&.begins with a dot\n");
    expect_in(text, "And more.\n.PP\nExample:\n.RS 4\n.nf\norderly \\-x\n.fi\n.RE\nEnd.\n");
    expect_in(text, "\\fBTOPIC_PARTITIONS\\fR");
    expect_not_in(text, "hidden");
}
