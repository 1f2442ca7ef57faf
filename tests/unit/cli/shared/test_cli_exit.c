/* How a command ends. */
#include "cli_exit.h"

#include <criterion/criterion.h>
#include <criterion/redirect.h>

static int calls;

static enum cli_exit step(enum cli_exit code)
{
    calls++;
    return code;
}

static enum cli_exit steps(enum cli_exit first, enum cli_exit second)
{
    CLI_TRY(step(first));
    CLI_TRY(step(second));
    return step(CLI_DONE);
}

Test(cli_exit, the_first_problem_ends_it)
{
    cr_expect_eq(steps(CLI_DONE, CLI_DONE), CLI_DONE);
    cr_expect_eq(calls, 3);
    calls = 0;
    cr_expect_eq(steps(CLI_DONE, CLI_USAGE), CLI_USAGE);
    cr_expect_eq(calls, 2);
    calls = 0;
    cr_expect_eq(steps(CLI_UNREACHABLE, CLI_USAGE), CLI_UNREACHABLE);
    cr_expect_eq(calls, 1);
}

Test(cli_exit, a_problem_is_a_line_of_its_own, .init = cr_redirect_stderr)
{
    cr_expect_eq(cli_fail(CLI_UNREACHABLE, "no %s", "answer"), CLI_UNREACHABLE);
    cli_warn("%d of them", 2);
    fflush(stderr);
    cr_expect_stderr_eq_str("orderly: no answer\norderly: 2 of them\n");
}
