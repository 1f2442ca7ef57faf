-- Captures what is authorized, each once. Takes many (common/redis/each.lua).
-- KEYS  payment:<orderId>
-- ARGV  outcome, outcome when nothing is authorized (not remembered: an operator may mend it)
-- Returns the outcome of the first success, as a status reply when it was stored before.
return each(1, function(k, a)
    local key = KEYS[k + 1]
    local stored = redis.call('HGET', key, 'payment.capture')
    if stored then
        return {ok = stored}
    end
    if redis.call('HGET', key, 'status') ~= 'authorized' then
        return ARGV[a + 2]
    end
    redis.call('HSET', key, 'status', 'captured', 'payment.capture', ARGV[a + 1])
    return ARGV[a + 1]
end)
