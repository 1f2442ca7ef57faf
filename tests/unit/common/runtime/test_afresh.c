/* How long a service pauses before it starts afresh. The start itself: tests/integration/common/runtime/test_afresh.c. */
#include "afresh.h"

#include <criterion/criterion.h>
#include <stdlib.h>

static int64_t first_pause_after(const char *left_behind)
{
    struct afresh afresh;

    setenv("ORDERLY_STARTED_AFRESH", left_behind, 1);
    afresh = afresh_begin();
    cr_expect_null(getenv("ORDERLY_STARTED_AFRESH"), "what this program starts does not inherit it");
    return afresh_wait_ms(&afresh, afresh.began_ms);
}

Test(afresh, the_pause_doubles_up_to_its_longest)
{
    struct afresh afresh = {.began_ms = 1000};
    int64_t before_ms = 0;

    for (; afresh.in_a_row < 30; afresh.in_a_row++) {
        int64_t wait_ms = afresh_wait_ms(&afresh, 1000);
        cr_expect(wait_ms == AFRESH_WAIT_MAX_MS || wait_ms == (before_ms == 0 ? AFRESH_WAIT_FIRST_MS : 2 * before_ms));
        before_ms = wait_ms;
    }
    cr_expect_eq(before_ms, AFRESH_WAIT_MAX_MS);
}

Test(afresh, a_start_that_lasted_is_the_first_in_a_row_again)
{
    struct afresh afresh = {.began_ms = 1000, .in_a_row = 4};

    cr_expect_eq(afresh_wait_ms(&afresh, 1000 + AFRESH_HEALTHY_MS - 1), 16 * AFRESH_WAIT_FIRST_MS);
    cr_expect_eq(afresh_wait_ms(&afresh, 1000 + AFRESH_HEALTHY_MS), AFRESH_WAIT_FIRST_MS);
}

Test(afresh, takes_from_the_environment_only_what_it_may_have_left_there)
{
    cr_expect_eq(first_pause_after("2"), 4 * AFRESH_WAIT_FIRST_MS);
    cr_expect_eq(first_pause_after("30"), AFRESH_WAIT_MAX_MS);
    cr_expect_eq(first_pause_after("31"), AFRESH_WAIT_FIRST_MS);
    cr_expect_eq(first_pause_after("-1"), AFRESH_WAIT_FIRST_MS);
    cr_expect_eq(first_pause_after("many"), AFRESH_WAIT_FIRST_MS);
}
