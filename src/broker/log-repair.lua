-- Repairs the ids of the log and of the dead letters, and runs the repair of the ingress.
--
-- GROUP, publish.lua, stream-repair.lua and ingress-repair.lua stand before it. Answers how many bytes the ingress
-- takes, how many the log holds, and what damage was found in all three.

local function is_closed(stream, highest)
  if type_of(stream) ~= 'stream' then return false end
  local id = info_of(stream)['last-generated-id']
  return is_unusable(id, highest) and id
end

local function is_cursor(text)
  return text and text:match('^%d+%-%d+$') and not is_unusable(text, HIGHEST_CURSOR)
end

-- No node has heard an event whose id is not a cursor, so such an event is published again. The first of them follows
-- the last event that the nodes have heard.
local function repair_log()
  local closed = is_closed(log, HIGHEST_CURSOR)
  if not closed then return end
  local previous, bytes = (redis.call('GET', last) or ''):match('^(%S+)(.*)$')
  put_aside(log)
  local events, heard = {}, nil
  local from, gone = move(log, HIGHEST_CURSOR, function(fields)
    local entry = by_name(fields)
    events[#events + 1] = entry.e
    if is_cursor(entry.p) then heard = heard or entry.p end
  end)
  if previous and not is_cursor(previous) then redis.call('SET', last, (heard or from) .. bytes) end
  for _, event in ipairs(events) do
    local ids, is_new = publish({ event }, {})
    if is_new then conclude({ event }, {}, ids) end
  end
  note('log_ids', count_of(gone), closed)
end

local function repair_dead_letters()
  local closed = is_closed(dead_letters, HIGHEST_IN_TIME)
  if not closed then return end
  put_aside(dead_letters)
  local _, gone = move(dead_letters, HIGHEST_IN_TIME, function(fields) add(dead_letters, '*', fields) end)
  note('dead_letter_ids', count_of(gone), closed)
end

-- How many bytes the log holds, by the last mark before its first entry. The answer may be too high by one part of
-- the limit.
local function held_bytes()
  local first = redis.call('XRANGE', log, '-', '+', 'COUNT', 1)[1]
  if not first then return 0 end
  local total, before = tonumber((redis.call('GET', last) or ''):match(' (%d+)')) or 0, 0
  local marks = redis.call('ZRANGE', log .. ':marks', 0, -1, 'WITHSCORES')
  for i = 1, #marks, 2 do
    if not is_after(marks[i], first[1]) then before = tonumber(marks[i + 1]) end
  end
  return math.min(total - before, LIMITS.log_bytes)
end

local ingress_bytes = ingress and repair_ingress(tonumber(ARGV[2])) or 0
repair_log()
if ingress then repair_dead_letters() end
local is_told, log_bytes = pcall(held_bytes)
return { ingress_bytes, is_told and log_bytes or 0, found }
