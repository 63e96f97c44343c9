-- Looks whether the inbox goes on, and whether all that came was seen. An id far ahead leaves none for those who follow,
-- or none but ids far ahead: what has one is added again under an id of now, after everything else, and nothing is lost.
-- What was trimmed or deleted before a node settled it is gone; it can only be told. So it is where there is more than
-- Redis has room for: what has waited longest goes.
--
-- GROUP, publish.lua and stream-ids.lua stand before it. KEYS are the inbox and how many entries have left it as they
-- should (inbox-settle.lua counts). ARGV[1] is by how many milliseconds an id may be ahead of the clock of Redis, ARGV[2]
-- how many bytes of memory the inbox may take.
-- Answers whether the ids were set right, how many entries were added again, how many are gone unseen, how many more
-- went for want of room, and how many bytes the inbox takes.
local inbox, settled = KEYS[1], KEYS[2]

for _, asked in ipairs({ { 'XADD', inbox, '*', 'event', '' }, { 'XDEL', inbox, '0-0' }, { 'XSETID', inbox, '1-0' }, { 'XTRIM', inbox, 'MAXLEN', '0' },
  { 'XGROUP', 'SETID', inbox, GROUP, '0' }, { 'SET', settled, '0' } }) do
  if not may(unpack(asked)) then return forbidden(asked[1], inbox) end
end

local info = redis.pcall('XINFO', 'STREAM', inbox)
-- It is not there yet.
if info.err then return { 0, 0, 0, 0, 0 } end
info = by_name(info)
-- A Redis before 7 does not count.
if not info['entries-added'] then return { 0, 0, 0, 0, 0 } end

-- Of more, none is an event.
local MANY_FIELDS = 2000

local function mend(highest, now)
  local added_again, from = take_back(inbox, info['entries-added'], highest, now)
  for _, found in ipairs(redis.call('XINFO', 'GROUPS', inbox)) do
    local group = by_name(found)
    -- Who was given an entry that is far ahead was given all before it.
    if group.name == GROUP and is_after(group['last-delivered-id'], highest) then
      for _, pending in ipairs(redis.call('XPENDING', inbox, GROUP, '(' .. highest, '+', 1000000)) do
        redis.call('XACK', inbox, GROUP, pending[1])
      end
      redis.call('XGROUP', 'SETID', inbox, GROUP, from)
    end
  end
  for _, fields in ipairs(added_again) do redis.call('XADD', inbox, '*', unpack(fields, 1, math.min(#fields, MANY_FIELDS))) end
  return #added_again
end

local time = redis.call('TIME')
local now_ms = time[1] * 1000 + math.floor(time[2] / 1000)
local highest = string.format('%.0f-18446744073709551615', now_ms + tonumber(ARGV[1]))
local is_wrong = is_after(info['last-generated-id'], highest)
local again = is_wrong and mend(highest, string.format('%.0f-0', now_ms)) or 0

-- All of it is looked at, since entries differ in size; that is much only where the inbox is as good as full.
local function memory() return redis.call('MEMORY', 'USAGE', inbox, 'SAMPLES', 0) or 0 end

local function make_room(most)
  local before, used = redis.call('XLEN', inbox), memory()
  local length = before
  while used > most and length > 0 do
    length = math.floor(length * most / used)
    redis.call('XTRIM', inbox, 'MAXLEN', length)
    used = memory()
  end
  return before - length, used
end

local trimmed, used = make_room(tonumber(ARGV[2]))
local added = by_name(redis.call('XINFO', 'STREAM', inbox))['entries-added']
local left = added - redis.call('XLEN', inbox)
local known = tonumber(redis.call('GET', settled) or left)
-- Fewer left than were settled where the stream is another one than before.
if left ~= known or redis.call('EXISTS', settled) == 0 then redis.call('SET', settled, left) end
return { is_wrong and 1 or 0, again, math.max(0, left - known - trimmed), trimmed, used }
