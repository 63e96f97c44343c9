-- Appends events to the log and tells every node, in one step: all of them or none, in this order.
--
-- Runs as a script for the hub and inside the function belfry_publish for everybody else. LIMITS and retain.lua stand
-- before it.
-- keys[1] is the log, `{<prefix>}:log`; keys[2], if given, the idempotency key, `{<prefix>}:once:<key>`.
-- kinds[i] is the { type, action, key, says } of event i, as retain.lua takes them, if a rule may match it.
-- Answers the id of each event; for an idempotency key seen before, the ids of then, and nothing is appended.
--
-- Each entry names the one before it (`p`), and so does each message: by that a node notices a hole, and tells a log
-- that was trimmed from one that was lost.
local function publish(keys, events, kinds)
  local log, once = keys[1], keys[2]
  local prefix = log:match('^{(.+)}:log$')
  local last = '{' .. prefix .. '}:last'
  local ids = {}

  local known = once and redis.call('GET', once)
  if known then
    for id in known:gmatch('%S+') do ids[#ids + 1] = id end
    return ids
  end

  local previous = redis.call('GET', last) or '0-0'
  for i, event in ipairs(events) do
    local id = redis.call('XADD', log, 'MAXLEN', '~', LIMITS.log_events, '*', 'p', previous, 'e', event)
    if kinds[i] then retain(prefix, id, event, unpack(kinds[i])) end
    redis.call('PUBLISH', prefix .. ':events', previous .. ' ' .. id .. ' ' .. event)
    ids[i], previous = id, id
  end
  redis.call('SET', last, previous)
  if once then redis.call('SET', once, table.concat(ids, ' '), 'PX', LIMITS.once_ms) end
  return ids
end
