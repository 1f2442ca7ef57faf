#include "shipment.h"

#include "cancel.lua.h"
#include "ship.lua.h"

const struct store_script ship_script = {"ship", ship_lua};
const struct store_script cancel_script = {"cancel", cancel_lua};

struct text shipment_key(struct arena *arena, struct text order_id)
{
    struct buffer buffer = buffer_in(arena, order_id.length + 12);

    buffer_add(&buffer, TEXT("shipment:"));
    buffer_add(&buffer, order_id);
    return buffer_text(&buffer);
}

size_t shipment_queue_ship(struct store *store, struct arena *arena, const struct shipment *shipment)
{
    return store_call(store, &ship_script, 1,
                      (struct text[]){shipment_key(arena, shipment->order_id), shipment->status, shipment->outcome,
                                      text_is_there(shipment->tracking_number) ? shipment->tracking_number : TEXT(""),
                                      shipment->outcome_cancelled},
                      5);
}

size_t shipment_queue_cancel(struct store *store, struct arena *arena, struct text order_id, struct text outcome)
{
    return store_call(store, &cancel_script, 1, (struct text[]){shipment_key(arena, order_id), outcome}, 2);
}
