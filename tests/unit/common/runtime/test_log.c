/* One logfmt line for each event. */
#include "log.h"

#include <criterion/criterion.h>
#include <criterion/redirect.h>
#include <stdio.h>
#include <unistd.h>

static char printed[65536];

/* What was written to stderr meanwhile: log_event() uses write(2), so the descriptor itself is redirected. */
static const char *log_of(void (*act)(void))
{
    int saved = dup(STDERR_FILENO), ends[2];
    ssize_t length;

    cr_assert_eq(pipe(ends), 0);
    dup2(ends[1], STDERR_FILENO);
    act();
    dup2(saved, STDERR_FILENO);
    close(ends[1]);
    length = read(ends[0], printed, sizeof(printed) - 1);
    printed[length < 0 ? 0 : length] = '\0';
    close(ends[0]);
    close(saved);
    return printed;
}

static void say_hello(void) { log_event(LOG_INFO, "answered", "order=%s took_us=%d", "ORD-1", 812); }
static void say_nothing(void) { log_event(LOG_DEBUG, "answered", "order=%s", "ORD-1"); }
static void say_evil(void) { log_event(LOG_WARNING, "buried", "value=%s", LOG_QUOTED(TEXT("a\" b\nlevel=error\x01\\"))); }

static void say_much(void)
{
    char much[2 * LOG_LINE_MAX];

    memset(much, 'x', sizeof(much) - 1);
    much[sizeof(much) - 1] = '\0';
    log_event(LOG_INFO, "answered", "value=%s", much);
}

Test(log, a_line_has_its_keys)
{
    log_start("tester", LOG_INFO);
    const char *line = log_of(say_hello);
    cr_expect_not_null(strstr(line, "Z level=info service=tester event=answered order=ORD-1 took_us=812\n"), "%s", line);
    cr_expect_eq(strncmp(line, "time=20", 7), 0, "%s", line);
}

Test(log, what_is_below_the_level_is_not_printed)
{
    log_start("tester", LOG_INFO);
    cr_expect_str_eq(log_of(say_nothing), "");
    cr_expect(log_wants(LOG_ERROR));
    cr_expect_not(log_wants(LOG_DEBUG));
}

Test(log, text_from_outside_can_not_make_a_second_line_or_key)
{
    log_start("tester", LOG_INFO);
    const char *line = log_of(say_evil);
    cr_expect_eq(strchr(line, '\n'), line + strlen(line) - 1, "%s", line);
    cr_expect_not_null(strstr(line, "value=\"a\\\" b\\nlevel=error"), "%s", line);
}

Test(log, a_line_is_cut_at_its_limit)
{
    log_start("tester", LOG_INFO);
    const char *line = log_of(say_much);
    cr_expect_leq(strlen(line), LOG_LINE_MAX);
    cr_expect_eq(line[strlen(line) - 1], '\n');
}
