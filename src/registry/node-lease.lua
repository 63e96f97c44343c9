-- The lease of a node, and what depends on it, all by the clock of Redis, so that nodes need not agree on the time.
-- registry.lua and interest.lua stand before it. ARGV: verb, node, time, grace, lease; and to renew, the report of the node and the
-- hashes of its settings.
local verb, node, time, grace, lease, report, settings = unpack(ARGV)
local REPORTS, SETTINGS = NODES .. ':reports', NODES .. ':settings'
-- The highest number in one call, so that no call takes long.
local MANY = 250
local verbs = {}

-- Renews the lease of the node. Answers how many ids the node has, whether it was reaped, and the number of its last
-- batch.
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

-- Called once a node has restored what was reaped; from then on it is like any other node.
function verbs.clear_reaped()
  return { redis.call('DEL', CONN .. ':reaped:' .. node) }
end

local function leave_nodes(gone)
  redis.call('ZREM', NODES, gone)
  redis.call('HDEL', DONE, gone)
  redis.call('HDEL', STEADY, gone)
  redis.call('HDEL', REPORTS, gone)
  redis.call('HDEL', SETTINGS, gone)
  redis.call('HDEL', CONFIRMED, gone)
end

-- Removes the connections of a node whose lease has expired, and what they listened to, in parts. Answers whether there may be more. When Redis
-- was away or hung, the leases of all nodes have expired: so a node reaps only after its own lease has held for a
-- while, which lets the others come back as well.
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
  local listens = lose_interest(dead, MANY)
  if redis.call('EXISTS', held) == 0 and not listens then leave_nodes(dead) end
  return { 1 }
end

-- Tells which principals are offline, since their grace has ended. Answers whether there may be more.
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

-- Ends the lease of a node that has no connection left, and that listens to nothing. Otherwise the lease stays, and the rest is reaped when it
-- expires.
function verbs.leave()
  if redis.call('EXISTS', CONN .. ':node:' .. node, topics_of(node)) == 0 then leave_nodes(node) end
  return { 0 }
end

local answer = verbs[verb]()
publish_told()
return answer
