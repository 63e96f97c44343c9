-- Moves entries from the ingress into the log, or to the dead letters, each in one step. A node may end at any
-- moment: an entry is then either still in the ingress or moved completely. An entry that two nodes hold is moved
-- only once.
--
-- Only the first of all pending entries is moved, so the log has the order of the ingress, whichever node has read
-- which entry. An entry waits as long as another node holds one before it.
--
-- GROUP, LIMITS and publish.lua stand before it. KEYS are the log, the ingress, the dead letters, and the count of
-- settled entries, where ingress-repair.lua keeps one. ARGV[1] is the node; then seven values follow for each entry,
-- oldest first: its id, what it becomes, and the arguments of the functions below. Answers for each entry, up to the
-- first that has to wait: 1 when it was moved now, 0 when it was settled before.
local log, ingress, dead_letters, settled = KEYS[1], KEYS[2], KEYS[3], KEYS[4]

local node = ARGV[1]

-- The id of the first pending entry in a range, and the node that holds it.
local function first_pending(from, to)
  return unpack(redis.call('XPENDING', ingress, GROUP, from, to, 1)[1] or {})
end

-- Trims the dead letters by memory as well, since ten thousand large ones would fill Redis.
local function trim_dead_letters()
  local used = redis.pcall('MEMORY', 'USAGE', dead_letters)
  if type(used) ~= 'number' or used <= LIMITS.dead_letter_bytes then return end
  redis.pcall('XTRIM', dead_letters, 'MAXLEN', math.floor(redis.call('XLEN', dead_letters) / 2))
end

local become = {}

local told = { events = {}, kinds = {}, ids = {} }

function become.event(_, event, kind, action, key, says)
  local ids = publish(log, { event }, { { kind, action, key, says } }, { told = told })
  if not ids.err then return end
  tell_nodes(log, told)
  error(ids)
end

function become.dead_letter(id, text, reason, message, time)
  redis.call('XADD', dead_letters, 'MAXLEN', '~', LIMITS.dead_letter_entries, '*',
    'reason', reason, 'message', message, 'event', text, 'time', time, 'entry', id)
  trim_dead_letters()
end

-- For an entry that somebody removed from the ingress.
function become.nothing() end

-- Without these rights an entry would be moved and would stay in the ingress as well.
if not may('XACK', ingress, GROUP, '0-0') then return forbidden('XACK', ingress) end
if not may('XDEL', ingress, '0-0') then return forbidden('XDEL', ingress) end
if not may('INCR', settled) then return forbidden('INCR', settled) end

local is_counted = redis.call('EXISTS', settled) == 1
local outcomes = {}
for i = 2, #ARGV, 7 do
  local id = ARGV[i]
  local first, holder = first_pending('-', '+')
  -- A user who may add entries can use an id twice, so the holder is compared as well as the id.
  local is_first = first == id and holder == node
  if not is_first and first_pending(id, id) then break end
  if is_first then
    -- The entry is acknowledged last, so that it stays in the ingress when Redis refuses the move.
    become[ARGV[i + 1]](id, unpack(ARGV, i + 2, i + 6))
    redis.call('XACK', ingress, GROUP, id)
    redis.call('XDEL', ingress, id)
    if is_counted then redis.call('INCR', settled) end
  end
  outcomes[#outcomes + 1] = is_first and 1 or 0
end
tell_nodes(log, told)
return outcomes
