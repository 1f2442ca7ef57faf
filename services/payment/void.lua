-- Voids an authorization, once. Voiding what never was leaves a mark, so that a late authorization is refused.
-- KEYS  payment:<orderId>
-- ARGV  outcome, outcome when it is captured already (not remembered)
-- Returns the outcome of the first success, as a status reply when it was stored before.
local stored = redis.call('HGET', KEYS[1], 'payment.void')
if stored then
    return {ok = stored}
end
local status = redis.call('HGET', KEYS[1], 'status')
if status == 'captured' then
    return ARGV[2]
end
if status ~= 'declined' then
    redis.call('HSET', KEYS[1], 'status', 'voided')
end
redis.call('HSET', KEYS[1], 'payment.void', ARGV[1])
return ARGV[1]
