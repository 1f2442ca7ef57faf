#include "shipment.h"

#include "cancel.lua.h"
#include "keys.h"
#include "ship.lua.h"

const struct store_script ship_script = {.name = "ship", .source = ship_lua, .takes_many = true};
const struct store_script cancel_script = {.name = "cancel", .source = cancel_lua, .takes_many = true};

size_t shipment_queue_ship(struct store *store, struct arena *arena, const struct shipment *shipment)
{
    struct text key = key_shipment(arena, shipment->order_id);
    struct text arguments[] = {shipment->outcome_cancelled, shipment->outcome,        TEXT("status"), shipment->status,
                               TEXT("trackingNumber"),      shipment->tracking_number};
    size_t count = COUNT_OF(arguments);

    return store_call_item(store, &ship_script, &key, 1, arguments, shipment->tracking_number.length > 0 ? count : count - 2);
}

size_t shipment_queue_cancel(struct store *store, struct arena *arena, struct text order_id, struct text outcome)
{
    struct text key = key_shipment(arena, order_id);

    return store_call_item(store, &cancel_script, &key, 1, &outcome, 1);
}
