/* How old an order is. */
#include "age.h"

#include <criterion/criterion.h>

#define RECORD_MS INT64_C(1769851800123) /* 2026-01-31T09:30:00.123Z */

static const struct {
    const char *text;
    int64_t time_ms; /* -1: none */
} times[] = {
    {"2026-01-31T09:30:00.123Z", RECORD_MS},
    {"2026-01-31T09:30:00Z", RECORD_MS - 123},
    {"2026-01-31t09:30:00z", RECORD_MS - 123},
    {"2026-01-31 09:30:00Z", RECORD_MS - 123},
    {"2026-01-31T09:30:00.1Z", RECORD_MS - 23},
    {"2026-01-31T09:30:00.123456789Z", RECORD_MS},
    {"2026-01-31T11:30:00.123+02:00", RECORD_MS},
    {"2026-01-31T04:00:00.123-05:30", RECORD_MS},
    {"1970-01-01T00:00:00Z", 0},
    {"", -1},
    {"2026-01-31", -1},
    {"2026-01-31T09:30:00", -1},
    {"2026-01-31T09:30:00.Z", -1},
    {"2026-01-31T09:30:00.123", -1},
    {"2026-02-30T09:30:00Z", -1},
    {"2026-01-31T24:30:00Z", -1},
    {"2026-01-31T09:30:00+2:00", -1},
    {"2026-01-31T09:30:00+02:60", -1},
    {"2026-01-31T09:30:00+0200", -1},
    {"2026-01-31T09:30:00Zz", -1},
    {"yesterday, or the day before", -1},
};

Test(age, reads_any_rfc_3339_time)
{
    for (size_t i = 0; i < COUNT_OF(times); i++) {
        int64_t time_ms = -1;
        cr_expect_eq(age_read_rfc3339(text_of(times[i].text), &time_ms), times[i].time_ms != -1, "%s", times[i].text);
        cr_expect_eq(time_ms, times[i].time_ms, "%s: %lld", times[i].text, (long long)time_ms);
    }
}

static int64_t made(const char *dlq_timestamp, const char *dlq_redrives, const char *ce_time)
{
    return age_made_ms(RECORD_MS, &(struct age_headers){text_of(dlq_timestamp), text_of(dlq_redrives), text_of(ce_time)});
}

Test(age, is_the_earliest_that_is_well_formed)
{
    const char *old = "2026-01-30T09:30:00Z", *new = "2027-01-30T09:30:00Z";

    cr_expect_eq(made(NULL, NULL, NULL), RECORD_MS);
    cr_expect_eq(made("1000", "1", NULL), 1000);
    cr_expect_eq(made("1000", NULL, NULL), RECORD_MS, "a redrive writes both: this one is the sender's own");
    cr_expect_eq(made("1000", "abc", NULL), RECORD_MS);
    cr_expect_eq(made("1000", "-1", NULL), RECORD_MS);
    cr_expect_eq(made(NULL, NULL, old), RECORD_MS - 123 - 86400000);
    cr_expect_eq(made("1000", "0", old), 1000);
    cr_expect_eq(made("9999999999999", "1", new), RECORD_MS, "nobody makes an order in the future");
    cr_expect_eq(made("-5", "1", "soon"), RECORD_MS);
    cr_expect_eq(made("1e3", "1", NULL), RECORD_MS);
}
