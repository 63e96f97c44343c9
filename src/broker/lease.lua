-- Takes, releases or reads one lease. A lease is a key that Redis lets expire; its value is the fence, a space, and the
-- holder as JSON. Publishes read it in publish.lua.
--
-- KEYS are the lease, the last fence, and a sorted set of the leases by their ends. ARGV: the verb; the name; the
-- holder as JSON; how long the lease shall live; and how many leases there may be. Answers what became of it; and where
-- the lease is held, the fence, the holder and for how long.
local lease, last, all = unpack(KEYS)
local verb, name, holder, ttl, most = unpack(ARGV)

local fence, held_by = (redis.call('GET', lease) or ''):match('^(%d+) (.*)$')
if verb == 'get' then return { 'read', fence, held_by, fence and redis.call('PTTL', lease) } end
if fence and held_by ~= holder then return { 'held', fence, held_by, redis.call('PTTL', lease) } end

if verb == 'release' then
  redis.call('DEL', lease)
  redis.call('ZREM', all, name)
  return { 'released' }
end

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
if not fence then
  redis.call('ZREMRANGEBYSCORE', all, '-inf', now)
  if redis.call('ZCARD', all) >= tonumber(most) then return { 'full' } end
  fence = ('%.0f'):format(math.max((redis.call('GET', last) or 0) + 1, now))
  redis.call('SET', last, fence)
end
redis.call('SET', lease, fence .. ' ' .. holder, 'PX', ttl)
redis.call('ZADD', all, now + ttl, name)
return { 'taken', fence, holder, ttl }
