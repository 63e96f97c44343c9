-- Answers the layout of a hub as JSON, and stores this one where none is stored. A hub that has published before it had any
-- layout has one shard. The second answer is the epoch into which the hub is being divided, where there is one. KEYS are the
-- layout, that epoch, and the end of the log of shard 0. ARGV are the layout to be stored, and that of one shard.
local known = redis.call('GET', KEYS[1])
if known then return { known, redis.call('GET', KEYS[2]) or nil } end
local text = redis.call('EXISTS', KEYS[3]) == 1 and ARGV[2] or ARGV[1]
redis.call('SET', KEYS[1], text)
return { text, redis.call('GET', KEYS[2]) or nil }
