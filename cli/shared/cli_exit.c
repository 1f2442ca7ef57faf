#include "cli_exit.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void PRINTF_LIKE(1, 0) say(const char *format, va_list arguments)
{
    fflush(stdout);
    fprintf(stderr, "orderly: ");
    vfprintf(stderr, format, arguments);
    fprintf(stderr, "\n");
}

enum cli_exit cli_fail(enum cli_exit code, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    say(format, arguments);
    va_end(arguments);
    return code;
}

void cli_warn(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    say(format, arguments);
    va_end(arguments);
}

enum cli_exit cli_finish_output(enum cli_exit code)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return code;
    if (errno != EPIPE) /* a reader who has seen enough (orderly list | head) needs no words */
        cli_warn("the output can't be written: %s", strerror(errno));
    return code == CLI_DONE ? CLI_ENDED_BADLY : code;
}
