-- Decides whether a publish is new, a repetition, or a try that comes too late. LIMITS stands before it.

-- Tries are numbered upwards, and a stream takes no id twice and none that is lower: so by one write a try is claimed,
-- remembered, and kept from happening again. Its ids are those of the `n` entries after `p`.
local function note_outcome(outcomes, number, previous, count)
  return redis.pcall('XADD', outcomes, 'MAXLEN', '~', LIMITS.outcomes, number .. '-0', 'p', previous, 'n', count)
end

local function claim(by, previous, count)
  if not by.outcomes then return end
  local noted = note_outcome(by.outcomes, by.number, previous, count)
  if type(noted) ~= 'table' then return end
  local is_late = noted.err:find('equal or smaller', 1, true)
  return is_late and redis.error_reply('BELFRY superseded: a later try came first; expected a new one') or noted
end

-- nil where the key is new.
local function known_ids(once, digest)
  local known = redis.call('GET', once)
  if not known then return nil end
  local of, ids = known:match('^(%S+)'), {}
  if of ~= digest then
    return redis.error_reply('BELFRY idempotency_key_reused: the key was used for other events; '
      .. 'expected the same events, or another key')
  end
  for id in known:sub(#of + 1):gmatch('%S+') do ids[#ids + 1] = id end
  return ids
end

