-- Supplies more units of a product, once for each operation.
-- KEYS  stock:<warehouse>, {stock:<warehouse>}:supplied, {stock:<warehouse>}:taken, {stock:<warehouse>}:operation:<id>
-- ARGV  productId, units, seconds that the operation is remembered
-- Returns 'added', or 'repeated' when this operation was done before, and the units left and supplied then; or one of
--   {'other', what the operation was}: the id was used for something else; {'broken'}: a number in the stock makes no sense;
--   {'too_many'}: more than a script can compute with. Nothing is changed by these.
local stock, supplied, taken, operation = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local most = 9007199254740992
local what = ARGV[1] .. '=' .. ARGV[2]
local before = redis.call('HMGET', operation, 'what', 'left', 'supplied')
if before[1] then
    if before[1] ~= what then
        return {'other', before[1]}
    end
    return {'repeated', before[2], before[3]}
end
-- A whole number as HINCRBY takes it: no sign, no zeros before it.
local function units_of(key)
    local text = redis.call('HGET', key, ARGV[1]) or '0'
    local units = (text == '0' or string.match(text, '^[1-9]%d*$')) and tonumber(text)
    return units and units <= most and units
end
local left, all, out = units_of(stock), units_of(supplied), units_of(taken)
if not left or not all or not out then
    return {'broken'}
end
if all > most - tonumber(ARGV[2]) or left > most - tonumber(ARGV[2]) then
    return {'too_many'}
end
redis.call('HINCRBY', stock, ARGV[1], ARGV[2])
redis.call('HINCRBY', supplied, ARGV[1], ARGV[2])
left, all = redis.call('HGET', stock, ARGV[1]), redis.call('HGET', supplied, ARGV[1])
redis.call('HSET', operation, 'what', what, 'left', left, 'supplied', all)
redis.call('EXPIRE', operation, ARGV[3])
return {'added', left, all}
