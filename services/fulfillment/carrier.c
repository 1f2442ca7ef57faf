#include "carrier.h"

#include <inttypes.h>

static bool simulated_delivers(const struct order *order) { return !text_equals(order->country, TEXT("AQ")); }

const struct carrier simulated_carrier = {"simulated", simulated_delivers};

struct text tracking_number(struct arena *arena, struct text command_id)
{
    return text_format(arena, "TRK%016" PRIX64, text_hash(command_id));
}
