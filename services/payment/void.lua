-- Voids authorizations, each once. Voiding what never was leaves a mark, so that a late authorization is refused. Takes many
-- (common/redis/each.lua).
-- KEYS  payment:<orderId>
-- ARGV  outcome, outcome when it is captured already (not remembered)
-- Returns the outcome of the first success, as a status reply when it was stored before.
return each(1, function(k, a)
    local key = KEYS[k + 1]
    local stored = redis.call('HGET', key, 'payment.void')
    if stored then
        return {ok = stored}
    end
    local status = redis.call('HGET', key, 'status')
    if status == 'captured' then
        return ARGV[a + 2]
    end
    if status ~= 'declined' then
        redis.call('HSET', key, 'status', 'voided')
    end
    redis.call('HSET', key, 'payment.void', ARGV[a + 1])
    return ARGV[a + 1]
end)
