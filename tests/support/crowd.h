/* crowd.h - many orders that end in every way, for tests that kill and count. */
#ifndef ORDERLY_TEST_CROWD_H
#define ORDERLY_TEST_CROWD_H

#include "system.h"

/* Orders of a test, named <prefix>-<run>-<number>, so that no other test and no earlier run has the same. */
struct crowd {
    size_t count;
    const char **ids, **values; /* ids[i] is the order of values[i]; JSON */
    char prefix[128];           /* what all their ids begin with, and no others */
};

/* Makes count orders: by number, one in ten is declined, one in ten invalid, one in ten refused by the carrier, one in ten
 * asks for more than there is, the others complete. The caller owns it. */
struct crowd *crowd_create(const char *prefix, size_t count);
void crowd_destroy(struct crowd *crowd);
/* For CLEANUP(crowd_destroy). */
DEFINE_CLEANUP(struct crowd, crowd_destroy);
/* How the order of this number has to end, and with which reason. Static. */
const char *crowd_expected_status(size_t number);
const char *crowd_expected_reason(size_t number);
/* Waits for all of them, and asserts that each ended as it had to and that the books balance. */
void crowd_check(struct store *store, const struct crowd *crowd);

#endif
