-- Removes the reservation of an order that ended long ago. What it holds for good is added up beside the stock, because
-- taken = what allocated reservations hold + swept.
-- KEYS  {stock:<warehouse>}:reservation:<orderId>, {stock:<warehouse>}:swept
-- Returns 1 when there was one, 0 when not; an error when a number makes no sense: nothing is changed then.
-- A whole number as HINCRBY takes it: no sign, no zeros before it.
local function number_of(text)
    return (text == '0' or string.match(text, '^[1-9]%d*$')) and tonumber(text)
end
if redis.call('HGET', KEYS[1], 'status') == 'allocated' then
    local items = redis.call('HGET', KEYS[1], 'items') or ''
    for product, quantity in string.gmatch(items, '([^= ]+)=(%d+)') do
        local before, more = number_of(redis.call('HGET', KEYS[2], product) or '0'), number_of(quantity)
        if not before or not more or before > 9007199254740992 - more then
            return redis.error_reply('WRONGTYPE what was swept of ' .. product .. ' is no number that can be added to')
        end
    end
    for product, quantity in string.gmatch(items, '([^= ]+)=(%d+)') do
        redis.call('HINCRBY', KEYS[2], product, quantity)
    end
end
return redis.call('DEL', KEYS[1])
