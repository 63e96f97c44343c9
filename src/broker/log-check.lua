-- Looks whether the log goes on. An id that is no cursor (cursor.ts takes 16 digits) leaves none but such for those who
-- follow, or none at all, and then every publish is refused. What has one is published again under an id of now.
--
-- publish.lua and stream-ids.lua stand before it. KEYS are the log and the id of the last that was ever appended.
-- Answers whether the ids were set right, how many entries were published again, and how many bytes the log has.
local log, last = KEYS[1], KEYS[2]
local HIGHEST = '9999999999999999-18446744073709551615'

-- How many the log has, by the last mark before its first entry: up to a part of the limit more than there are.
local function held_bytes()
  local first = redis.call('XRANGE', log, '-', '+', 'COUNT', 1)[1]
  if not first then return 0 end
  local total, before = tonumber(redis.call('GET', log .. ':bytes') or 0) or 0, 0
  local marks = redis.call('ZRANGE', log .. ':marks', 0, -1, 'WITHSCORES')
  for i = 1, #marks, 2 do
    if not is_after(marks[i], first[1]) then before = tonumber(marks[i + 1]) end
  end
  return math.min(total - before, LIMITS.log_bytes)
end

local refusal = refusal_of_rights(log:match('^{(.+)}:log$'))
if refusal then return refusal end
if not may('XSETID', log, '1-0') then return forbidden('XSETID', log) end

local info = redis.pcall('XINFO', 'STREAM', log)
if info.err then return { 0, 0, 0 } end
info = by_name(info)
if not is_after(info['last-generated-id'], HIGHEST) or not info['entries-added'] then
  return { 0, 0, held_bytes() }
end

local time = redis.call('TIME')
local previous = redis.call('GET', last)
local from = string.format('%.0f-0', time[1] * 1000 + math.floor(time[2] / 1000))
if previous and not is_after(previous, HIGHEST) and is_after(previous, from) then from = previous end
local taken
taken, from = take_back(log, info['entries-added'], HIGHEST, from)
if previous and is_after(previous, HIGHEST) then redis.call('SET', last, from) end

local events = {}
for _, fields in ipairs(taken) do
  local entry = by_name(fields)
  if entry.e then events[#events + 1] = entry.e end
end
publish(log, events, {})
return { 1, #events, held_bytes() }
