/* cli_exit.h - how a command ends. Calls that can fail print what is wrong, and give the exit code. */
#ifndef ORDERLY_CLI_EXIT_H
#define ORDERLY_CLI_EXIT_H

#include "status.h"

enum cli_exit { CLI_DONE = 0, CLI_ENDED_BADLY = 1, CLI_USAGE = 2, CLI_UNREACHABLE = 3 };

/* As TRY, for calls that give an exit code: what is wrong was printed where it was found. */
#define CLI_TRY(call)                                                                                                            \
    do {                                                                                                                         \
        enum cli_exit cli_try_code = (call);                                                                                     \
        if (cli_try_code != CLI_DONE)                                                                                            \
            return cli_try_code;                                                                                                 \
    } while (0)

/* Prints one line on stderr, "orderly: ...", and gives the exit code, so that a command can `return cli_fail(...)`. */
MUST_CHECK enum cli_exit cli_fail(enum cli_exit code, const char *format, ...) PRINTF_LIKE(2, 3);
/* Prints such a line about something that does not end the command. */
void cli_warn(const char *format, ...) PRINTF_LIKE(1, 2);
/* Sees that what was printed has arrived. Gives code, or CLI_ENDED_BADLY when it has not. */
MUST_CHECK enum cli_exit cli_finish_output(enum cli_exit code);

#endif
