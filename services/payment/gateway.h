/* gateway.h - the outside world of the payment service.
 *
 * The simulated gateway is an effect of Redis alone, so its answer is worked out before the script that stores it: pure. */
#ifndef ORDERLY_GATEWAY_H
#define ORDERLY_GATEWAY_H

#include "message.h"

struct gateway {
    const char *name;
    /* Whether the payment method is good for an authorization. */
    bool (*authorizes)(const struct order *order);
};

/* Declines every paymentMethod that begins with tok_decline. */
extern const struct gateway simulated_gateway;
/* The id of the authorization that a command leads to: the same whenever the command comes. In the arena. */
struct text authorization_id(struct arena *arena, struct text command_id);

#endif
