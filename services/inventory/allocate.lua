-- Takes every line of an order from the stock, or none, once.
-- KEYS  stock:<warehouse>, {stock:<warehouse>}:taken, {stock:<warehouse>}:reservation:<orderId>
-- ARGV  items as text, outcome when allocated, outcome when it was released before it came,
--       outcome when short, in two parts around the productId; then productId, quantity, ...
-- Returns the outcome of the first time, as a status reply when it was stored before; 'broken' and the productId when a number
-- in the stock makes no sense (not remembered).
local stock, taken, reservation = KEYS[1], KEYS[2], KEYS[3]
local before = redis.call('HMGET', reservation, 'inventory.allocate', 'status')
if before[1] then
    return {ok = before[1]}
end
if before[2] then
    return ARGV[3]
end
local most = 9007199254740992
-- A whole number as HINCRBY takes it: no sign, no zeros before it.
local function number_of(text)
    return (text == '0' or string.match(text, '^[1-9]%d*$')) and tonumber(text)
end
for i = 6, #ARGV, 2 do
    local units = number_of(redis.call('HGET', stock, ARGV[i]) or '0')
    local held = number_of(redis.call('HGET', taken, ARGV[i]) or '0')
    if not units or units > most or not held or held > most - units then
        return {'broken', ARGV[i]}
    end
    if units < tonumber(ARGV[i + 1]) then
        local outcome = ARGV[4] .. ARGV[i] .. ARGV[5]
        redis.call('HSET', reservation, 'status', 'refused', 'items', ARGV[1], 'inventory.allocate', outcome)
        return outcome
    end
end
for i = 6, #ARGV, 2 do
    redis.call('HINCRBY', stock, ARGV[i], '-' .. ARGV[i + 1])
    redis.call('HINCRBY', taken, ARGV[i], ARGV[i + 1])
end
redis.call('HSET', reservation, 'status', 'allocated', 'items', ARGV[1], 'inventory.allocate', ARGV[2])
return ARGV[2]
