-- Stores authorizations, or refusals, each once. Takes many (common/redis/each.lua).
-- KEYS  payment:<orderId>
-- ARGV  outcome when it was voided before it came, outcome; then name, value, ... of what else is stored
-- Returns the outcome of the first time, as a status reply when it was stored before.
return each(1, function(k, a, n)
    local key = KEYS[k + 1]
    if redis.call('EXISTS', key) == 1 then
        local stored = redis.call('HGET', key, 'payment.authorize')
        if stored then
            return {ok = stored}
        end
        if redis.call('HGET', key, 'status') then
            return ARGV[a + 1]
        end
    end
    redis.call('HSET', key, 'payment.authorize', unpack(ARGV, a + 2, a + n))
    return ARGV[a + 2]
end)
