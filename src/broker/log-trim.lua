-- Trims the log to LIMITS.log_bytes of JSON, not counting what a single publish appends. (publish.lua trims by the
-- number of events and counts their bytes, redis-log-trim.ts trims by age.) It uses one key:
--   {<prefix>}:log:marks   a sorted set of some ids of the log, by how many bytes were ever appended before each
-- A mark is set each time when another part of the limit is full, and the log is trimmed at a mark. So the entries
-- that go need not be read, and it does no harm when something else trims the log, deletes the key or the count, or
-- appends without counting. This never fails, since the events are in the log already.
local PARTS = 64

local function mark_and_trim(ids, events, before, total, part)
  local marks, filled = LOG .. ':marks', math.floor(before / part)

  local function mark(id)
    local function add() return redis.pcall('ZADD', marks, ('%d'):format(before), id) end
    if type(add()) == 'table' then
      redis.pcall('DEL', marks)
      add()
    end
  end

  local function time_of(id) return tonumber(id:match('^%d+')) end

  for i, event in ipairs(events) do
    local after = before + #event
    if math.floor(after / part) > filled then
      mark(ids[i])
      filled = math.floor(after / part)
    end
    before = after
  end
  -- Two parts more than needed are trimmed, as room until the next mark is set and reached.
  local passed = redis.pcall('ZRANGEBYSCORE', marks, '-inf', total - part * (PARTS - 2))
  local newest = table.remove(passed)
  if not newest then return end
  -- The log began anew, and its ids are of an earlier time than the marks.
  if time_of(newest) > time_of(ids[#ids]) then return redis.pcall('DEL', marks) end
  redis.pcall('XTRIM', LOG, 'MINID', newest)
  if #passed > 0 then redis.pcall('ZREM', marks, unpack(passed)) end
end

-- `total` is how many bytes were ever appended, with the `added` bytes of these events.
local function bound_bytes(ids, events, total, added)
  -- The limit is absent where a node of an older version wrote the rules.
  if not LIMITS.log_bytes then return end
  local part, before = LIMITS.log_bytes / PARTS, total - added
  if before == 0 then redis.pcall('DEL', LOG .. ':marks') end
  -- Nearly always the present part has room.
  if total % part < added then mark_and_trim(ids, events, before, total, part) end
end
