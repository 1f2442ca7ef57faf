-- Supplies products that the warehouse has never heard of; what is there already is left alone.
-- KEYS  stock:<warehouse>, {stock:<warehouse>}:supplied
-- ARGV  productId, units, ...
-- Returns how many products were supplied; an error when a number of what was supplied before makes no sense: nothing is
-- changed then.
local most = 9007199254740992
local supplied = 0
for i = 1, #ARGV, 2 do
    local text = redis.call('HGET', KEYS[2], ARGV[i]) or '0'
    local before = (text == '0' or string.match(text, '^[1-9]%d*$')) and tonumber(text)
    if not before or before > most - tonumber(ARGV[i + 1]) then
        return redis.error_reply('WRONGTYPE what was supplied of ' .. ARGV[i] .. ' is no number that can be added to')
    end
end
for i = 1, #ARGV, 2 do
    if redis.call('HEXISTS', KEYS[1], ARGV[i]) == 0 then
        redis.call('HINCRBY', KEYS[2], ARGV[i], ARGV[i + 1])
        redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1])
        supplied = supplied + 1
    end
end
return supplied
