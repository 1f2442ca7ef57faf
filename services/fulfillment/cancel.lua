-- Cancels shipments that have not left, each once. Cancelling what never was leaves a mark, so that a late booking is refused.
-- Takes many (common/redis/each.lua).
-- KEYS  shipment:<orderId>
-- ARGV  outcome
-- Returns the outcome, as a status reply when it was stored before; 'shipped' and the outcome of the booking when it has left
-- (not remembered).
return each(1, function(k, a)
    local key = KEYS[k + 1]
    local stored = redis.call('HGET', key, 'fulfillment.cancel')
    if stored then
        return {ok = stored}
    end
    local status = redis.call('HGET', key, 'status')
    if status == 'shipped' then
        return {'shipped', redis.call('HGET', key, 'fulfillment.ship') or ''}
    end
    if status ~= 'refused' then
        redis.call('HSET', key, 'status', 'cancelled')
    end
    redis.call('HSET', key, 'fulfillment.cancel', ARGV[a + 1])
    return ARGV[a + 1]
end)
