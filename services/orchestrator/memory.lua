-- How much memory Redis uses, and its limit. Asked inside a script, because to a user who may not ask INFO the answer is then
-- no refusal of the whole round trip.
-- Returns used_memory and maxmemory, 0 for no limit; nothing when Redis does not tell.
local info = redis.pcall('INFO', 'memory')
if type(info) ~= 'string' then
    return {}
end
return {tonumber(string.match(info, 'used_memory:(%d+)')), tonumber(string.match(info, 'maxmemory:(%d+)'))}
