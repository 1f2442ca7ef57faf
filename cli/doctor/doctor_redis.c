/* doctor_redis.c - whether Redis keeps what it acknowledges. */
#include "clock.h"
#include "doctor.h"
#include "duration.h"

#include <inttypes.h>
#include <stdio.h>

#define VERSION_MAJOR 7 /* what Orderly is tested with begins here */
#define VERSION_MINOR 0

void doctor_redis(struct doctor *doctor)
{
    struct text version, refusal;
    const struct store_value *reply;

    if (store_ping(doctor->store) != STATUS_OK) {
        doctor->redis_away = true;
        doctor_tell(doctor, FINDING_WRONG, "redis", TEXT("REDIS_URL=redis://[user:password@]host:port"), "no answer (%s)",
                    store_problem(doctor->store));
        return;
    }
    reply = doctor_ask(doctor, "redis", (struct text[]){TEXT("INFO")}, 1, &refusal);
    if (doctor->redis_away)
        return;
    if (reply == NULL) {
        doctor_tell(doctor, FINDING_UNKNOWN, "redis", TEXT("ACL SETUSER <user> +info"), "it answers, but INFO is refused (%.*s)",
                    TEXT_ARG(refusal));
        return;
    }
    doctor->info = text_copy(doctor->arena, store_text(reply));
    version = info_field(doctor->info, "redis_version");
    if (text_equals(info_field(doctor->info, "role"), TEXT("slave")))
        doctor_tell(doctor, FINDING_WRONG, "redis", TEXT("REDIS_URL=... of the primary"),
                    "version %.*s; a replica: it takes no writes", TEXT_ARG(version));
    else if (version_is_older(version, VERSION_MAJOR, VERSION_MINOR))
        doctor_tell(doctor, FINDING_WARNING, "redis", TEXT_NONE, "version %.*s; Orderly is tested with %d.%d and later",
                    TEXT_ARG(version), VERSION_MAJOR, VERSION_MINOR);
    else
        doctor_tell(doctor, FINDING_OK, "redis", TEXT_NONE, "version %.*s", TEXT_ARG(version));
}

static bool can_not_tell(struct doctor *doctor, const char *check)
{
    if (text_is_there(doctor->info))
        return false;
    doctor_tell(doctor, FINDING_UNKNOWN, check, TEXT_NONE, "INFO is refused");
    return true;
}

static int64_t info_number(const struct doctor *doctor, const char *name)
{
    int64_t number = 0;

    (void)!text_to_number(info_field(doctor->info, name), &number);
    return number;
}

/* What Redis does now and then beside its work. */
static void tell_failed_work(struct doctor *doctor)
{
    if (text_equals(info_field(doctor->info, "aof_last_bgrewrite_status"), TEXT("err")))
        doctor_tell(doctor, FINDING_WARNING, "redis rewrite", TEXT("redis-cli BGREWRITEAOF; see the log of Redis"),
                    "the last rewrite of the append-only file failed: the file only grows");
    if (text_equals(info_field(doctor->info, "rdb_last_bgsave_status"), TEXT("err")))
        doctor_tell(doctor, FINDING_WARNING, "redis snapshot", TEXT("redis-cli BGSAVE; see the log of Redis"),
                    "the last snapshot failed: with `save` set, Redis then refuses writes");
}

void doctor_persistence(struct doctor *doctor)
{
    struct text write_status;

    if (can_not_tell(doctor, "redis appendonly"))
        return;
    write_status = info_field(doctor->info, "aof_last_write_status");
    if (info_number(doctor, "loading") != 0)
        doctor_tell(doctor, FINDING_WARNING, "redis appendonly", TEXT_NONE, "it is loading what it had: wait");
    else if (info_number(doctor, "aof_enabled") == 0)
        doctor_tell(doctor, FINDING_WRONG, "redis appendonly",
                    TEXT("redis-cli CONFIG SET appendonly yes; redis-cli CONFIG REWRITE"),
                    "appendonly is off: a restart loses orders");
    else if (text_is_there(write_status) && !text_equals(write_status, TEXT("ok")))
        doctor_tell(doctor, FINDING_WRONG, "redis appendonly", TEXT("df -h; see the log of Redis"),
                    "the last write of the append-only file failed: is the disk full?");
    else
        doctor_tell(doctor, FINDING_OK, "redis appendonly", TEXT_NONE, "on, and written");
    tell_failed_work(doctor);
}

/* ---- settings ---- */

/* Settings of Redis that have to be so, and what another value leads to. INFO does not tell these. */
static const struct wanted_setting {
    const char *name, *value, *why;
} wanted_settings[] = {
    {"appendfsync", "always", "a power cut loses what was acknowledged"},
    {"no-appendfsync-on-rewrite", "no", "during a rewrite a power cut loses what was acknowledged"},
};

