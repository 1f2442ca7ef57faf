#include "charge.h"

#include "authorize.lua.h"
#include "capture.lua.h"
#include "keys.h"
#include "void.lua.h"

const struct store_script authorize_script = {.name = "authorize", .source = authorize_lua};
const struct store_script capture_script = {.name = "capture", .source = capture_lua};
const struct store_script void_script = {.name = "void", .source = void_lua};

size_t charge_queue_authorize(struct store *store, struct arena *arena, const struct charge *charge)
{
    struct text arguments[] = {key_payment(arena, charge->order_id),
                               charge->outcome_voided,
                               charge->outcome,
                               TEXT("status"),
                               charge->status,
                               TEXT("payment.authorize"),
                               charge->outcome,
                               TEXT("amount"),
                               text_of_number(arena, charge->amount),
                               TEXT("currency"),
                               charge->currency,
                               TEXT("authorizationId"),
                               charge->authorization_id};
    size_t count = COUNT_OF(arguments);

    return store_call(store, &authorize_script, 1, arguments, charge->authorization_id.length > 0 ? count : count - 2);
}

size_t charge_queue_capture(struct store *store, struct arena *arena, struct text order_id, struct text outcome,
                            struct text outcome_not_authorized)
{
    return store_call(store, &capture_script, 1, (struct text[]){key_payment(arena, order_id), outcome, outcome_not_authorized},
                      3);
}

size_t charge_queue_void(struct store *store, struct arena *arena, struct text order_id, struct text outcome,
                         struct text outcome_captured)
{
    return store_call(store, &void_script, 1, (struct text[]){key_payment(arena, order_id), outcome, outcome_captured}, 3);
}
