-- Moves entries from the ingress into the log, or to the dead letters, each in one step: a node that ends at any moment leaves an
-- entry either where it was or where it belongs, and an entry that two nodes hold is moved by one of them.
--
-- Only the first of all pending entries is moved, so the order of the ingress is that of the log whoever has read what.
-- What comes after an entry that another node holds has to wait for that.
--
-- GROUP, LIMITS and publish.lua stand before it. KEYS are the log, the ingress, the dead letters, and how many entries have left
-- the ingress like this, where that is counted (ingress-repair.lua). ARGV[1] is the node; then come seven for each entry,
-- oldest first: its id, what becomes of it, and what the functions below take.
-- Answers for each entry until one has to wait: 1 when it was moved now, 0 when somebody had done so before.
local log, ingress, dead_letters, settled = KEYS[1], KEYS[2], KEYS[3], KEYS[4]

local node = ARGV[1]

-- Its id, and who holds it.
local function first_pending(from, to)
  return unpack(redis.call('XPENDING', ingress, GROUP, from, to, 1)[1] or {})
end

-- By memory as well, or ten thousand large ones would fill Redis.
local function trim_dead_letters()
  local used = redis.pcall('MEMORY', 'USAGE', dead_letters)
  if type(used) ~= 'number' or used <= LIMITS.dead_letter_bytes then return end
  redis.pcall('XTRIM', dead_letters, 'MAXLEN', math.floor(redis.call('XLEN', dead_letters) / 2))
end

local become = {}

function become.event(_, event, kind, action, key, says)
  local ids = publish(log, { event }, { kind ~= '' and { kind, action, key, says } or nil })
  if ids.err then error(ids) end
end

function become.dead_letter(id, text, reason, message, time)
  redis.call('XADD', dead_letters, 'MAXLEN', '~', LIMITS.dead_letter_entries, '*',
    'reason', reason, 'message', message, 'event', text, 'time', time, 'entry', id)
  trim_dead_letters()
end

-- Somebody has removed it from the ingress.
function become.nothing() end

-- Without these an entry would be moved, and stay.
if not may('XACK', ingress, GROUP, '0-0') then return forbidden('XACK', ingress) end
if not may('XDEL', ingress, '0-0') then return forbidden('XDEL', ingress) end
if not may('INCR', settled) then return forbidden('INCR', settled) end

local is_counted = redis.call('EXISTS', settled) == 1
local outcomes = {}
for i = 2, #ARGV, 7 do
  local id = ARGV[i]
  local first, holder = first_pending('-', '+')
  -- Whoever may add can give an id twice: what a node holds under it is the entry of which it is the holder.
  local is_first = first == id and holder == node
  if not is_first and first_pending(id, id) then break end
  if is_first then
    -- Last, so that what Redis refuses in between leaves the entry where it was.
    become[ARGV[i + 1]](id, unpack(ARGV, i + 2, i + 6))
    redis.call('XACK', ingress, GROUP, id)
    redis.call('XDEL', ingress, id)
    if is_counted then redis.call('INCR', settled) end
  end
  outcomes[#outcomes + 1] = is_first and 1 or 0
end
return outcomes
