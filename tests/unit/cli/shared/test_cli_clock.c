/* The waits of the command line. */
#include "cli_clock.h"

#include <criterion/criterion.h>

#define HOUR_MS INT64_C(3600000)

Test(cli_clock, a_wait_whose_time_is_up_is_over_at_once)
{
    struct cli_wait wait = cli_wait_for(0, HOUR_MS);

    cr_expect(cli_wait_is_over(&wait));
    cr_expect_not(cli_wait_on(&wait));
}

Test(cli_clock, a_wait_goes_on_before)
{
    struct cli_wait wait = cli_wait_for(HOUR_MS, 1);

    cr_expect_not(cli_wait_is_over(&wait));
    cr_expect(cli_wait_on(&wait));
    cr_expect(cli_wait_on(&wait));
}
