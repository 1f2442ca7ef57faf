/* doctor.h - what the checks of `orderly doctor` share: connections, what is away, and how a finding is told. */
#ifndef ORDERLY_DOCTOR_H
#define ORDERLY_DOCTOR_H

#include "bus_describe.h"
#include "bus_reader.h"
#include "cli_clock.h"
#include "cli_connect.h"
#include "doctor_rules.h"
#include "store_scan.h"

extern const struct argp doctor_argp;
/* orderly doctor */
enum cli_exit doctor_run(int argument_count, char **arguments);

struct doctor {
    struct arena *arena;
    const struct cli_settings *settings;
    struct bus *bus;
    struct store *store;
    bool json, kafka_away, redis_away;
    struct text info;  /* Redis' INFO; TEXT_NONE: it may not be asked */
    int64_t newest_ms; /* of the newest record of Kafka, as the check of its clock found it; 0: none */
    size_t counts[FINDING_COUNT];
};

/* Tells one finding: one line, or one JSON object. mend: the command or setting that makes it good, TEXT_NONE for none. */
void doctor_tell(struct doctor *doctor, enum finding finding, const char *check, struct text mend, const char *format, ...)
    PRINTF_LIKE(5, 6);
/* Tells that Kafka does not answer any more; all checks that would ask Kafka are passed over from then on. */
void doctor_lost_kafka(struct doctor *doctor, const char *check, const char *problem);
/* The same for a reader of Kafka; NULL: it could not be opened. */
void doctor_lost_reader(struct doctor *doctor, const char *check, const struct bus_reader *reader);
/* Whether Kafka has answered, though a topic may be missing: the check of topics tells that. */
static inline bool doctor_was_answered(enum status status) { return status == STATUS_OK || status == STATUS_NOT_FOUND; }
/* One command to Redis. NULL: it was refused (out_refusal, in the arena, says why), or Redis does not answer any more (told;
 * refusal TEXT_NONE). */
const struct store_value *doctor_ask(struct doctor *doctor, const char *check, const struct text words[], size_t count,
                                     struct text *out_refusal);
/* The next page of a walk, in the arena. False: there is none; out_refusal as above. */
MUST_CHECK bool doctor_scan(struct doctor *doctor, const char *check, struct arena *arena, struct store_scan *scan,
                            struct text *out_refusal);

/* The checks. Each tells at least one finding. */

/* What this program is built of. */
void doctor_versions(struct doctor *doctor);
/* Whether Kafka answers, and how many brokers there are. */
void doctor_brokers(struct doctor *doctor);
/* Topics beside their plan. */
void doctor_topics(struct doctor *doctor);
/* What each service has still to do, and who does it. */
void doctor_groups(struct doctor *doctor);
/* Whether a transaction that hangs keeps records from the services. */
void doctor_transactions(struct doctor *doctor);
/* The time that brokers stamp. */
void doctor_kafka_clock(struct doctor *doctor);
/* What could not be handled lately. */
void doctor_dead_letters(struct doctor *doctor);
/* Whether Redis answers, and what it is. */
void doctor_redis(struct doctor *doctor);
/* Whether Redis writes down what it is told. */
void doctor_persistence(struct doctor *doctor);
/* Whether that survives a power cut. */
void doctor_fsync(struct doctor *doctor);
/* Whether Redis has room, and throws nothing away. */
void doctor_memory(struct doctor *doctor);
/* The time by which sagas are timed. */
void doctor_redis_clock(struct doctor *doctor);
/* How the brokers' clock stands to Redis', as far as the newest record tells. */
void doctor_clocks(struct doctor *doctor);
/* What is sold, and whether there was ever stock of it. */
void doctor_catalog(struct doctor *doctor);
/* Orders that wait for a person. */
void doctor_sagas(struct doctor *doctor);

#endif
