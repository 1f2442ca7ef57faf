-- Takes what is due in a shard of timers, on Redis' own clock, and moves it a lease ahead: should whoever took it end before
-- its nudge is sent, it is due again then.
-- KEYS  sagas:timers:<shard>
-- ARGV  how many at most, lease in milliseconds
-- Returns the time in milliseconds, as text, and the orderIds.
local clock = redis.call('TIME')
local now = tonumber(clock[1]) * 1000 + math.floor(tonumber(clock[2]) / 1000)
local answer = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', string.format('%.0f', now), 'LIMIT', 0, ARGV[1])
local lease = string.format('%.0f', now + tonumber(ARGV[2]))
local moved = {}
for i, id in ipairs(answer) do
    moved[2 * i - 1] = lease
    moved[2 * i] = id
end
if #moved > 0 then
    redis.call('ZADD', KEYS[1], unpack(moved))
end
table.insert(answer, 1, string.format('%.0f', now))
return answer
