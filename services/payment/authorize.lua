-- Stores an authorization, or a refusal, once.
-- KEYS  payment:<orderId>
-- ARGV  outcome when it was voided before it came, outcome; then name, value, ... of what is stored
-- Returns the outcome of the first time, as a status reply when it was stored before.
local before = redis.call('HMGET', KEYS[1], 'payment.authorize', 'status')
if before[1] then
    return {ok = before[1]}
end
if before[2] then
    return ARGV[1]
end
redis.call('HSET', KEYS[1], unpack(ARGV, 3))
return ARGV[2]
