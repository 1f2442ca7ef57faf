-- Supplies products that the warehouse has never heard of; what is there already is left alone.
-- KEYS  stock:<warehouse>, {stock:<warehouse>}:supplied
-- ARGV  productId, units, ...
-- Returns how many products were supplied.
local supplied = 0
for i = 1, #ARGV, 2 do
    if redis.call('HEXISTS', KEYS[1], ARGV[i]) == 0 then
        redis.call('HINCRBY', KEYS[2], ARGV[i], ARGV[i + 1]) -- first: it may find something that is no number
        redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1])
        supplied = supplied + 1
    end
end
return supplied
