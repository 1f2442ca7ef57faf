/* intake.h - sorts the records of a batch by what they are: orders to admit, records for sagas, and strays.
 *
 * Owner   everything lives in the batch's arena */
#ifndef ORDERLY_INTAKE_H
#define ORDERLY_INTAKE_H

#include "batch.h"

/* A record of saga.inbox that is for no saga of this batch: it is buried, or put into the partition where its saga is folded. */
struct stray {
    const struct record *record;
    const char *problem;                /* why it is buried; NULL: it goes to another partition */
    const struct inbox_record *message; /* of one that goes to another partition */
    int32_t partition;                  /* likewise */
};

/* What is not for sagas. */
struct intake {
    const struct record **orders;
    size_t order_count;
    struct stray *strays;
    size_t stray_count;
};

/* Sorts run->records. What is for a saga is added to the batch; the rest is given back. */
struct intake intake_sort(struct run *run, struct batch *batch);

#endif
