-- Puts back what an order's reservation holds, once. Releasing what never was leaves a mark, so that a late allocation is refused.
-- KEYS  stock:<warehouse>, {stock:<warehouse>}:taken, {stock:<warehouse>}:reservation:<orderId>
-- ARGV  outcome
-- Returns the outcome, as a status reply when it was stored before.
local stock, taken, reservation = KEYS[1], KEYS[2], KEYS[3]
local stored = redis.call('HGET', reservation, 'inventory.release')
if stored then
    return {ok = stored}
end
local status = redis.call('HGET', reservation, 'status')
if status == 'allocated' then
    for product, quantity in string.gmatch(redis.call('HGET', reservation, 'items'), '([^= ]+)=(%d+)') do
        redis.call('HINCRBY', stock, product, quantity)
        redis.call('HINCRBY', taken, product, '-' .. quantity)
    end
end
if status ~= 'refused' then
    redis.call('HSET', reservation, 'status', 'released')
end
redis.call('HSET', reservation, 'inventory.release', ARGV[1])
return ARGV[1]
