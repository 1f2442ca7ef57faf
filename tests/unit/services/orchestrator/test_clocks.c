/* What time it is, when nobody believes the clock of the own machine. */
#include "clocks.h"

#include <criterion/criterion.h>

#define NOW INT64_C(1760000000000)
#define HERE INT64_C(5000000)
#define DAY INT64_C(86400000)

/* Heard at HERE: Redis and one broker say this. */
static struct clocks heard(int64_t redis_ms, int64_t broker_ms)
{
    struct clocks clocks = {0};

    clocks_hear_redis(&clocks, redis_ms, HERE);
    clocks_hear_brokers(&clocks, broker_ms - HERE, broker_ms - HERE, HERE);
    return clocks;
}

Test(clocks, is_not_known_before_redis_has_said_it)
{
    struct clocks clocks = {0};

    cr_expect_eq(clocks_now_ms(&clocks, HERE), 0);
    clocks_hear_brokers(&clocks, NOW - HERE, NOW - HERE, HERE);
    cr_expect_eq(clocks_now_ms(&clocks, HERE), 0);
    cr_expect_eq(clocks_redis_ms(&clocks, HERE), 0);
    cr_expect_eq(clocks_difference_ms(&clocks), 0);
    cr_expect_not(clocks_agree(&clocks, HERE));
    clocks_hear_redis(&clocks, NOW, HERE);
    cr_expect(clocks_agree(&clocks, HERE));
}

Test(clocks, is_redis_time_as_long_as_no_broker_was_heard_but_nothing_is_taken_away)
{
    struct clocks clocks = {0};

    clocks_hear_redis(&clocks, NOW, HERE);
    cr_expect_eq(clocks_now_ms(&clocks, HERE + 7), NOW + 7);
    cr_expect_not(clocks_agree(&clocks, HERE));
    cr_expect_not(clocks_are_apart(&clocks, HERE));
}

Test(clocks, run_on_between_two_answers_and_follow_each)
{
    struct clocks clocks = heard(NOW, NOW);

    cr_expect_eq(clocks_redis_ms(&clocks, HERE + DAY), NOW + DAY);
    clocks_hear_redis(&clocks, NOW - 400, HERE + 100);
    cr_expect_eq(clocks_redis_ms(&clocks, HERE + 100), NOW - 400, "it was set back");
    cr_expect_eq(clocks_now_ms(&clocks, HERE + 100), NOW - 400);
    cr_expect_eq(clocks_difference_ms(&clocks), -500);
}

Test(clocks, the_earlier_one_counts)
{
    struct clocks redis_ahead = heard(NOW + 10 * DAY, NOW), broker_ahead = heard(NOW, NOW + 10 * DAY);

    cr_expect_eq(clocks_now_ms(&redis_ahead, HERE + 1), NOW + 1);
    cr_expect_eq(clocks_now_ms(&broker_ahead, HERE + 1), NOW + 1);
    cr_expect_eq(clocks_redis_ms(&redis_ahead, HERE), NOW + 10 * DAY);
    cr_expect_eq(clocks_difference_ms(&redis_ahead), 10 * DAY);
    cr_expect_eq(clocks_difference_ms(&broker_ahead), -10 * DAY);
}

Test(clocks, minutes_apart_nothing_is_taken_away)
{
    static const struct {
        int64_t ahead_ms;
        bool agree;
    } cases[] = {{CLOCKS_DIFFERENCE_MAX_MS, true},
                 {CLOCKS_DIFFERENCE_MAX_MS + 1, false},
                 {-CLOCKS_DIFFERENCE_MAX_MS, true},
                 {-CLOCKS_DIFFERENCE_MAX_MS - 1, false}};

    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct clocks clocks = heard(NOW + cases[i].ahead_ms, NOW);
        cr_expect_eq(clocks_agree(&clocks, HERE), cases[i].agree, "%lld", (long long)cases[i].ahead_ms);
        cr_expect_eq(clocks_are_apart(&clocks, HERE), !cases[i].agree, "%lld", (long long)cases[i].ahead_ms);
    }
}

Test(clocks, of_several_brokers_each_has_to_agree)
{
    struct clocks clocks = heard(NOW, NOW);

    clocks_hear_brokers(&clocks, NOW - DAY - HERE, NOW - HERE, HERE);
    cr_expect_not(clocks_agree(&clocks, HERE), "one is behind");
    cr_expect_eq(clocks_now_ms(&clocks, HERE), NOW - DAY);
    clocks = heard(NOW, NOW);
    clocks_hear_brokers(&clocks, NOW - HERE, NOW + DAY - HERE, HERE);
    cr_expect_not(clocks_agree(&clocks, HERE), "one is ahead");
    clocks_hear_brokers(&clocks, NOW - HERE, NOW - HERE, HERE + 1);
    cr_expect_not(clocks_agree(&clocks, HERE + 1), "the other one was heard in between");
    cr_expect_not(clocks_agree(&clocks, HERE + CLOCKS_CALM_MS - 1));
    cr_expect(clocks_agree(&clocks, HERE + CLOCKS_CALM_MS));
}

Test(clocks, redis_that_jumps_is_noticed_when_it_says_so)
{
    struct clocks clocks = heard(NOW, NOW);

    clocks_hear_redis(&clocks, NOW + DAY, HERE + 100);
    cr_expect_not(clocks_agree(&clocks, HERE + 100));
    clocks_hear_redis(&clocks, NOW + 200, HERE + 200);
    cr_expect(clocks_are_apart(&clocks, HERE + 200));
    cr_expect(clocks_agree(&clocks, HERE + 100 + CLOCKS_CALM_MS));
}
