-- Decides about idempotency: whether a publish is new, a repetition, or an attempt that comes too late. LIMITS stands
-- before it.

-- The attempts of a node have rising numbers, and a stream refuses an id that is equal to or lower than its last. So
-- one write claims an attempt, remembers it, and keeps it from happening again. Its events are the `n` entries of the
-- log after `p`.
local function note_outcome(outcomes, number, previous, count)
  return redis.pcall('XADD', outcomes, 'MAXLEN', '~', LIMITS.outcomes, number .. '-0', 'p', previous, 'n', count)
end

local function claim(by, previous, count)
  if not by.outcomes then return end
  local noted = note_outcome(by.outcomes, by.number, previous, count)
  if type(noted) ~= 'table' then return end
  local is_late = noted.err:find('equal or smaller', 1, true)
  return is_late and redis.error_reply('BELFRY superseded: a later attempt came first; expected a new attempt') or noted
end

-- The ids that the first publish under this key was given; nil where the key is new.
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

local function note_ids(once, digest, ids)
  redis.call('SET', once, digest .. ' ' .. table.concat(ids, ' '), 'PX', LIMITS.once_ms)
end
