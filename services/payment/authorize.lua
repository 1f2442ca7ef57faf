-- Stores an authorization, or a refusal, once.
-- KEYS  payment:<orderId>
-- ARGV  status, outcome, amount, currency, authorizationId ('' for a refusal), outcome when it was voided before it came
-- Returns the outcome of the first time, as a status reply when it was stored before.
local stored = redis.call('HGET', KEYS[1], 'payment.authorize')
if stored then
    return {ok = stored}
end
if redis.call('HEXISTS', KEYS[1], 'status') == 1 then
    return ARGV[6]
end
redis.call('HSET', KEYS[1], 'status', ARGV[1], 'payment.authorize', ARGV[2], 'amount', ARGV[3], 'currency', ARGV[4])
if ARGV[5] ~= '' then
    redis.call('HSET', KEYS[1], 'authorizationId', ARGV[5])
end
return ARGV[2]
