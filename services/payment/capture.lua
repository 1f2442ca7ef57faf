-- Captures what is authorized, once.
-- KEYS  payment:<orderId>
-- ARGV  outcome, outcome when nothing is authorized (not remembered: an operator may mend it)
-- Returns the outcome of the first success, as a status reply when it was stored before.
local before = redis.call('HMGET', KEYS[1], 'payment.capture', 'status')
if before[1] then
    return {ok = before[1]}
end
if before[2] ~= 'authorized' then
    return ARGV[2]
end
redis.call('HSET', KEYS[1], 'status', 'captured', 'payment.capture', ARGV[1])
return ARGV[1]
