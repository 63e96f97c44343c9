-- Appends events to the log and tells every node, in one step: all events or none, in their order.
--
-- It runs in the scripts of the nodes, and in the function belfry_publish for everybody else. LIMITS and MESSAGE stand
-- before it, and the files hub-names, publish-rights, retain, log-trim and idempotency. A script calls these functions
-- in this order:
--   use_hub            says which hub it is about
--   refusal_of_rights  answers what the calling user may not do
--   publish            appends events, and may be called several times
--   conclude           notes where the log ends now, and tells the nodes of what was appended
--
-- Redis does not undo the writes of a script that fails halfway. So everything that can fail is checked or done
-- before the writes that cannot be undone: the rights of the calling user are checked first, and events are deleted
-- from the log again when a later one of the same list is refused.
--
-- Scripts make their functions and constants anew at each call, so what few publishes need is made where it is needed.
local SEPARATOR, MESSAGE_BYTES, START = '\255', 1048576, '0-0'

-- Redis trims the log by whole nodes of a stream, of 4096 bytes each. It is asked to each time when so many bytes are full.
local TRIM_BYTES = 16384

local publish
do

-- Finds the rule by which each event is retained as well.
local function refusal_of_retaining(kinds, count)
  for i = 1, count do
    local kind = kinds[i]
    if kind then
      local rule = kind[5]
      if rule == nil then rule = rule_for(kind[1], kind[2]) end
      if rule then
        kind[5], retention = rule, retention or make_retention()
        local command, name = retention.lacked_right(BEGIN, rule, unpack(kind, 1, 3))
        if command then return forbidden(command, name) end
      end
    end
  end
end

-- Reads the end of the log, unless this call has done so. Answers an error where it cannot be read.
local function read_end()
  if first then return nil end
  local text = redis.pcall('GET', LAST) or START
  -- The function belfry_publish mostly reads what it has written last.
  was_alone = text == end_text
  closed = type(text) == 'string' and text:match(' closed.*$') or ''
  if was_alone then return nil end
  if type(text) == 'table' then return text end
  previous, counted = text:match('^(%S+) ?(%d*)')
  previous, counted = previous or START, (tonumber(counted) or 0) + uncounted
  end_text = text
  local most_events, most_bytes = closed:match('(%d+) (%d+)$')
  if most_events and tonumber(most_events) > tonumber(LIMITS.log_events) then
    LIMITS.log_events, LIMITS.log_bytes = most_events, math.max(LIMITS.log_bytes or 0, tonumber(most_bytes))
  end
end

-- The events of the hub itself stay in shard 0. Where the kind is not known, the event was in the log already.
local function refusal_of_closed(kinds, count)
  if closed == '' then return nil end
  for i = 1, count do
    if kinds[i] and not RESERVED[kinds[i][1]] then
      return redis.error_reply('BELFRY wrong_shard: the hub is being divided into other shards; expected another try in a moment,'
        .. ' in the shard that the hub then names')
    end
  end
end

-- The ids of all events; or nil and the error for which none of them was appended. Each entry names the one before it
-- (`p`), and so does each message. By that a node notices a gap, and can tell a log that was trimmed from one that was
-- lost.
local function append(events, trims)
  local ids, before, count = {}, previous, #events
  for i = 1, count do
    local id
    if trims and i == count then
      id = redis.pcall('XADD', LOG, 'MAXLEN', '~', LIMITS.log_events, '*', 'p', before, 'e', events[i])
    else
      id = redis.pcall('XADD', LOG, '*', 'p', before, 'e', events[i])
    end
    if type(id) == 'table' then
      for n = 1, i - 1 do redis.call('XDEL', LOG, ids[n]) end
      return nil, id
    end
    ids[i], before = id, id
  end
  return ids
end

