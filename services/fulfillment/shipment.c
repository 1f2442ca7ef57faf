#include "shipment.h"

#include "cancel.lua.h"
#include "keys.h"
#include "ship.lua.h"

const struct store_script ship_script = {.name = "ship", .source = ship_lua};
const struct store_script cancel_script = {.name = "cancel", .source = cancel_lua};

size_t shipment_queue_ship(struct store *store, struct arena *arena, const struct shipment *shipment)
{
    struct text arguments[] = {key_shipment(arena, shipment->order_id),
                               shipment->outcome_cancelled,
                               shipment->outcome,
                               TEXT("status"),
                               shipment->status,
                               TEXT("fulfillment.ship"),
                               shipment->outcome,
                               TEXT("trackingNumber"),
                               shipment->tracking_number};
    size_t count = COUNT_OF(arguments);

    return store_call(store, &ship_script, 1, arguments, shipment->tracking_number.length > 0 ? count : count - 2);
}

size_t shipment_queue_cancel(struct store *store, struct arena *arena, struct text order_id, struct text outcome)
{
    return store_call(store, &cancel_script, 1, (struct text[]){key_shipment(arena, order_id), outcome}, 2);
}
