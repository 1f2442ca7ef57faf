/* Who is let in, and when. */
#include "gate.h"

#include <criterion/criterion.h>

static const struct gate_limits limits = {.sagas_max = 10000, .backlog_max = 2000};

static struct gate counted(int64_t sagas)
{
    struct gate gate = {0};

    gate_count(&gate, &limits, sagas, 0);
    return gate;
}

Test(gate, is_shut_until_the_sagas_have_been_counted)
{
    struct gate gate = {0};

    cr_expect_eq(gate_opening(&gate, &limits, 0), 0);
}

Test(gate, lets_in_what_there_is_room_for)
{
    struct gate gate = counted(GATE_WINDOW - 300);

    cr_expect_eq(gate_opening(&gate, &limits, 0), 300);
    gate_enter(&gate, 250);
    cr_expect_eq(gate_opening(&gate, &limits, 0), 50);
    gate_enter(&gate, 60);
    cr_expect_eq(gate_opening(&gate, &limits, 0), 0, "a batch that was larger makes it no negative number");
    gate_count(&gate, &limits, GATE_WINDOW - 100, 30);
    cr_expect_eq(gate_opening(&gate, &limits, 30), 70, "who came in and is not folded yet is part of the backlog");
    gate_count(&gate, &limits, 20000, 0);
    cr_expect_eq(gate_opening(&gate, &limits, 0), 0);
}

Test(gate, beyond_the_window_they_trickle_in_until_the_limit)
{
    struct gate gate = counted(GATE_WINDOW);

    cr_expect_eq(gate_opening(&gate, &limits, 0), GATE_TRICKLE);
    gate_enter(&gate, GATE_TRICKLE);
    cr_expect_eq(gate_opening(&gate, &limits, 0), 0, "until the next count");
    gate_count(&gate, &limits, 9990, 0);
    cr_expect_eq(gate_opening(&gate, &limits, 0), 10);
    gate_count(&gate, &limits, 10000, 0);
    cr_expect_eq(gate_opening(&gate, &limits, 0), 0);
}

Test(gate, lets_in_no_more_than_the_backlog_bears)
{
    struct gate gate = counted(0);

    cr_expect_eq(gate_opening(&gate, &limits, 0), 2000);
    cr_expect_eq(gate_opening(&gate, &limits, 1999), 1);
}

Test(gate, shut_by_a_backlog_it_opens_at_half_of_it)
{
    struct gate gate = counted(0);

    cr_expect_eq(gate_opening(&gate, &limits, 2000), 0);
    cr_expect_eq(gate_opening(&gate, &limits, 1500), 0);
    cr_expect_eq(gate_opening(&gate, &limits, 1000), 0);
    cr_expect_eq(gate_opening(&gate, &limits, 999), 1001);
    cr_expect_eq(gate_opening(&gate, &limits, 1500), 500, "and stays open until the limit");
}

Test(gate, limits_follow_the_settings)
{
    cr_expect_eq(gate_limits_of(20, 500).sagas_max, 20);
    cr_expect_eq(gate_limits_of(20, 500).backlog_max, 2000);
    cr_expect_eq(gate_limits_of(20, 1).backlog_max, GATE_BACKLOG_LEAST);
}