-- Publishes events. kinds[i] is the { type, action, key, says, rule } of event i, as retain.lua takes it. The rule is false
-- where none applies, and nil where nobody has looked for one. The whole kind is absent where the writer does not know it,
-- and then nothing is retained. `by` says how a repetition is recognised. `once` is the
-- idempotency key of the publisher, `{<prefix>}:once:<key>`, with the `digest` of what is published. `outcomes` is a
-- stream of the publishing node, and `number` its attempt, whose outcome it can ask for later (publish-outcome.lua).
-- A publish with a `fence` is refused unless the `lease`, `{<prefix>}:lease:<name>`, is held under it.
--
-- Answers the id of each event, and whether they were appended: for a known idempotency key the ids are those of the
-- first publish, and nothing is appended. Or answers an error of Redis, and then nothing was written at all. The error
-- is `idempotency_key_reused` for a key that was used for other events, `lease_lost`, `wrong_shard` where the shard is closed,
-- and `superseded` for an attempt that comes after a later one.
function publish(events, kinds, by)
  local count, added = #events, 0
  local once = by and by.once
  local refusal = refusal_of_retaining(kinds, count) or (once and refusal_of_once(once))
  if refusal then return refusal end
  local known = once and known_ids(once, by.digest)
  if known then return known end
  -- Redis lets a lease expire by itself, so what stands there is held.
  if by and by.fence and (redis.call('GET', by.lease) or ''):match('^%d*') ~= by.fence then
    return redis.error_reply('BELFRY lease_lost: the lease is not held under this fence; expected it to be taken again')
  end
  if count == 0 then return {} end

  local failure = read_end() or refusal_of_closed(kinds, count) or (by and claim(by, previous, count))
  if failure then return failure end
  for i = 1, count do added = added + #events[i] end
  local ids, refused = append(events, counted % TRIM_BYTES + added >= TRIM_BYTES)
  if refused then
    if by and by.outcomes then redis.call('XDEL', by.outcomes, by.number .. '-0') end
    return refused
  end
  first, previous, counted, end_text = first or previous, ids[count], counted + added, nil
  bound_bytes(ids, events, counted, added)
  if once then note_ids(once, by.digest, ids) end
  for i = 1, count do
    local kind = kinds[i]
    if kind and kind[5] then retention.retain(BEGIN, ids[i], events[i], kind[5], unpack(kind, 1, 4)) end
  end
  return ids, true
end

end

local UNKNOWN_KIND = { '', '', '' }

-- The ids as everybody outside of the log of the shard knows them.
local function in_shard(ids)
  if not SHARD then return ids end
  local named = {}
  for i = 1, #ids do named[i] = SHARD .. ids[i] end
  return named
end

-- A message that tells of one event.
local function message_of(before, id, kind, action, key, event)
  local shard = SHARD or ''
  return MESSAGE .. ' ' .. shard .. before .. SEPARATOR .. shard .. id .. SEPARATOR .. kind .. SEPARATOR .. action .. SEPARATOR .. key
    .. SEPARATOR .. event
end

-- Tells every node of events, if there are any. `before` is the id before the first; ids[i] is absent for an event that
-- is not in the log.
--
-- One message tells of all events of a call, up to MESSAGE_BYTES. It is MESSAGE, a space, the id before the first
-- event, and five fields for each event: id, type, action, key and the event itself. 0xFF stands before each field,
-- since no text in UTF-8 holds this byte. MESSAGE stands before this file: redis-channel-message.ts says what is in it,
-- and reads all this. The id is empty for an event that is not in the log, and the type where it is not known.
local function tell_nodes(before, events, kinds, ids)
  local total = #events
  if total == 1 then
    local kind = kinds[1] or UNKNOWN_KIND
    redis.call(TELL, CHANNEL, message_of(before, ids[1] or '', kind[1], kind[2], kind[3], events[1]))
    return
  end
  if SHARD then before, ids = SHARD .. before, in_shard(ids) end
  local parts, count, bytes = {}, 1, 0
  for i = 1, total do
    local event, kind = events[i], kinds[i] or UNKNOWN_KIND
    if bytes > 0 and bytes + #event > MESSAGE_BYTES then
      parts[1] = MESSAGE .. ' ' .. before
      redis.call(TELL, CHANNEL, table.concat(parts, SEPARATOR, 1, count))
      before, count, bytes = ids[i - 1] or '', 1, 0
    end
    parts[count + 1], parts[count + 2], parts[count + 3] = ids[i] or '', kind[1], kind[2]
    parts[count + 4], parts[count + 5] = kind[3], event
    count, bytes = count + 5, bytes + #event
  end
  if count == 1 then return end
  parts[1] = MESSAGE .. ' ' .. before
  redis.call(TELL, CHANNEL, table.concat(parts, SEPARATOR, 1, count))
end

-- Takes all events that this call has appended, and those that it only tells of.
local function conclude(events, kinds, ids)
  if first then
    end_text = ('%s %d%s'):format(previous, counted, closed)
    redis.call('SET', LAST, end_text)
    uncounted = 0
  end
  tell_nodes(first or '', events, kinds, ids)
  first = nil
end
