-- Keeps the log within LIMITS.log_bytes of JSON, but for what one publish appends:
--   {<prefix>}:log:bytes   how many were ever appended
--   {<prefix>}:log:marks   a sorted set of some ids of the log, by how many came before each
-- A mark is set wherever another part of the limit is full, and the log is trimmed at one of them. So nothing that goes
-- has to be read, and whatever else trims the log, removes one of the three or appends without counting upsets nothing.
-- Never fails, since the events are in the log already. Whether the user may count is asked before.
local PARTS = 64

local function mark(marks, id, before)
  local function add() return redis.pcall('ZADD', marks, before, id) end
  if type(add()) == 'table' then
    redis.pcall('DEL', marks)
    add()
  end
end

local function time_of(id) return tonumber(id:match('^%d+')) end

-- Two parts are left for what comes until the next mark is set and reached.
local function trim_bytes(log, marks, total, last)
  local passed = redis.pcall('ZRANGEBYSCORE', marks, '-inf', total - LIMITS.log_bytes * (PARTS - 2) / PARTS)
  local newest = table.remove(passed)
  if not newest then return end
  -- The log began anew, and numbers from the past.
  if time_of(newest) > time_of(last) then return redis.pcall('DEL', marks) end
  redis.pcall('XTRIM', log, 'MINID', newest)
  if #passed > 0 then redis.pcall('ZREM', marks, unpack(passed)) end
end

local function bound_bytes(log, ids, events)
  -- Absent where the rules are those of an older node.
  if not LIMITS.log_bytes then return end
  local added, counter, marks = 0, log .. ':bytes', log .. ':marks'
  for _, event in ipairs(events) do added = added + #event end
  local total = redis.pcall('INCRBY', counter, added)
  if type(total) == 'table' then return redis.pcall('DEL', counter) end
  if total == added then redis.pcall('DEL', marks) end

  local part, before = LIMITS.log_bytes / PARTS, total - added
  local filled = math.floor(before / part)
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
