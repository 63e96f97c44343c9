-- Keeps an event beside the log, under the id that it has there, as the first rule says that matches it:
--   {<prefix>}:tail:<type>.<action>:<key>   a stream of the last so many, which ends so long after the last of them
--   {<prefix>}:latest:<type>                a hash of the newest of each key, as `<id> <event>`
-- RULES and REMOVING stand before it. Never fails: whatever stands in the way, the event is in the log already, and
-- half of a publish would be worse than a tail without it.

-- What separates type, action and key in a name may also stand in them.
local ESCAPES = { ['%'] = '%25', ['.'] = '%2E', [':'] = '%3A' }
local function escaped(text) return (text:gsub('[%%.:]', ESCAPES)) end

local function rule_for(kind, action)
  for _, rule in ipairs(RULES) do
    if (rule.types == true or rule.types[kind]) and (rule.actions == true or rule.actions[action]) then return rule end
  end
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

local function retain(prefix, id, event, kind, action, key)
  local rule = rule_for(kind, action)
  if not rule then return end
  local begin = '{' .. prefix .. '}:'
  if not rule.latest then
    retain_tail(begin .. 'tail:' .. escaped(kind) .. '.' .. escaped(action) .. ':' .. key, id, event, rule)
  elseif REMOVING[action] then
    redis.pcall('HDEL', begin .. 'latest:' .. kind, key)
  else
    redis.pcall('HSET', begin .. 'latest:' .. kind, key, id .. ' ' .. event)
  end
end
