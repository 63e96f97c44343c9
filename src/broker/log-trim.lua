-- Trims the log to LIMITS.log_bytes of JSON, not counting what a single publish appends. (publish.lua trims by the
-- number of events, redis-log-trim.ts by age.) It uses two keys:
--   {<prefix>}:log:bytes   how many bytes were ever appended
--   {<prefix>}:log:marks   a sorted set of some ids of the log, by how many bytes came before each
-- A mark is set each time when another part of the limit is full, and the log is trimmed at a mark. So the entries
-- that go need not be read, and it does no harm when something else trims the log, deletes one of the keys, or
-- appends without counting. This never fails, since the events are in the log already. Whether the user has the right
-- to count is checked before.
local PARTS = 64

local function mark(marks, id, before)
  local function add() return redis.pcall('ZADD', marks, before, id) end
  if type(add()) == 'table' then
    redis.pcall('DEL', marks)
    add()
  end
end

local function time_of(id) return tonumber(id:match('^%d+')) end

-- Trims two parts more than needed, as room until the next mark is set and reached.
local function trim_bytes(log, marks, total, last)
  local passed = redis.pcall('ZRANGEBYSCORE', marks, '-inf', total - LIMITS.log_bytes * (PARTS - 2) / PARTS)
  local newest = table.remove(passed)
  if not newest then return end
  -- The log began anew, and its ids are of an earlier time than the marks.
  if time_of(newest) > time_of(last) then return redis.pcall('DEL', marks) end
  redis.pcall('XTRIM', log, 'MINID', newest)
  if #passed > 0 then redis.pcall('ZREM', marks, unpack(passed)) end
end

local function bound_bytes(log, ids, events)
  -- The limit is absent where a node of an older version wrote the rules.
  if not LIMITS.log_bytes then return end
  local added, counter = 0, log .. ':bytes'
  for i = 1, #events do added = added + #events[i] end
  -- Redis takes longer to write a number as text.
  local total = redis.pcall('INCRBY', counter, ('%d'):format(added))
  if type(total) == 'table' then return redis.pcall('DEL', counter) end
  if total == added then redis.pcall('DEL', log .. ':marks') end

  local part, before = LIMITS.log_bytes / PARTS, total - added
  -- Nearly always the rest of the present part has room.
  if total % part > added then return end
  local filled, marks = math.floor(before / part), log .. ':marks'
  if math.floor(total / part) == filled then return end
  for i, event in ipairs(events) do
    local after = before + #event
    if math.floor(after / part) > filled then
      mark(marks, ids[i], before)
      filled = math.floor(after / part)
    end
    before = after
  end
  trim_bytes(log, marks, total, ids[#ids])
end
