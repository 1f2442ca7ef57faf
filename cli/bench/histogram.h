/* histogram.h - how long many things took, in a fixed number of counters: log-linear, the layout of HdrHistogram.
 *
 * Units   whole numbers, here microseconds; up to HISTOGRAM_EXACT they are kept as they are, beyond it with an error below 0.1 %
 * Seen in HdrHistogram (Gil Tene); Debian 12 has no C library of it */
#ifndef ORDERLY_HISTOGRAM_H
#define ORDERLY_HISTOGRAM_H

#include "status.h"

#include <stdint.h>

#define HISTOGRAM_EXACT 2048
#define HISTOGRAM_VALUE_MAX ((INT64_C(1) << 40) - 1) /* 12 days of microseconds; what is above counts as this */

struct histogram;

/* An empty one. Never NULL. The caller owns it. */
struct histogram *histogram_create(void);
/* NULL is fine. */
void histogram_destroy(struct histogram *histogram);
/* For CLEANUP(histogram_destroy). */
DEFINE_CLEANUP(struct histogram, histogram_destroy);
/* Counts a value; a negative one, of clocks that disagree, counts as 0. */
void histogram_add(struct histogram *histogram, int64_t value);
/* How many values were counted. */
int64_t histogram_count(const struct histogram *histogram);
/* The value that this share of all (0 < percent <= 100) does not exceed; 100 is the largest, exactly. 0 when it is empty. */
int64_t histogram_at(const struct histogram *histogram, double percent);

#endif
