-- Takes what a closed shard retains into a shard that is not open yet; an open one has newer values of its own. KEYS[1] is the
-- end of the log of this shard. ARGV has five values for each: the kind, then for
--   entry     the name of its tail without the kind, its id, the event, and one that is not used
--   tail      its name without the kind, how many milliseconds it lives, and two that are not used; after its entries
--   latest    its type, its key, the value, and its name in {<prefix>}:written
--   changed   its type, the value, and two that are not used
-- retain.lua says how all this is kept. Answers 0 where the shard is open.
if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
local begin = KEYS[1]:match('^({.+}:)')

local take = {}

local ESCAPES = { ['%'] = '%25', ['.'] = '%2E', [':'] = '%3A' }

-- Whoever copies begins with the first entry. So an entry that is refused, since its id is not higher, is there already.
function take.entry(rest, id, event) redis.pcall('XADD', begin .. 'tail:' .. rest, id, 'e', event) end

function take.tail(rest, ttl)
  local kind, action, key = rest:match('^([^.:]*)%.([^.:]*):(.*)$')
  local newest = redis.call('XREVRANGE', begin .. 'tail:' .. rest, '+', '-', 'COUNT', 1)[1]
  if not newest then return end
  redis.call('ZADD', begin .. 'tails:' .. kind, 0, key:gsub('[%%.:]', ESCAPES) .. ':' .. action)
  redis.call('ZADD', begin .. 'written', newest[1]:match('^%d+'), 'tail:' .. rest)
  if tonumber(ttl) <= 0 then return end
  local time = redis.call('TIME')
  redis.call('PEXPIRE', begin .. 'tail:' .. rest, ttl)
  redis.call('ZADD', begin .. 'ends', time[1] * 1000 + math.floor(time[2] / 1000) + ttl, rest)
end

function take.latest(kind, key, value, name)
  redis.call('HSET', begin .. 'latest:' .. kind, key, value)
  redis.call('ZADD', begin .. 'written', value:match('^%d+'), name)
end

local function is_newer(a, b)
  local a_ms, a_n = a:match('^(%d+)%-(%d+)')
  local b_ms, b_n = b:match('^(%d+)%-(%d+)')
  if a_ms ~= b_ms then return tonumber(a_ms) > tonumber(b_ms) end
  return tonumber(a_n) > tonumber(b_n)
end

function take.changed(kind, value)
  local known = redis.call('HGET', begin .. 'changed', kind)
  if not known or is_newer(value, known) then redis.call('HSET', begin .. 'changed', kind, value) end
end

for i = 1, #ARGV, 5 do
  local kind, a, b, c, d = unpack(ARGV, i, i + 4)
  take[kind](a, b, c, d)
end
return 1
