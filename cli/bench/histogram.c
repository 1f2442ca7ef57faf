#include "histogram.h"

#include <stdlib.h>

/* Below HISTOGRAM_EXACT a counter for each value; then HALF counters for each doubling. */
#define HALF (HISTOGRAM_EXACT / 2)
#define EXACT_BITS 11
#define VALUE_BITS 40
#define COUNTERS (HISTOGRAM_EXACT + (VALUE_BITS - EXACT_BITS) * HALF)
#define ROUNDING 1e-12 /* 99.9 % of 1000 is 999, not a little more */
_Static_assert(HISTOGRAM_EXACT == 1 << EXACT_BITS && HISTOGRAM_VALUE_MAX == (INT64_C(1) << VALUE_BITS) - 1, "one layout");

struct histogram {
    int64_t count, largest;
    int64_t counters[COUNTERS];
};

struct histogram *histogram_create(void)
{
    struct histogram *histogram = calloc(1, sizeof(*histogram));

    if (histogram == NULL)
        abort();
    return histogram;
}

void histogram_destroy(struct histogram *histogram) { free(histogram); }

static int counter_of(int64_t value)
{
    int shift;

    if (value < HISTOGRAM_EXACT)
        return (int)value;
    shift = 64 - __builtin_clzll((unsigned long long)value) - EXACT_BITS;
    return HISTOGRAM_EXACT + (shift - 1) * HALF + (int)(value >> shift) - HALF;
}

/* The largest value that falls into a counter. */
static int64_t value_of(int counter)
{
    int shift;

    if (counter < HISTOGRAM_EXACT)
        return counter;
    shift = (counter - HISTOGRAM_EXACT) / HALF + 1;
    return ((int64_t)((counter - HISTOGRAM_EXACT) % HALF + HALF + 1) << shift) - 1;
}

void histogram_add(struct histogram *histogram, int64_t value)
{
    if (value < 0)
        value = 0;
    if (value > HISTOGRAM_VALUE_MAX)
        value = HISTOGRAM_VALUE_MAX;
    histogram->counters[counter_of(value)]++;
    histogram->count++;
    if (value > histogram->largest)
        histogram->largest = value;
}

int64_t histogram_count(const struct histogram *histogram) { return histogram->count; }

int64_t histogram_at(const struct histogram *histogram, double percent)
{
    double wanted = percent / 100 * (double)histogram->count * (1 - ROUNDING);
    int64_t seen = 0;

    if (histogram->count == 0)
        return 0;
    for (int i = 0; i < COUNTERS; i++) {
        seen += histogram->counters[i];
        if (seen > 0 && (double)seen >= wanted)
            return value_of(i) < histogram->largest ? value_of(i) : histogram->largest;
    }
    return histogram->largest;
}
