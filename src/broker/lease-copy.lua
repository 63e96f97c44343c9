-- Keeps a copy of a lease in a shard, where publishes read it. KEYS[1] is the copy. ARGV are the fence, the holder as JSON, and
-- how many milliseconds it lives; 0 where the holder has released it. A later fence stays.
local copy, fence, holder, ttl = KEYS[1], ARGV[1], ARGV[2], tonumber(ARGV[3])
local known, held_by = (redis.call('GET', copy) or ''):match('^(%d+) (.*)$')
if ttl == 0 then
  if held_by == holder then redis.call('DEL', copy) end
  return 1
end
if known and tonumber(known) > tonumber(fence) then return 0 end
redis.call('SET', copy, fence .. ' ' .. holder, 'PX', ttl)
return 1
