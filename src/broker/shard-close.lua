-- Closes a shard: from now on it takes no events of publishers, and answers those that repeat a publish which it took. KEYS[1]
-- is the end of its log, which says so (hub-names.lua), and ARGV are how many events and bytes its log may have: a node that
-- starts later takes the limits of the new shards, and shard 0 still has what was published. Answers the id of its last entry.
local id, count, state = (redis.call('GET', KEYS[1]) or '0-0'):match('^(%S+) ?(%d*)(.*)$')
if state == '' then redis.call('SET', KEYS[1], id .. ' ' .. (count == '' and '0' or count) .. ' closed ' .. ARGV[1] .. ' ' .. ARGV[2]) end
return id
