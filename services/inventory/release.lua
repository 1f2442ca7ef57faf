-- Puts back what an order's reservation holds, each order once. Releasing what never was leaves a mark, so that a late
-- allocation is refused. Takes many (common/redis/each.lua).
-- KEYS  stock:<warehouse>, {stock:<warehouse>}:taken, {stock:<warehouse>}:reservation:<orderId>
-- ARGV  outcome
-- Returns the outcome, as a status reply when it was stored before; 'broken' and the productId when a number in the stock
-- makes no sense (not remembered, and nothing is put back).
local most = 9007199254740992
-- A whole number as HINCRBY takes it: no sign, no zeros before it.
local function number_of(text)
    return (text == '0' or string.match(text, '^[1-9]%d*$')) and tonumber(text)
end
-- How many units of each product stand in a reservation's items, also of one that stands there twice.
local function units_in(items)
    local back = {}
    for product, quantity in string.gmatch(items, '([^= ]+)=(%d+)') do
        back[product] = (back[product] or 0) + (number_of(quantity) or most + 1)
    end
    return back
end
-- Puts the units back, all or none; gives the product that can't be. A script that fails half way keeps what it has written,
-- and the next attempt would put it back again: look first.
local function put_back(stock, taken, back)
    for product, quantity in pairs(back) do
        local units = number_of(redis.call('HGET', stock, product) or '0')
        local held = number_of(redis.call('HGET', taken, product) or '0')
        if not units or not held or held > most or held < quantity or units > most - quantity then
            return product
        end
    end
    for product, quantity in pairs(back) do
        redis.call('HINCRBY', stock, product, string.format('%.0f', quantity))
        redis.call('HINCRBY', taken, product, string.format('%.0f', -quantity))
    end
end
return each(3, function(k, a)
    local stock, taken, reservation = KEYS[k + 1], KEYS[k + 2], KEYS[k + 3]
    local stored = redis.call('HGET', reservation, 'inventory.release')
    if stored then
        return {ok = stored}
    end
    local status = redis.call('HGET', reservation, 'status')
    local broken = status == 'allocated' and put_back(stock, taken, units_in(redis.call('HGET', reservation, 'items') or ''))
    if broken then
        return {'broken', broken}
    end
    if status ~= 'refused' then
        redis.call('HSET', reservation, 'status', 'released')
    end
    redis.call('HSET', reservation, 'inventory.release', ARGV[a + 1])
    return ARGV[a + 1]
end)
