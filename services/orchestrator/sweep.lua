-- Removes the reservation of an order that ended long ago. What it holds for good is added up beside the stock, because
-- taken = what allocated reservations hold + swept.
-- KEYS  {stock:<warehouse>}:reservation:<orderId>, {stock:<warehouse>}:swept
-- Returns 1 when there was one, 0 when not.
if redis.call('HGET', KEYS[1], 'status') == 'allocated' then
    for product, quantity in string.gmatch(redis.call('HGET', KEYS[1], 'items') or '', '([^= ]+)=(%d+)') do
        redis.call('HINCRBY', KEYS[2], product, quantity)
    end
end
return redis.call('DEL', KEYS[1])
