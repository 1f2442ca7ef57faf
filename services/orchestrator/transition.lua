-- One or more transitions of a saga, as a compare-and-set on its version and what it heard last.
-- KEYS  saga:<orderId>, {saga:<orderId>}:history
-- ARGV  expected version and lastInput, as the text that was read ('': not there), seconds to live (0: for ever), number of
--       history lines, of removed fields; then the lines; the removed names; name, value, ... of what is set, 1000 at most
-- Returns 1, or 0 when one of the two is another: nothing is written then.
local found = redis.call('HMGET', KEYS[1], 'version', 'lastInput')
if (found[1] or '') ~= ARGV[1] or (found[2] or '') ~= ARGV[2] then
    return 0
end
local last_line = 5 + ARGV[4]
local last_removed = last_line + ARGV[5]
-- The history first: if it is no list nothing has been written yet. In parts: unpack() gives 8000 values at most.
local length = 0
for first = 6, last_line, 1000 do
    length = redis.call('RPUSH', KEYS[2], unpack(ARGV, first, math.min(first + 999, last_line)))
end
-- An order that is retried for ever keeps the end: more than the events of all records that can come again after a crash
-- (BUS_ROUNDS_MAX + 1 batches of 500 records, two events each), because those are sent again from here.
if length > 20000 then
    redis.call('LTRIM', KEYS[2], -20000, -1)
end
redis.call('HSET', KEYS[1], unpack(ARGV, last_removed + 1))
if last_removed > last_line then
    redis.call('HDEL', KEYS[1], unpack(ARGV, last_line + 1, last_removed))
end
if ARGV[3] ~= '0' then
    redis.call('EXPIRE', KEYS[1], ARGV[3])
    redis.call('EXPIRE', KEYS[2], ARGV[3])
end
return 1
