/* doctor.h - what the checks of `orderly doctor` share: connections, what is away, and how a finding is told. */
#ifndef ORDERLY_DOCTOR_H
#define ORDERLY_DOCTOR_H

#include "bus_describe.h"
#include "cli.h"
#include "doctor_rules.h"

struct doctor {
    struct arena *arena;
    const struct cli_settings *settings;
    struct bus *bus;
    struct store *store;
    bool json, kafka_away, redis_away;
    struct text info;           /* Redis' INFO; TEXT_NONE: it may not be asked */
    int64_t newest_ms;          /* of the newest record of Kafka, as the check of its clock found it; 0: none */
    size_t counts[FINDING_COUNT];
};

/* Tells one finding: one line, or one JSON object. mend: the command or setting that makes it good, TEXT_NONE for none. */
void doctor_tell(struct doctor *doctor, enum finding finding, const char *check, struct text mend, const char *format, ...)
    PRINTF_LIKE(5, 6);
/* Kafka does not answer any more: tells so, and what is left to ask of it is passed over. */
void doctor_lost_kafka(struct doctor *doctor, const char *check, const char *problem);
/* One command to Redis. NULL: it was refused (out_refusal, in the arena, says why), or Redis does not answer any more (told; refusal TEXT_NONE). */
const struct store_value *doctor_ask(struct doctor *doctor, const char *check, const struct text words[], size_t count,
                                     struct text *out_refusal);

/* The checks. Each tells at least one finding. */
void doctor_versions(struct doctor *doctor);
void doctor_brokers(struct doctor *doctor);
void doctor_topics(struct doctor *doctor);
void doctor_groups(struct doctor *doctor);
void doctor_kafka_clock(struct doctor *doctor);
void doctor_dead_letters(struct doctor *doctor);
void doctor_redis(struct doctor *doctor);
void doctor_persistence(struct doctor *doctor);
void doctor_fsync(struct doctor *doctor);
void doctor_memory(struct doctor *doctor);
void doctor_redis_clock(struct doctor *doctor);
void doctor_clocks(struct doctor *doctor);
void doctor_catalog(struct doctor *doctor);
void doctor_sagas(struct doctor *doctor);

#endif
