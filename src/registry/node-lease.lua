-- What nodes do by the clock of Redis, so that they need not agree on the time. registry.lua stands before it.
-- ARGV: verb, node, time, grace, lease; and to renew, what the node says of itself and of its settings.
local verb, node, time, grace, lease, report, settings = unpack(ARGV)
local REPORTS, SETTINGS = NODES .. ':reports', NODES .. ':settings'
-- Of one call, so that none takes long.
local MANY = 250
local verbs = {}

-- Answers how many ids the node has, whether it was reaped, and the number of its last batch.
function verbs.renew()
  local now = now_ms()
  local ends = tonumber(redis.call('ZSCORE', NODES, node) or 0)
  if ends <= now or redis.call('HEXISTS', STEADY, node) == 0 then redis.call('HSET', STEADY, node, now) end
  redis.call('ZADD', NODES, now + lease, node)
  redis.call('HSET', REPORTS, node, report)
  redis.call('HSET', SETTINGS, node, settings)
  return {
    redis.call('SCARD', CONN .. ':node:' .. node),
    redis.call('EXISTS', CONN .. ':reaped:' .. node),
    tonumber(redis.call('HGET', DONE, node) or 0),
  }
end

-- Once a node has restored what was reaped, it is like any other.
function verbs.clear_reaped()
  return { redis.call('DEL', CONN .. ':reaped:' .. node) }
end

local function leave_nodes(gone)
  redis.call('ZREM', NODES, gone)
  redis.call('HDEL', DONE, gone)
  redis.call('HDEL', STEADY, gone)
  redis.call('HDEL', REPORTS, gone)
  redis.call('HDEL', SETTINGS, gone)
end

-- Takes out of the registry what a node holds whose lease has ended. Answers whether there may be more.
-- When Redis was away or hung, the leases of all have ended: whoever is back first lets the others come back as well.
function verbs.reap()
  local now = now_ms()
  local dead = redis.call('ZRANGEBYSCORE', NODES, '-inf', now, 'LIMIT', 0, 1)[1]
  local steady = tonumber(redis.call('HGET', STEADY, node) or now)
  if not dead or now - steady < tonumber(lease) or tonumber(redis.call('ZSCORE', NODES, node) or 0) <= now then
    return { 0 }
  end
  redis.call('SET', CONN .. ':reaped:' .. dead, 1, 'PX', REAPED_MS)
  local held = CONN .. ':node:' .. dead
  for _, id in ipairs(redis.call('SPOP', held, MANY)) do
    local text = redis.call('HGET', CONN, id)
    if text then
      local row = parsed(id, text)
      tell_deleted(row, time, '"node lost"')
      leave(row, dead, time, grace)
    end
  end
  if redis.call('EXISTS', held) == 0 then leave_nodes(dead) end
  return { 1 }
end

-- Tells whose grace has ended. Answers whether there may be more.
function verbs.expire_grace()
  local due = redis.call('ZRANGEBYSCORE', LEAVING, '-inf', now_ms(), 'LIMIT', 0, MANY)
  for _, principal in ipairs(due) do
    local presence = presence_of(principal)
    local last = redis.call('HGET', presence, 'last') or time
    redis.call('ZREM', LEAVING, principal)
    redis.call('ZREM', PRESENT, principal)
    redis.call('HSET', presence, 'since', last)
    redis.call('PEXPIRE', presence, SEEN_MS)
    tell(time, 'presence', 'offline', principal, seen(principal, 'false', last, last), true)
  end
  return { #due == MANY and 1 or 0 }
end

-- What it could not take out of the registry keeps its lease, and is reaped when that ends.
function verbs.leave()
  if redis.call('EXISTS', CONN .. ':node:' .. node) == 0 then leave_nodes(node) end
  return { 0 }
end

local answer = verbs[verb]()
publish_told()
return answer
