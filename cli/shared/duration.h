/* duration.h - spans of time as people write and read them: 90, 90s, 10m, 2h, 1d, 1h30m.
 *
 * Units   milliseconds in the code */
#ifndef ORDERLY_DURATION_H
#define ORDERLY_DURATION_H

#include "text.h"

#define DAY_MS INT64_C(86400000)
#define DURATION_MAX_MS (3650 * DAY_MS)

/* Reads whole numbers with their units (ms, s, m, h, d), the larger unit first, each once: "1h30m". A number alone is seconds. At
 * least least_ms, DURATION_MAX_MS at most. False: it is none; out_ms untouched. */
MUST_CHECK bool duration_read(const char *word, int64_t least_ms, int64_t *out_ms);
/* The two largest units of it: "2d 3h", "12m 5s", "0s". In the arena. Negative ones, of clocks that disagree, are "0s". */
struct text duration_text(struct arena *arena, int64_t ms);
/* How old something is, for a narrow column: the largest unit of which there are two, "90s", "119m", "2d". In the arena. Negative
 * ones are "0s". */
struct text age_text(struct arena *arena, int64_t ms);

#endif