static void check_setting(struct doctor *doctor, const struct wanted_setting *wanted)
{
    struct text value, refusal, mend;
    const struct store_value *reply;
    char name[64];

    snprintf(name, sizeof(name), "redis %s", wanted->name);
    reply = doctor_ask(doctor, name, (struct text[]){TEXT("CONFIG"), TEXT("GET"), text_of(wanted->name)}, 3, &refusal);
    if (doctor->redis_away)
        return;
    mend = text_format(doctor->arena, "redis-cli CONFIG SET %s %s; redis-cli CONFIG REWRITE", wanted->name, wanted->value);
    value = reply == NULL || store_count(reply) != 2 ? TEXT_NONE : store_text(store_element(reply, 1));
    if (reply == NULL)
        doctor_tell(doctor, FINDING_UNKNOWN, name, TEXT_NONE, "CONFIG GET is refused (%.*s): it has to be %s", TEXT_ARG(refusal),
                    wanted->value);
    else if (!text_is_there(value))
        doctor_tell(doctor, FINDING_UNKNOWN, name, TEXT_NONE, "Redis does not tell: it has to be %s", wanted->value);
    else if (!text_equals(value, text_of(wanted->value)))
        doctor_tell(doctor, FINDING_WRONG, name, mend, "it is %.*s, not %s: %s", TEXT_ARG(value), wanted->value, wanted->why);
    else
        doctor_tell(doctor, FINDING_OK, name, TEXT_NONE, "%s", wanted->value);
}

void doctor_fsync(struct doctor *doctor)
{
    for (size_t i = 0; i < COUNT_OF(wanted_settings) && !doctor->redis_away; i++)
        check_setting(doctor, &wanted_settings[i]);
}

/* ---- memory ---- */

void doctor_memory(struct doctor *doctor)
{
    struct text policy;
    int64_t used, limit, evicted;

    if (can_not_tell(doctor, "redis memory"))
        return;
    policy = info_field(doctor->info, "maxmemory_policy");
    used = info_number(doctor, "used_memory");
    limit = info_number(doctor, "maxmemory");
    evicted = info_number(doctor, "evicted_keys");
    if (text_equals(policy, TEXT("noeviction")))
        doctor_tell(doctor, FINDING_OK, "redis maxmemory-policy", TEXT_NONE, "noeviction");
    else
        doctor_tell(doctor, FINDING_WRONG, "redis maxmemory-policy",
                    TEXT("redis-cli CONFIG SET maxmemory-policy noeviction; redis-cli CONFIG REWRITE"),
                    "it is %.*s, not noeviction: Redis may throw orders away", TEXT_ARG(policy));
    if (evicted > 0)
        doctor_tell(doctor, FINDING_WRONG, "redis evictions", TEXT("orderly audit"),
                    "%" PRId64 " keys were thrown away since Redis started", evicted);
    if (limit == 0)
        doctor_tell(doctor, FINDING_WARNING, "redis memory",
                    TEXT("redis-cli CONFIG SET maxmemory <60 % of what it may take>; redis-cli CONFIG REWRITE"),
                    "%" PRId64
                    " MB used, no maxmemory: when its machine or container is full Redis is killed, not orders held back",
                    used / 1000000);
    else
        doctor_tell(doctor, memory_finding(used, limit), "redis memory",
                    memory_finding(used, limit) == FINDING_OK
                        ? TEXT_NONE
                        : TEXT("redis-cli CONFIG SET maxmemory <more>; redis-cli CONFIG REWRITE"),
                    "%" PRId64 " MB used of %" PRId64 " MB; when it is full Redis refuses writes and orders wait", used / 1000000,
                    limit / 1000000);
}

/* ---- clock ---- */

/* Asks for Redis' time; false: there is none, and the finding that says why was told. */
static bool ask_time(struct doctor *doctor, const char *check, int64_t *out_ms)
{
    struct text refusal;
    const struct store_value *reply = doctor_ask(doctor, check, (struct text[]){TEXT("TIME")}, 1, &refusal);

    if (doctor->redis_away)
        return false;
    if (reply == NULL || !cli_redis_time(reply, out_ms)) {
        doctor_tell(doctor, FINDING_UNKNOWN, check, TEXT_NONE, "TIME is refused (%.*s)", TEXT_ARG(refusal));
        return false;
    }
    return true;
}

void doctor_redis_clock(struct doctor *doctor)
{
    int64_t before_ms = clock_wall_ms(), after_ms, redis_ms, skew_ms;

    if (!ask_time(doctor, "clock of redis", &redis_ms))
        return;
    after_ms = clock_wall_ms();
    skew_ms = redis_ms < before_ms ? redis_ms - before_ms : redis_ms > after_ms ? redis_ms - after_ms : 0;
    doctor_tell(doctor, skew_finding(skew_ms), "clock of redis",
                skew_finding(skew_ms) == FINDING_OK ? TEXT_NONE : TEXT("chronyc tracking, on all machines"),
                "%" PRId64 " ms from this machine's, give or take %" PRId64, skew_ms, after_ms - before_ms);
}

/* What is too old, and what is swept, goes by these two; that this machine's clock is right does not matter. */
void doctor_clocks(struct doctor *doctor)
{
    int64_t redis_ms, ahead_ms;

    if (!ask_time(doctor, "kafka against redis", &redis_ms))
        return;
    ahead_ms = doctor->newest_ms - redis_ms;
    if (doctor->newest_ms == 0)
        doctor_tell(doctor, FINDING_UNKNOWN, "kafka against redis", TEXT_NONE, "no record to compare Redis' clock with");
    else if (ahead_finding(ahead_ms) != FINDING_OK)
        doctor_tell(doctor, ahead_finding(ahead_ms), "kafka against redis", TEXT("chronyc tracking, on all machines"),
                    "the newest record is %" PRId64 " ms ahead of Redis' clock: minutes apart nothing is swept", ahead_ms);
    else
        doctor_tell(doctor, FINDING_OK, "kafka against redis", TEXT_NONE,
                    "the newest record is %.*s old by Redis' clock; whether that is ahead, orderly_clock_difference_seconds "
                    "tells",
                    TEXT_ARG(age_text(doctor->arena, -ahead_ms)));
}
