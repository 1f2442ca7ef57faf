-- Takes every line of an order from the stock, or none, each order once. Takes many (common/redis/each.lua).
-- KEYS  stock:<warehouse>, {stock:<warehouse>}:taken, {stock:<warehouse>}:reservation:<orderId>
-- ARGV  items as text, outcome when allocated, outcome when it was released before it came,
--       outcome when short, in two parts around the productId; then productId, quantity, ..., each product once
-- Returns the outcome of the first time, as a status reply when it was stored before; 'broken' and the productId when a number
-- in the stock makes no sense (not remembered).
local most = 9007199254740992
-- A whole number as HINCRBY takes it: no sign, no zeros before it.
local function number_of(text)
    return (text == '0' or string.find(text, '^[1-9]%d*$')) and tonumber(text)
end
return each(3, function(k, a, n)
    local stock, taken, reservation = KEYS[k + 1], KEYS[k + 2], KEYS[k + 3]
    if redis.call('EXISTS', reservation) == 1 then
        local stored = redis.call('HGET', reservation, 'inventory.allocate')
        if stored then
            return {ok = stored}
        end
        if redis.call('HGET', reservation, 'status') then
            return ARGV[a + 3]
        end
    end
    for i = a + 6, a + n, 2 do
        local units = number_of(redis.call('HGET', stock, ARGV[i]) or '0')
        local held = number_of(redis.call('HGET', taken, ARGV[i]) or '0')
        if not units or units > most or not held or held > most - units then
            return {'broken', ARGV[i]}
        end
        if units < tonumber(ARGV[i + 1]) then
            local outcome = ARGV[a + 4] .. ARGV[i] .. ARGV[a + 5]
            redis.call('HSET', reservation, 'status', 'refused', 'items', ARGV[a + 1], 'inventory.allocate', outcome)
            return outcome
        end
    end
    for i = a + 6, a + n, 2 do
        redis.call('HINCRBY', stock, ARGV[i], '-' .. ARGV[i + 1])
        redis.call('HINCRBY', taken, ARGV[i], ARGV[i + 1])
    end
    redis.call('HSET', reservation, 'status', 'allocated', 'items', ARGV[a + 1], 'inventory.allocate', ARGV[a + 2])
    return ARGV[a + 2]
end)
