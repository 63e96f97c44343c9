-- Tells for certain what became of one attempt to publish, and makes sure that it has no effect later: a command that
-- timed out, or whose connection was cut, may still be waiting somewhere.
--
-- KEYS are the log, the outcomes of the publishing node, and the idempotency key if there is one. ARGV[1] is the
-- number of the attempt, ARGV[2] the digest that belongs to the key. publish.lua stands before it. Answers `accepted`
-- and the ids; or `nowhere` when the attempt had no effect and never will have one; or `unknown` where the outcomes
-- are gone.
local log, outcomes, once = KEYS[1], KEYS[2], KEYS[3]
local number = ARGV[1]

local function accepted(ids)
  table.insert(ids, 1, 'accepted')
  return ids
end

local function ids_after(previous, count)
  local ids = {}
  for i, entry in ipairs(redis.call('XRANGE', log, '(' .. previous, '+', 'COUNT', count)) do ids[i] = entry[1] end
  return #ids == count and accepted(ids) or { 'unknown' }
end

local known = once and known_ids(once, ARGV[2])
if known then return known.err and known or accepted(known) end
if redis.call('EXISTS', outcomes) == 0 then return { 'unknown' } end
local found = redis.call('XRANGE', outcomes, number .. '-0', number .. '-0')[1]
if found then
  local count = tonumber(found[2][4])
  if count == 0 then return { 'nowhere' } end
  return ids_after(found[2][2], count)
end
-- From now on every attempt with this number or a lower one is refused.
if type(note_outcome(outcomes, number, '0-0', 0)) ~= 'table' then return { 'nowhere' } end
local oldest = redis.call('XRANGE', outcomes, '-', '+', 'COUNT', 1)[1]
if oldest and tonumber(oldest[1]:match('^%d+')) > tonumber(number) then return { 'unknown' } end
return { 'nowhere' }
