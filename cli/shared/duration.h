/* duration.h - spans of time as people write and read them: 90s, 10m, 2h, 1d, 1h30m.
 *
 * Units   milliseconds in the code */
#ifndef ORDERLY_DURATION_H
#define ORDERLY_DURATION_H

#include "text.h"

#define DURATION_MAX_MS (INT64_C(3650) * 24 * 60 * 60 * 1000)

/* Reads whole numbers with their units (ms, s, m, h, d), the larger unit first, each once: "1h30m". More than nothing,
 * DURATION_MAX_MS at most. False: it is none; out_ms untouched. */
MUST_CHECK bool duration_read(const char *word, int64_t *out_ms);
/* The two largest units of it: "2d 3h", "12m 5s", "0s". In the arena. Negative ones, of clocks that disagree, are "0s". */
struct text duration_text(struct arena *arena, int64_t ms);

#endif
