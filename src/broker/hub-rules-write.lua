-- Writes the rules of a hub, for hub-rules.lua. KEYS are the hash of the rules and the end of the log; ARGV are the fields of
-- the hash and their values, in turn. The end of the log stays the same, but is written in another way, with one zero more
-- before its count: publish-usual.lua sees by this that the rules may have changed.
redis.call('HSET', KEYS[1], unpack(ARGV))
local id, count = (redis.call('GET', KEYS[2]) or ''):match('^(%S+) ?(%d*.*)$')
if id then redis.call('SET', KEYS[2], id .. ' 0' .. count) end
return redis.status_reply('OK')
