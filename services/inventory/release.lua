-- Puts back what an order's reservation holds, once. Releasing what never was leaves a mark, so that a late allocation is
-- refused.
-- KEYS  stock:<warehouse>, {stock:<warehouse>}:taken, {stock:<warehouse>}:reservation:<orderId>
-- ARGV  outcome
-- Returns the outcome, as a status reply when it was stored before; 'broken' and the productId when a number in the stock
-- makes no sense (not remembered, and nothing is put back).
local stock, taken, reservation = KEYS[1], KEYS[2], KEYS[3]
local stored = redis.call('HGET', reservation, 'inventory.release')
if stored then
    return {ok = stored}
end
-- A whole number as HINCRBY takes it: no sign, no zeros before it.
local function number_of(text)
    return (text == '0' or string.match(text, '^[1-9]%d*$')) and tonumber(text)
end
local status = redis.call('HGET', reservation, 'status')
if status == 'allocated' then
    local most = 9007199254740992
    local back = {} -- of each product, also of one that stands in the items twice
    for product, quantity in string.gmatch(redis.call('HGET', reservation, 'items') or '', '([^= ]+)=(%d+)') do
        back[product] = (back[product] or 0) + (number_of(quantity) or most + 1)
    end
    -- A script that fails half way keeps what it has written, and the next attempt would put it back again: look first.
    for product, quantity in pairs(back) do
        local units = number_of(redis.call('HGET', stock, product) or '0')
        local held = number_of(redis.call('HGET', taken, product) or '0')
        if not units or not held or held > most or held < quantity or units > most - quantity then
            return {'broken', product}
        end
    end
    for product, quantity in pairs(back) do
        redis.call('HINCRBY', stock, product, string.format('%.0f', quantity))
        redis.call('HINCRBY', taken, product, string.format('%.0f', -quantity))
    end
end
if status ~= 'refused' then
    redis.call('HSET', reservation, 'status', 'released')
end
redis.call('HSET', reservation, 'inventory.release', ARGV[1])
return ARGV[1]
