-- Appends events to the log and tells every node, in one step: all events or none, in their order.
--
-- It runs in the scripts of the nodes, and in the function belfry_publish for everybody else. LIMITS, retain.lua,
-- log-trim.lua and idempotency.lua stand before it. `log` is `{<prefix>}:log`. `by` says how a repetition is
-- recognised. `once` is the idempotency key of the publisher, `{<prefix>}:once:<key>`, with the `digest` of what is
-- published. `outcomes` is a stream of the publishing node, and `number` its attempt, whose outcome it can ask for
-- later (publish-outcome.lua). kinds[i] is the { type, action, key, says } of event i, as retain.lua takes it; it is
-- absent where the writer does not know it, and then nothing is retained. Answers the id of each event; for a known idempotency key the ids of the
-- first publish, and nothing is appended. Or answers an error of Redis, and then nothing was written at all. The
-- error is `idempotency_key_reused` for a key that was used for other events, and `superseded` for an attempt that
-- comes after a later one.
--
-- Redis does not undo the writes of a script that fails halfway. So everything that can fail is checked or done
-- before the writes that cannot be undone: the rights of the calling user are checked first, and events are deleted
-- from the log again when a later one of the same list is refused.
--
-- Each entry names the one before it (`p`), and so does each message. By that a node notices a gap, and can tell a
-- log that was trimmed from one that was lost.
--
-- One message tells of all events of a publish, up to MESSAGE_BYTES. A script that publishes several times gives `told`,
-- in which they are collected, and calls tell_nodes at its end. It is MESSAGE, a space, the id before the first
-- event, and five fields for each event: id, type, action, key and the event itself. 0xFF stands before each field,
-- since no text in UTF-8 holds this byte. MESSAGE stands before this file: redis-channel-message.ts says what is in it,
-- and reads all this. The id is empty for an event that is not in the log, and the type where it is not known.
local SEPARATOR, MESSAGE_BYTES = '\255', 1048576

local function may(...) return redis.acl_check_cmd(...) end

local function forbidden(command, name)
  return redis.error_reply('BELFRY forbidden: the Redis user may not ' .. command .. ' ' .. name
    .. '; expected the rights that the documentation lists under how-to/redis-rights for a caller')
end

-- nil where the user has all rights that publishing takes. `once` is absent where no idempotency key is given.
local function refusal_of_rights(prefix, once)
  local may, begin = redis.acl_check_cmd, '{' .. prefix .. '}:'
  local log, last, channel = begin .. 'log', begin .. 'last', prefix .. ':log'
  if not may('PUBLISH', channel, '') then return forbidden('PUBLISH', channel) end
  if not may('XADD', log, '*', 'e', '') then return forbidden('XADD', log) end
  if not may('XDEL', log, '0-0') then return forbidden('XDEL', log) end
  if not may('GET', last) then return forbidden('GET', last) end
  if not may('SET', last, '') then return forbidden('SET', last) end
  if not may('INCRBY', log .. ':bytes', 0) then return forbidden('INCRBY', log .. ':bytes') end
  if once and not (may('GET', once) and may('SET', once, '')) then return forbidden('GET and SET', once) end
end

-- Finds the rule by which each event is retained as well.
local function refusal_of_retaining(prefix, kinds, count)
  for i = 1, count do
    local kind = kinds[i]
    if kind then kind.rule = kind.rule or rule_for(kind[1], kind[2]) end
    if kind and kind.rule then
      local command, name = lacks_right_to_retain(prefix, kind.rule, unpack(kind))
      if command then return forbidden(command, name) end
    end
  end
end

-- The ids of all events; or nil and the error for which none of them was appended.
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

local UNKNOWN_KIND = { '', '', '' }

-- Tells every node of events, if there are any. `previous` is the id before the first; ids[i] is absent for an event that
-- is not in the log.
local function tell_nodes(log, told)
  local channel, parts = log:match('^{(.+)}:log$') .. ':log', { MESSAGE .. ' ' .. (told.previous or '') }
  local count, bytes = 1, 0
  for i, event in ipairs(told.events) do
    local id, kind = told.ids[i] or '', told.kinds[i] or UNKNOWN_KIND
    if bytes > 0 and bytes + #event > MESSAGE_BYTES then
      redis.call('PUBLISH', channel, table.concat(parts, SEPARATOR, 1, count))
      parts[1], count, bytes = MESSAGE .. ' ' .. (told.ids[i - 1] or ''), 1, 0
    end
    parts[count + 1], parts[count + 2], parts[count + 3] = id, kind[1], kind[2]
    parts[count + 4], parts[count + 5] = kind[3], event
    count, bytes = count + 5, bytes + #event
  end
  if count > 1 then redis.call('PUBLISH', channel, table.concat(parts, SEPARATOR, 1, count)) end
end

local function add_told(told, previous, events, kinds, ids)
  told.previous = told.previous or previous
  for i, event in ipairs(events) do
    local n = #told.ids + 1
    told.events[n], told.kinds[n], told.ids[n] = event, kinds[i], ids[i]
  end
end

local NONE_GIVEN = {}

local function publish(log, events, kinds, by)
  by = by or NONE_GIVEN
  local prefix = log:match('^{(.+)}:log$')
  local last = '{' .. prefix .. '}:last'
  local refusal = refusal_of_rights(prefix, by.once) or refusal_of_retaining(prefix, kinds, #events)
  if refusal then return refusal end
  local known = by.once and known_ids(by.once, by.digest)
  if known then return known end
  if #events == 0 then return {} end

  local previous = redis.call('GET', last) or '0-0'
  local failure = claim(by, previous, #events)
  if failure then return failure end
  local ids, refused = append(log, previous, events)
  if refused then
    if by.outcomes then redis.call('XDEL', by.outcomes, by.number .. '-0') end
    return refused
  end
  redis.call('SET', last, ids[#ids])
  bound_bytes(log, ids, events)
  if by.once then redis.call('SET', by.once, by.digest .. ' ' .. table.concat(ids, ' '), 'PX', LIMITS.once_ms) end
  for i, event in ipairs(events) do
    local kind = kinds[i]
    if kind and kind.rule then retain(prefix, ids[i], event, kind.rule, unpack(kind)) end
  end
  if by.told then
    add_told(by.told, previous, events, kinds, ids)
  else
    tell_nodes(log, { previous = previous, events = events, kinds = kinds, ids = ids })
  end
  return ids
end
