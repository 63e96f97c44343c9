-- Moves entries from the ingress into the log, or to the dead letters, each in one step. A node may end at any
-- moment: an entry is then either still in the ingress or moved completely. An entry that two nodes hold is moved
-- only once.
--
-- GROUP, LIMITS, publish.lua, dead-letters.lua and ingress-holders.lua, which says what has to wait, stand before it. KEYS are the log, the ingress, the dead letters, and the count of
-- settled entries, where ingress-repair.lua keeps one. ARGV[1] is the consumer, and ARGV[2] how many treatments follow, of
-- five values each: what an entry becomes, and four values which that takes. Then three values follow for each entry,
-- oldest first: its id, its text, and the number of its treatment, since many entries have the same one. Answers for each
-- entry, up to the first that has to wait: 1 when it was moved now, 0 when it was settled before, 2 when it waits for its
-- shard from now on. Events that follow each other are published together, which costs far less than one after the other.
local log, ingress, dead_letters, settled = KEYS[1], KEYS[2], KEYS[3], KEYS[4]

local consumer, treatments = ARGV[1], {}
for i = 1, tonumber(ARGV[2]) do
  local becomes, a, b, c, d = unpack(ARGV, i * 5 - 2, i * 5 + 2)
  treatments[i] = { a, b, c, d, becomes = becomes }
end
local before = 2 + #treatments * 5

-- Without these rights an entry would be moved and would stay in the ingress as well.
if not may('XACK', ingress, GROUP, '0-0') then return forbidden('XACK', ingress) end
if not may('XDEL', ingress, '0-0') then return forbidden('XDEL', ingress) end
if not may('XCLAIM', ingress, GROUP, consumer, '0', '0-0') then return forbidden('XCLAIM', ingress) end
if not may('INCRBY', settled, 1) then return forbidden('INCRBY', settled) end
use_hub(log:match('^{(.+)}:log$'))
local refusal = refusal_of_rights()
if refusal then return refusal end

local is_counted = redis.call('EXISTS', settled) == 1

-- Entries are acknowledged as soon as they are moved, and not before, so that they stay in the ingress when Redis
-- refuses the move.
local function acknowledge(ids)
  redis.call('XACK', ingress, GROUP, unpack(ids))
  redis.call('XDEL', ingress, unpack(ids))
  if is_counted then redis.call('INCRBY', settled, #ids) end
end

local function move_events(ids, events, kinds)
  local answer = publish(events, kinds)
  if not answer.err then
    conclude(events, kinds, answer)
    return acknowledge(ids)
  end
  if #ids == 1 then error(answer) end
  -- Those before the one that is refused are moved all the same.
  for i, id in ipairs(ids) do move_events({ id }, { events[i] }, { kinds[i] }) end
end

local function move_to_dead_letters(id, text, reason, message, time)
  add_dead_letter(dead_letters,
    'reason', reason, 'message', message, 'event', text, 'time', time, 'entry', id)
  acknowledge({ id })
end

local asked = {}
for i = before + 1, #ARGV, 3 do asked[#asked + 1] = ARGV[i] end
local outcomes = look_at(ingress, consumer, asked)
local ids, events, kinds, gone = {}, {}, {}, {}

local function move_collected()
  if #ids > 0 then move_events(ids, events, kinds) end
  ids, events, kinds = {}, {}, {}
end

for i, outcome in ipairs(outcomes) do
  local at = before + i * 3
  local id, text, treatment = ARGV[at - 2], ARGV[at - 1], treatments[tonumber(ARGV[at])]
  if outcome == 1 and treatment.becomes == 'event' then
    local n = #ids + 1
    ids[n], events[n], kinds[n] = id, text, treatment
  elseif outcome == 1 then
    move_collected()
    -- `nothing` is for an entry that somebody removed from the ingress, or that was moved to its shard.
    if treatment.becomes == 'dead_letter' then
      move_to_dead_letters(id, text, unpack(treatment, 1, 3))
    elseif treatment.becomes == 'wait' then
      -- The entry stays in the ingress, held for so long already that any node may begin to move it.
      local waiting, idle_ms = treatment[1], treatment[2]
      redis.call('XCLAIM', ingress, GROUP, waiting, 0, id, 'IDLE', idle_ms, 'JUSTID')
      outcomes[i] = 2
    else
      gone[#gone + 1] = id
    end
  end
end
move_collected()
if #gone > 0 then acknowledge(gone) end
return outcomes
