-- Appends events to the log and tells every node, in one step: all of them or none, in this order.
--
-- Runs as a script for the hub and inside the function belfry_publish for everybody else. LIMITS and retain.lua stand
-- before it.
-- keys[1] is the log, `{<prefix>}:log`; keys[2], if given, the idempotency key, `{<prefix>}:once:<key>`.
-- kinds[i] is the { type, action, key, says } of event i, as retain.lua takes them, if a rule may match it.
-- Answers the id of each event; for an idempotency key seen before, the ids of then, and nothing is appended. Or an error
-- as Redis has them, and then nothing was written at all.
--
-- Redis undoes nothing of a script that fails halfway. So whatever can fail is asked for or done before what cannot be
-- taken back: rights are those of the user who calls, and a list is taken from the log again when its end is refused.
--
-- Each entry names the one before it (`p`), and so does each message: by that a node notices a hole, and tells a log
-- that was trimmed from one that was lost.
local function may(...) return redis.acl_check_cmd(...) end

local function forbidden(command, name)
  return redis.error_reply('BELFRY forbidden: the Redis user may not ' .. command .. ' ' .. name
    .. '; expected the rights that the handbook lists for whoever publishes like this')
end

-- nil where the user may do all that publishing takes. `once` is absent where no idempotency key is given.
local function refusal_of_rights(prefix, once)
  local begin = '{' .. prefix .. '}:'
  local log, last, channel = begin .. 'log', begin .. 'last', prefix .. ':log'
  if not may('PUBLISH', channel, '') then return forbidden('PUBLISH', channel) end
  if not may('XADD', log, '*', 'e', '') then return forbidden('XADD', log) end
  if not may('XDEL', log, '0-0') then return forbidden('XDEL', log) end
  if not may('GET', last) then return forbidden('GET', last) end
  if not may('SET', last, '') then return forbidden('SET', last) end
  if once and not (may('GET', once) and may('SET', once, '')) then return forbidden('GET and SET', once) end
end

local function refusal_of_retaining(prefix, kinds, count)
  for i = 1, count do
    if kinds[i] then
      local command, name = lacks_right_to_retain(prefix, unpack(kinds[i]))
      if command then return forbidden(command, name) end
    end
  end
end

-- The ids of all, or the error for which none is there.
local function append(log, previous, events)
  local ids = {}
  for i, event in ipairs(events) do
    local id = redis.pcall('XADD', log, 'MAXLEN', '~', LIMITS.log_events, '*', 'p', ids[i - 1] or previous, 'e', event)
    if type(id) == 'table' then
      for _, appended in ipairs(ids) do redis.call('XDEL', log, appended) end
      return nil, id
    end
    ids[i] = id
  end
  return ids
end

local function publish(keys, events, kinds)
  local log, once = keys[1], keys[2]
  local prefix = log:match('^{(.+)}:log$')
  local last, channel = '{' .. prefix .. '}:last', prefix .. ':log'
  local refusal = refusal_of_rights(prefix, once) or refusal_of_retaining(prefix, kinds, #events)
  if refusal then return refusal end

  local known = once and redis.call('GET', once)
  if known then
    local then_ids = {}
    for id in known:gmatch('%S+') do then_ids[#then_ids + 1] = id end
    return then_ids
  end

  if #events == 0 then return {} end
  local previous = redis.call('GET', last) or '0-0'
  local ids, failure = append(log, previous, events)
  if failure then return failure end
  redis.call('SET', last, ids[#ids])
  if once then redis.call('SET', once, table.concat(ids, ' '), 'PX', LIMITS.once_ms) end
  for i, event in ipairs(events) do
    if kinds[i] then retain(prefix, ids[i], event, unpack(kinds[i])) end
    redis.call('PUBLISH', channel, (ids[i - 1] or previous) .. ' ' .. ids[i] .. ' ' .. event)
  end
  return ids
end
