-- Answers the layout of a hub as JSON, and stores this one where none is stored. A hub that has published before it had any
-- layout has one shard. KEYS are the layout and the end of the log of shard 0. ARGV are the layout to be stored, and that of
-- one shard.
local known = redis.call('GET', KEYS[1])
if known then return known end
local text = redis.call('EXISTS', KEYS[2]) == 1 and ARGV[2] or ARGV[1]
redis.call('SET', KEYS[1], text)
return text
