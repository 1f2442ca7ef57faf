/* dlq_drive.h - sends dead letters back in batches: each is looked up, sent, confirmed, and only then marked.
 *
 * A crash before the mark means that the batch goes a second time, which does no harm: orders and commands are idempotent. */
#ifndef ORDERLY_DLQ_DRIVE_H
#define ORDERLY_DLQ_DRIVE_H

#include "dlq_verdict.h"

#define REDRIVE_PLACES_MAX 1000

/* What the user chose. */
struct redrive {
    struct place places[REDRIVE_PLACES_MAX];
    size_t place_count;
    const char *topic, *reason; /* NULL: any */
    bool all, dry_run, force, json;
};

struct parcel;

/* A redrive under way. Begin with redrive, rules, bus, store and arena, the rest 0. */
struct driving {
    const struct redrive *redrive;
    struct redrive_rules rules;
    struct bus *bus; /* NULL: dry run */
    struct store *store;
    struct arena *arena; /* of the batch */
    struct parcel *parcels[DLQ_BATCH];
    size_t count, bytes;
    int64_t sent, refused, skipped, failed; /* skipped: redriven already, and nobody asked for it */
};

/* Takes one dead letter, when it has the reason that was chosen; drives the batch when it is full. A dlq_see for dlq_scan():
 * context is the driving. */
enum cli_exit drive_see(const struct record *record, void *context);
/* Sends what was taken and not sent yet, and tells what became of each. CLI_DONE, or the exit code of a problem that was
 * printed; the batch is empty then too. */
MUST_CHECK enum cli_exit drive_batch(struct driving *driving);
/* Prints the sums. */
void drive_print_totals(const struct driving *driving);

#endif
