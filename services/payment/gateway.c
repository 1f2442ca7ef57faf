#include "gateway.h"

#include <inttypes.h>

static bool simulated_authorizes(const struct order *order) { return !text_begins(order->payment_method, TEXT("tok_decline")); }

const struct gateway simulated_gateway = {"simulated", simulated_authorizes};

struct text authorization_id(struct arena *arena, struct text command_id)
{
    return text_format(arena, "auth_%016" PRIx64, text_hash(command_id));
}
