/* doctor_rules.h - what is good and what is not, for `orderly doctor`. Pure.
 *
 * Source  docs/asyncapi.yaml and docs/redis.md; docs/operations.md says what each check looks at */
#ifndef ORDERLY_DOCTOR_RULES_H
#define ORDERLY_DOCTOR_RULES_H

#include "text.h"

/* How a check ended, from good to bad; UNKNOWN: it could not be made. */
enum finding { FINDING_OK, FINDING_UNKNOWN, FINDING_WARNING, FINDING_WRONG, FINDING_COUNT };

/* "ok", "unknown", "warning", "wrong". Static. */
const char *finding_word(enum finding finding);
/* The worse of two. */
enum finding finding_worse(enum finding a, enum finding b);

/* A topic's setting beside the planned one: a difference that takes a guarantee away is WRONG, one that only surprises is a
 * WARNING. out_why: what it leads to; static, "" when it is OK. */
enum finding setting_finding(const char *name, const char *is, const char *planned, const char **out_why);
/* A field of Redis' INFO ("redis_version"); TEXT_NONE when it is not there. Borrows info. */
struct text info_field(struct text info, const char *name);
/* Whether a version ("7.0.15") is older than major.minor. One that can't be read is not. */
bool version_is_older(struct text version, int major, int minor);
/* A clock that differs by so many milliseconds, either way. */
enum finding skew_finding(int64_t skew_ms);
/* Kafka's newest record against Redis' clock: when it is later by more than the sweep bears, nothing is swept. An earlier one
 * may only be old. */
enum finding ahead_finding(int64_t ahead_ms);
/* Memory used of a limit; limit 0: none. */
enum finding memory_finding(int64_t used, int64_t limit);

/* What a group has done of one partition that holds low..high-1. committed -1: nothing. */
struct group_progress {
    int64_t waiting; /* records that it has not handled */
    int64_t missed;  /* records that were gone before it handled them */
    int64_t beyond;  /* how far the committed offset lies beyond the end of the log: so many new records would be passed over */
};
/* Adds a partition to the sum. high_later: the end of the log as it was seen after committed: a group that works on commits
 * beyond the end that was seen before. */
void progress_add(struct group_progress *progress, int64_t low, int64_t high, int64_t high_later, int64_t committed);
/* members -1: not known. */
enum finding group_finding(const struct group_progress *progress, int members);

#endif
