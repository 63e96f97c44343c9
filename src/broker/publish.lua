-- Appends events to the log and tells every node, in one step: all of them or none, in this order.
--
-- Runs as a script for the hub and inside the function belfry_publish for everybody else. LIMITS, retain.lua and
-- log-trim.lua stand before it.
-- `log` is `{<prefix>}:log`. `by` says by what a repetition is known: `once` is a key of the publisher's own,
-- `{<prefix>}:once:<key>`, with the `digest` of what is published; `outcomes` is a stream of the node that publishes, and
-- `number` its try, by which it can ask what became of that (publish-outcome.lua).
-- kinds[i] is the { type, action, key, says } of event i, as retain.lua takes them, if a rule may match it.
-- Answers the id of each event; for an idempotency key seen before, the ids of then, and nothing is appended. Or an error
-- as Redis has them, and then nothing was written at all. Under a key that was used for something else that is
-- `idempotency_key_reused`; for a try that comes after later ones it is `conflated`.
--
-- Redis undoes nothing of a script that fails halfway. So whatever can fail is asked for or done before what cannot be
-- taken back: rights are those of the user who calls, and a list is taken from the log again when its end is refused.
--
-- Each entry names the one before it (`p`), and so does each message: by that a node notices a gap, and tells a log
-- that was trimmed from one that was lost.
local function may(...) return redis.acl_check_cmd(...) end

local function forbidden(command, name)
  return redis.error_reply('BELFRY forbidden: the Redis user may not ' .. command .. ' ' .. name
    .. '; expected the rights that the documentation lists under how-to/redis-rights for a caller')
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
  if not may('INCRBY', log .. ':bytes', 0) then return forbidden('INCRBY', log .. ':bytes') end
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

local NONE_GIVEN = {}

local function publish(log, events, kinds, by)
  by = by or NONE_GIVEN
  local prefix = log:match('^{(.+)}:log$')
  local last, channel = '{' .. prefix .. '}:last', prefix .. ':log'
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
    if kinds[i] then retain(prefix, ids[i], event, unpack(kinds[i])) end
    redis.call('PUBLISH', channel, (ids[i - 1] or previous) .. ' ' .. ids[i] .. ' ' .. event)
  end
  return ids
end
