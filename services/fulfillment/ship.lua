-- Books shipments, or stores their refusals, each once. Takes many (common/redis/each.lua).
-- KEYS  shipment:<orderId>
-- ARGV  outcome when it was cancelled before it came, outcome; then name, value, ... of what else is stored
-- Returns the outcome of the first time, as a status reply when it was stored before.
return each(1, function(k, a, n)
    local key = KEYS[k + 1]
    if redis.call('EXISTS', key) == 1 then
        local stored = redis.call('HGET', key, 'fulfillment.ship')
        if stored then
            return {ok = stored}
        end
        if redis.call('HGET', key, 'status') then
            return ARGV[a + 1]
        end
    end
    redis.call('HSET', key, 'fulfillment.ship', unpack(ARGV, a + 2, a + n))
    return ARGV[a + 2]
end)
