-- Stands before every script that takes many (store.h): one(k, a, n) handles one item, whose keys are KEYS[k + 1], ..., and
-- whose arguments are ARGV[a + 1] to ARGV[a + n]. What it gives comes to the item's place in the reply; an error, raised or
-- given, stays in that place and leaves the other items alone.
-- ARGV  for each item how many arguments it has, then these
local function each(keys_each, one)
    local answers, a = {}, 1
    for k = 0, #KEYS - 1, keys_each do
        local n = tonumber(ARGV[a])
        local done, answer = pcall(one, k, a, n)
        if not done then -- Redis 6 raises texts, later versions tables
            answer = {err = type(answer) == 'table' and answer.err or tostring(answer)}
        end
        if answer == nil then -- would end the reply here
            answer = false
        end
        answers[#answers + 1] = answer
        a = a + 1 + n
    end
    return answers
end
