/* What `orderly` prints of itself for other programs: bash loads the completion, troff the man page. */
#include "system.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

static char printed[65536];

/* Runs a script in bash with the completion loaded; its output is in printed. */
static void bash(const char *script)
{
    static char text[4096];
    size_t length;
    FILE *out;

    cr_assert_not_null(getenv("ORDERLY_TEST_BIN"), "ORDERLY_TEST_BIN is not set: run tests/run.sh");
    snprintf(text, sizeof(text),
             "bash --norc --noprofile -eu -o pipefail 2>&1 <<'SCRIPT'\n"
             "source <(\"$ORDERLY_TEST_BIN/orderly\" --print-completion)\n"
             "complete_words() { COMP_WORDS=(\"$@\") COMP_CWORD=$(($# - 1)); _orderly; echo \"${COMPREPLY[*]}\"; }\n"
             "%s\nSCRIPT\n",
             script);
    out = popen(text, "r");
    length = fread(printed, 1, sizeof(printed) - 1, out);
    printed[length] = '\0';
    cr_expect_eq(pclose(out), 0, "%s: %s", script, printed);
}

static const struct {
    const char *words, *completions;
} typed[] = {
    {"orderly ca", "catalog cancel"},
    {"orderly --v", "--version"},
    {"orderly --print-", "--print-settings --print-completion --print-man"},
    {"orderly topics ''", "create"},
    {"orderly catalog load /et", "/etc"},
    {"orderly submit --wait /et", "/etc"},
    {"orderly list --st", "--status --stuck"},
    {"orderly list --status com", "compensating compensation_failed completed"},
    {"orderly list -s can", "cancelled"},
    {"orderly list --status = com", "compensating compensation_failed completed"},
    {"orderly list --status =",
     "running validating authorizing_payment allocating_inventory fulfilling capturing_payment compensating "
     "compensation_failed needs_attention completed rejected failed cancelled"},
    {"orderly list --limit ''", ""},
    {"orderly retry --all --status ''", "compensation_failed needs_attention"},
    {"orderly retry --all --status needs_attention --w", "--wait"},
    {"orderly cancel ORD-1 --r", "--reason"},
    {"orderly get --", "--json --help"},
    {"orderly nonsense ''", ""},
};

Test(printed, bash_completes_commands_options_statuses_and_files)
{
    char script[512], wanted[512];

    for (size_t i = 0; i < COUNT_OF(typed); i++) {
        snprintf(script, sizeof(script), "complete_words %s", typed[i].words);
        snprintf(wanted, sizeof(wanted), "%s\n", typed[i].completions);
        bash(script);
        cr_expect_str_eq(printed, wanted, "%s: '%s'", typed[i].words, printed);
    }
}

/* Whatever row is added to the table: its help can be asked for, and bash knows its words. */
Test(printed, every_command_of_the_help_is_completed_and_has_its_own_help)
{
    bash("count=0\n"
         "while read -r first second; do\n"
         "    count=$((count + 1))\n"
         "    case \" $(complete_words orderly '') \" in *\" $first \"*) ;; *) echo \"missing: $first\" ;; esac\n"
         "    if [ -n \"$second\" ]; then\n"
         "        case \" $(complete_words orderly \"$first\" '') \" in *\" $second \"*) ;; *) echo \"missing: $first $second\" "
         ";; esac\n"
         "    fi\n"
         "    \"$ORDERLY_TEST_BIN/orderly\" \"$first\" ${second:+\"$second\"} --help | grep -q 'Exit codes' || echo \"no help: "
         "$first $second\"\n"
         "done < <(\"$ORDERLY_TEST_BIN/orderly\" --help | sed -n '/^Commands/,/^$/s/^  \\([a-z]*\\) \\([a-z]*\\) .*/\\1 \\2/p')\n"
         "[ \"$count\" -ge 9 ] && echo all");
    cr_expect_str_eq(printed, "all\n", "%s", printed);
}

Test(printed, the_completion_is_clean_shell)
{
    FILE *check = popen("\"$ORDERLY_TEST_BIN/orderly\" --print-completion | shellcheck -s bash - 2>&1", "r");
    size_t length = fread(printed, 1, sizeof(printed) - 1, check);

    printed[length] = '\0';
    cr_expect_eq(pclose(check), 0, "%s", printed);
}

/* What a shell command prints. Gives its exit code. */
static int shell(const char *command)
{
    FILE *out = popen(command, "r");
    size_t length = fread(printed, 1, sizeof(printed) - 1, out);

    printed[length] = '\0';
    cr_assert_lt(length, sizeof(printed) - 1, "there is more: %s", command);
    return pclose(out);
}

Test(printed, the_man_page_renders_without_warnings)
{
    static const char *const parts[] = {"orderly cancel [OPTION...] ORDER-ID", "--status=PARKED", "KAFKA_BOOTSTRAP_SERVERS",
                                        "orderly list --stuck 10m", "3 Kafka or Redis unreachable"};

    cr_expect_eq(shell("\"$ORDERLY_TEST_BIN/orderly\" --print-man | groff -ww -man -Tascii 2>&1 >/dev/null"), 0);
    cr_expect_str_eq(printed, "");
    cr_expect_eq(shell("\"$ORDERLY_TEST_BIN/orderly\" --print-man | groff -man -Tascii -P-c -P-b -P-u"), 0);
    for (size_t i = 0; i < COUNT_OF(parts); i++)
        cr_expect_not_null(strstr(printed, parts[i]), "'%s' is not in: %s", parts[i], printed);
}
