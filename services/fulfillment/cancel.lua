-- Cancels a shipment that has not left, once. Cancelling what never was leaves a mark, so that a late booking is refused.
-- KEYS  shipment:<orderId>
-- ARGV  outcome
-- Returns the outcome, as a status reply when it was stored before; 'shipped' and the outcome of the booking when it has left
-- (not remembered).
local stored = redis.call('HGET', KEYS[1], 'fulfillment.cancel')
if stored then
    return {ok = stored}
end
local status = redis.call('HGET', KEYS[1], 'status')
if status == 'shipped' then
    return {'shipped', redis.call('HGET', KEYS[1], 'fulfillment.ship') or ''}
end
if status ~= 'refused' then
    redis.call('HSET', KEYS[1], 'status', 'cancelled')
end
redis.call('HSET', KEYS[1], 'fulfillment.cancel', ARGV[1])
return ARGV[1]
