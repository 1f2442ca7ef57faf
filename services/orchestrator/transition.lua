-- One or more transitions of a saga, as a compare-and-set on its version.
-- KEYS  saga:<orderId>, {saga:<orderId>}:history
-- ARGV  expected version, seconds to live (0: for ever), number of set fields, of removed fields, of history lines;
--       then name, value, ...; names; lines
-- Returns 1, or 0 when the version is another: nothing is written then.
local version = redis.call('HGET', KEYS[1], 'version') or '0'
if version ~= ARGV[1] then
    return 0
end
local seconds, set, removed, lines = ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
local first = 6
local first_line = first + 2 * set + removed
-- The history first: if it is no list nothing has been written yet. In parts: unpack() gives 8000 values at most.
for i = first_line, first_line + lines - 1, 1000 do
    redis.call('RPUSH', KEYS[2], unpack(ARGV, i, math.min(i + 999, first_line + lines - 1)))
end
redis.call('HSET', KEYS[1], unpack(ARGV, first, first + 2 * set - 1))
if removed > 0 then
    redis.call('HDEL', KEYS[1], unpack(ARGV, first + 2 * set, first_line - 1))
end
if seconds ~= '0' then
    redis.call('EXPIRE', KEYS[1], seconds)
    redis.call('EXPIRE', KEYS[2], seconds)
end
return 1
