#include "histogram.h"

#include <criterion/criterion.h>

static struct histogram *histogram;

static void set_up(void) { histogram = histogram_create(); }
static void tear_down(void) { histogram_destroy(histogram); }
TestSuite(histogram, .init = set_up, .fini = tear_down);

Test(histogram, an_empty_one_is_all_zeros)
{
    cr_expect_eq(histogram_count(histogram), 0);
    cr_expect_eq(histogram_at(histogram, 50), 0);
    cr_expect_eq(histogram_at(histogram, 100), 0);
}

Test(histogram, small_values_are_exact)
{
    for (int64_t value = 1; value <= 1000; value++)
        histogram_add(histogram, value);
    cr_expect_eq(histogram_count(histogram), 1000);
    cr_expect_eq(histogram_at(histogram, 0.05), 1);
    cr_expect_eq(histogram_at(histogram, 50), 500);
    cr_expect_eq(histogram_at(histogram, 90), 900);
    cr_expect_eq(histogram_at(histogram, 99), 990);
    cr_expect_eq(histogram_at(histogram, 99.9), 999);
    cr_expect_eq(histogram_at(histogram, 99.95), 1000);
    cr_expect_eq(histogram_at(histogram, 100), 1000);
}

/* Around every power of two, where a counter ends and the next begins. */
Test(histogram, large_values_are_off_by_less_than_one_in_a_thousand)
{
    for (int bits = 1; bits < 40; bits++)
        for (int64_t off = -1; off <= 1; off++) {
            int64_t value = (INT64_C(1) << bits) + off, shown;
            struct histogram *one = histogram_create();
            histogram_add(one, value);
            histogram_add(one, HISTOGRAM_VALUE_MAX);
            shown = histogram_at(one, 50);
            cr_expect(shown >= value && (double)(shown - value) <= 0.001 * (double)value, "%lld is shown as %lld",
                      (long long)value, (long long)shown);
            histogram_destroy(one);
        }
}

Test(histogram, the_largest_is_exact)
{
    histogram_add(histogram, 123456789);
    cr_expect_eq(histogram_at(histogram, 50), 123456789);
    cr_expect_eq(histogram_at(histogram, 100), 123456789);
}

Test(histogram, what_is_out_of_range_counts_as_the_nearest)
{
    histogram_add(histogram, -5);
    cr_expect_eq(histogram_at(histogram, 100), 0);
    histogram_add(histogram, INT64_MAX);
    cr_expect_eq(histogram_at(histogram, 100), HISTOGRAM_VALUE_MAX);
    cr_expect_eq(histogram_count(histogram), 2);
}
