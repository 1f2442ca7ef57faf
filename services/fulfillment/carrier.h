/* carrier.h - the outside world of the fulfillment service.
 *
 * The simulated carrier is an effect of Redis alone, so its answer is worked out before the script that stores it: pure. */
#ifndef ORDERLY_CARRIER_H
#define ORDERLY_CARRIER_H

#include "message.h"

struct carrier {
    const char *name;
    /* Whether the carrier goes where the order is to be shipped. */
    bool (*delivers)(const struct order *order);
};

/* Refuses everything that is to go to AQ. */
extern const struct carrier simulated_carrier;
/* The tracking number of the shipment that a command leads to: the same whenever the command comes. In the arena. */
struct text tracking_number(struct arena *arena, struct text command_id);

#endif
