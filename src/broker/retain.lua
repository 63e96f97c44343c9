-- Keeps an event beside the log, under the id that it has there, as the first rule says that matches it:
--   {<prefix>}:tail:<type>.<action>:<key>   a stream of the last so many, which ends so long after the last of them
--   {<prefix>}:tails:<type>                 a sorted set that names the tails of a type, `<key>:<action>`, in this order
--   {<prefix>}:ends                         a sorted set of when to look whether a tail with an end is gone
--   {<prefix>}:latest:<type>                a hash of the newest of each key, as `<id> <event>`
--   {<prefix>}:changed                      a hash of the newest of each type of which the latest are kept, likewise
--   {<prefix>}:written                      a sorted set of all these, `tail:…` and `latest:<type>:<key>`, by when each was
--                                           written, for retained-evict.lua, which adds `changed:<type>`
-- RULES and REMOVING stand before it. Never fails: whatever stands in the way, the event is in the log already, and
-- half of a publish would be worse than a tail without it. Whether the user may write here is asked before.

-- What separates type, action and key in a name may also stand in them.
local ESCAPES = { ['%'] = '%25', ['.'] = '%2E', [':'] = '%3A' }
local function escaped(text) return (text:gsub('[%%.:]', ESCAPES)) end

local function rule_for(kind, action)
  for _, rule in ipairs(RULES) do
    if (rule.types == true or rule.types[kind]) and (rule.actions == true or rule.actions[action]) then return rule end
  end
end

-- More names may go than come, so what is named stays in proportion to what is there.
local LOOK_AT = 10

-- A tail that was written to since it was entered here is there longer than that, and is looked at again then.
local function forget_ended(begin, now)
  local ends = begin .. 'ends'
  for _, tail in ipairs(redis.pcall('ZRANGEBYSCORE', ends, '-inf', now, 'LIMIT', 0, LOOK_AT)) do
    local left = redis.pcall('PTTL', begin .. 'tail:' .. tail)
    local kind, action, key = tail:match('^([^.:]*)%.([^.:]*):(.*)$')
    if left == -2 and kind then
      redis.pcall('ZREM', begin .. 'tails:' .. kind, escaped(key) .. ':' .. action)
      redis.pcall('ZADD', begin .. 'written', now, 'tail:' .. tail)
    end
    if type(left) == 'number' and left >= 0 then
      redis.pcall('ZADD', ends, now + left, tail)
    else
      redis.pcall('ZREM', ends, tail)
    end
  end
end

-- All scores are 0, so the names of one key stand together. Only a new tail costs more than finding its name there.
local function name_tail(begin, id, kind, action, key, ttl)
  local is_new = redis.pcall('ZADD', begin .. 'tails:' .. kind, 0, escaped(key) .. ':' .. action) == 1
  if not is_new or not ttl then return end
  local now = tonumber(id:match('^%d+'))
  forget_ended(begin, now)
  redis.pcall('ZADD', begin .. 'ends', now + ttl, kind .. '.' .. action .. ':' .. key)
end

local function retain_tail(name, id, event, rule)
  local function append() return redis.pcall('XADD', name, 'MAXLEN', rule.last, id, 'e', event) end
  -- Refused where the log began anew and numbers from the past: a tail from before joins nothing any more.
  if type(append()) == 'table' then
    redis.pcall('DEL', name)
    append()
  end
  if rule.ttl then redis.pcall('PEXPIRE', name, rule.ttl) end
end

local function tail_of(begin, kind, action, key) return begin .. 'tail:' .. kind .. '.' .. action .. ':' .. key end

local function note_written(begin, id, name) redis.pcall('ZADD', begin .. 'written', id:match('^%d+'), name) end

-- The command and the key that the user of a publish lacks a right to, if there is one.
local function lacks_right_to_retain(prefix, kind, action, key)
  local rule, may = rule_for(kind, action), redis.acl_check_cmd
  if not rule then return end
  local begin = '{' .. prefix .. '}:'
  if not may('ZADD', begin .. 'written', 0, '') then return 'ZADD', begin .. 'written' end
  if rule.latest then
    local latest, changed = begin .. 'latest:' .. kind, begin .. 'changed'
    if not may('HSET', latest, key, '') then return 'HSET', latest end
    if not may('HSETNX', latest, key, '') then return 'HSETNX', latest end
    if not may('HDEL', latest, key) then return 'HDEL', latest end
    if not may('HSET', changed, kind, '') then return 'HSET', changed end
    return
  end
  local tail, names = tail_of(begin, escaped(kind), escaped(action), key), begin .. 'tails:' .. escaped(kind)
  if not may('XADD', tail, '*', 'e', '') then return 'XADD', tail end
  if not may('DEL', tail) then return 'DEL', tail end
  if rule.ttl and not may('PEXPIRE', tail, 1) then return 'PEXPIRE', tail end
  if not may('ZADD', names, 0, '') then return 'ZADD', names end
end

-- `says` is 'names' where the event says nothing of its object but which one it is: what is known of that stays.
local function retain(prefix, id, event, kind, action, key, says)
  local rule = rule_for(kind, action)
  if not rule then return end
  local begin = '{' .. prefix .. '}:'
  if not rule.latest then
    kind, action = escaped(kind), escaped(action)
    retain_tail(tail_of(begin, kind, action, key), id, event, rule)
    name_tail(begin, id, kind, action, key, rule.ttl)
    note_written(begin, id, 'tail:' .. kind .. '.' .. action .. ':' .. key)
    return
  end
  local value = id .. ' ' .. event
  redis.pcall('HSET', begin .. 'changed', kind, value)
  note_written(begin, id, 'latest:' .. escaped(kind) .. ':' .. key)
  if REMOVING[action] then
    redis.pcall('HDEL', begin .. 'latest:' .. kind, key)
  else
    redis.pcall(says == 'names' and 'HSETNX' or 'HSET', begin .. 'latest:' .. kind, key, value)
  end
end
