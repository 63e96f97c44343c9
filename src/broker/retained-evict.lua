-- Evicts retained values when they take too many bytes: what was written to least recently goes first, and a tail
-- that takes half of the room by itself loses its older half. Publishing only notes what was written, and when; sizes
-- are looked up here.
--
-- publish.lua stands before it. KEYS[1] is a sorted set of what is retained, by the time of its last write
-- (retain.lua says how it is named). KEYS[2] is a hash of the bytes of each, with two more fields: `@bytes` is their
-- sum, and `@upto` is the time up to which the writes were size_now. ARGV[1] is how many bytes there may be: memory
-- of tails, text of values. Answers how many bytes there are, how much was evicted, and 1 where there is more to do
-- at once.
local written, held, most = KEYS[1], KEYS[2], tonumber(ARGV[1])
local begin = written:match('^({.+}:)')
local AT_ONCE, AT_RANDOM = 500, 20
local retention = make_retention()

local function plain(text)
  return (text:gsub('%%(%x%x)', function(byte) return string.char(tonumber(byte, 16)) end))
end

-- For each kind of retained value, how it is size_now and dropped; the argument is its name without the kind.
local size_of, drop = {}, {}

function size_of.tail(rest) return redis.pcall('MEMORY', 'USAGE', begin .. 'tail:' .. rest, 'SAMPLES', 0) end
function size_of.latest(rest)
  local kind, key = rest:match('^([^:]*):(.*)$')
  return redis.pcall('HSTRLEN', begin .. 'latest:' .. plain(kind), key)
end
function size_of.changed(kind) return redis.pcall('HSTRLEN', begin .. 'changed', kind) end

function drop.tail(rest)
  local kind, action, key = rest:match('^([^.:]*)%.([^.:]*):(.*)$')
  redis.pcall('DEL', begin .. 'tail:' .. rest)
  redis.pcall('ZREM', begin .. 'tails:' .. kind, retention.escaped(key) .. ':' .. action)
  redis.pcall('ZREM', begin .. 'ends', rest)
end
function drop.latest(rest)
  local kind, key = rest:match('^([^:]*):(.*)$')
  redis.pcall('HDEL', begin .. 'latest:' .. plain(kind), key)
end
function drop.changed(kind) redis.pcall('HDEL', begin .. 'changed', kind) end

local function size_now(name)
  local kind, rest = name:match('^(%a+):(.*)$')
  local size = kind and size_of[kind] and size_of[kind](rest)
  return type(size) == 'number' and size or 0
end

local known = tonumber(redis.call('HGET', held, '@bytes') or 0)
local total, gone = known, 0

-- Enters the present size of a value. A value that no longer exists is removed from both keys.
local function update_size(name)
  local size, before = size_now(name), tonumber(redis.call('HGET', held, name) or 0)
  local tail = size > most / 2 and name:match('^tail:') and begin .. name
  if tail and redis.call('XLEN', tail) > 1 then
    redis.call('XTRIM', tail, 'MAXLEN', math.floor(redis.call('XLEN', tail) / 2))
    gone = gone + 1
    return update_size(name)
  end
  total = total + size - before
  if size > 0 then
    if size ~= before then redis.call('HSET', held, name, size) end
  else
    redis.call('HDEL', held, name)
    redis.call('ZREM', written, name)
  end
end

-- Measures what was written since `@upto`, that last millisecond included. Answers whether there is more.
local function measure_written()
  local upto = redis.call('HGET', held, '@upto') or '-inf'
  local newest = redis.call('ZREVRANGE', written, 0, 0, 'WITHSCORES')[2]
  -- The log began anew with earlier ids.
  if newest and tonumber(newest) < (tonumber((upto:gsub('%(', ''))) or 0) then upto = '-inf' end
  local found = redis.call('ZRANGEBYSCORE', written, upto, '+inf', 'WITHSCORES', 'LIMIT', 0, AT_ONCE)
  local last, is_more = found[#found], #found == 2 * AT_ONCE
  if not last then return false end
  -- A publish of many events falls into one millisecond, so that is read completely.
  local is_whole = is_more and last == upto
  if is_whole then found = redis.call('ZRANGEBYSCORE', written, last, last, 'WITHSCORES') end
  local changed = {}
  for i = 1, #found, 2 do
    update_size(found[i])
    local kind = found[i]:match('^latest:([^:]*):')
    if kind then changed['changed:' .. plain(kind)] = found[i + 1] end
  end
  for name, at in pairs(changed) do
    redis.call('ZADD', written, at, name)
    update_size(name)
  end
  redis.call('HSET', held, '@upto', is_whole and '(' .. last or last)
  return is_more
end

local function make_room()
  for _, name in ipairs(redis.call('ZRANGE', written, 0, AT_ONCE - 1)) do
    if total <= most then return false end
    local kind, rest = name:match('^(%a+):(.*)$')
    if size_now(name) > 0 then
      gone = gone + 1
      drop[kind](rest)
    end
    update_size(name)
  end
  return total > most and redis.call('ZCARD', written) > 0
end

local function forget_expired()
  local time = redis.call('TIME')
  local now = time[1] * 1000 + math.floor(time[2] / 1000)
  for _ = 1, AT_ONCE / retention.LOOK_AT do retention.forget_expired_tails(begin, now) end
end

forget_expired()
local is_more = measure_written()
for _, name in ipairs(redis.call('HRANDFIELD', held, AT_RANDOM)) do
  if name:sub(1, 1) ~= '@' then update_size(name) end
end
if not is_more then is_more = make_room() end
if total ~= known then redis.call('HSET', held, '@bytes', total) end
return { total, gone, is_more and 1 or 0 }
