-- Books a shipment, or stores its refusal, once.
-- KEYS  shipment:<orderId>
-- ARGV  status, outcome, trackingNumber ('' for a refusal), outcome when it was cancelled before it came
-- Returns the outcome of the first time, as a status reply when it was stored before.
local stored = redis.call('HGET', KEYS[1], 'fulfillment.ship')
if stored then
    return {ok = stored}
end
if redis.call('HEXISTS', KEYS[1], 'status') == 1 then
    return ARGV[4]
end
redis.call('HSET', KEYS[1], 'status', ARGV[1], 'fulfillment.ship', ARGV[2])
if ARGV[3] ~= '' then
    redis.call('HSET', KEYS[1], 'trackingNumber', ARGV[3])
end
return ARGV[2]
