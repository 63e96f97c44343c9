-- Retains an event beside the log, under its id in the log, as the first matching retention rule says. It uses these
-- keys:
--   {<prefix>}:tail:<type>.<action>:<key>   a stream of the last events, which expires some time after the last of them
--   {<prefix>}:tails:<type>                 a sorted set that names the tails of a type, `<key>:<action>`, in this order
--   {<prefix>}:ends                         a sorted set of the times at which to check whether a tail has expired
--   {<prefix>}:latest:<type>                a hash of the newest event of each key, as `<id> <event>`
--   {<prefix>}:changed                      a hash of the last change of each type with a `latest` rule, likewise
--   {<prefix>}:written                      a sorted set of all these, `tail:…` and `latest:<type>:<key>`, by the time of the
--                                           last write, for retained-evict.lua, which adds `changed:<type>`
-- Before it stand may_be_retained, retention_rules and is_removing. This never fails: the event is in the log already,
-- and half of a publish would be worse than a tail without the event. Whether the user has the rights is checked before.

local function rule_for(kind, action)
  if not may_be_retained(kind) then return nil end
  local rules = retention_rules()
  for i = 1, #rules do
    local rule = rules[i]
    if (rule.types == true or rule.types[kind]) and (rule.actions == true or rule.actions[action]) then return rule end
  end
end

-- The functions below, once they are made. Most events are not retained.
local retention

local function make_retention()
  -- What separates type, action and key in a name may also occur within them.
  local ESCAPES = { ['%'] = '%25', ['.'] = '%2E', [':'] = '%3A' }
  local function escaped(text) return (text:gsub('[%%.:]', ESCAPES)) end

  -- For each new name up to ten expired names are deleted, so the names stay in proportion to the tails.
  local LOOK_AT = 10

  -- Deletes the names of tails that have expired. A tail that was written to in the meantime expires later, and is
  -- checked again then.
  local function forget_expired_tails(begin, now)
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

  -- Enters the name of a tail. All scores are 0, so the names of one key are neighbours. Only a new tail costs more
  -- than one look-up.
  local function name_tail(begin, id, kind, action, key, ttl)
    local is_new = redis.pcall('ZADD', begin .. 'tails:' .. kind, 0, escaped(key) .. ':' .. action) == 1
    if not is_new or not ttl then return end
    local now = tonumber(id:match('^%d+'))
    forget_expired_tails(begin, now)
    redis.pcall('ZADD', begin .. 'ends', now + ttl, kind .. '.' .. action .. ':' .. key)
  end

  local function retain_tail(name, id, event, rule)
    local function append() return redis.pcall('XADD', name, 'MAXLEN', rule.last, id, 'e', event) end
    -- Redis refuses the id where the log began anew with earlier ids: the old tail then belongs to nothing any more.
    if type(append()) == 'table' then
      redis.pcall('DEL', name)
      append()
    end
    if rule.ttl then redis.pcall('PEXPIRE', name, rule.ttl) end
  end

  local function tail_of(begin, kind, action, key) return begin .. 'tail:' .. kind .. '.' .. action .. ':' .. key end

  local function note_written(begin, id, name) redis.pcall('ZADD', begin .. 'written', id:match('^%d+'), name) end

  -- A command and a key for which the publishing user lacks the right; nil where nothing is missing.
  local function lacked_right(begin, rule, kind, action, key)
    local may = redis.acl_check_cmd
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

  -- `says` is 'names' where the event says nothing of its object but which one it is; then the known value stays.
  local function retain(begin, id, event, rule, kind, action, key, says)
    if not rule.latest then
      kind, action = escaped(kind), escaped(action)
      retain_tail(tail_of(begin, kind, action, key), id, event, rule)
      name_tail(begin, id, kind, action, key, rule.ttl)
      note_written(begin, id, 'tail:' .. kind .. '.' .. action .. ':' .. key)
      return
    end
    local value = id .. ' ' .. event
    redis.pcall('HSET', begin .. 'changed', kind, value)
    -- What is not noted is never evicted.
    if not rule.pinned then note_written(begin, id, 'latest:' .. escaped(kind) .. ':' .. key) end
    if is_removing(kind, action) then
      redis.pcall('HDEL', begin .. 'latest:' .. kind, key)
    else
      redis.pcall(says == 'names' and 'HSETNX' or 'HSET', begin .. 'latest:' .. kind, key, value)
    end
  end

  return {
    retain = retain, lacked_right = lacked_right, escaped = escaped,
    forget_expired_tails = forget_expired_tails, LOOK_AT = LOOK_AT,
  }
end
