-- One or more transitions of a saga, as a compare-and-set on its version.
-- KEYS  saga:<orderId>, {saga:<orderId>}:history
-- ARGV  expected version, seconds to live (0: for ever), number of history lines, of removed fields;
--       then the lines; the removed names; name, value, ... of what is set, 1000 at most
-- Returns 1, or 0 when the version is another: nothing is written then.
if (redis.call('HGET', KEYS[1], 'version') or '0') ~= ARGV[1] then
    return 0
end
local last_line = 4 + ARGV[3]
local last_removed = last_line + ARGV[4]
-- The history first: if it is no list nothing has been written yet. In parts: unpack() gives 8000 values at most.
for first = 5, last_line, 1000 do
    redis.call('RPUSH', KEYS[2], unpack(ARGV, first, math.min(first + 999, last_line)))
end
redis.call('HSET', KEYS[1], unpack(ARGV, last_removed + 1))
if last_removed > last_line then
    redis.call('HDEL', KEYS[1], unpack(ARGV, last_line + 1, last_removed))
end
if ARGV[2] ~= '0' then
    redis.call('EXPIRE', KEYS[1], ARGV[2])
    redis.call('EXPIRE', KEYS[2], ARGV[2])
end
return 1
