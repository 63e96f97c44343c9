-- Applies changes of the connections of one node, in order. registry.lua stands before it. ARGV: node, time, grace,
-- lease, number of the batch; then all changes in one text, of which each field ends with the character 30: verb, id,
-- row, and two more arguments of the verb. Answers 0 for each change, or the limit that refused it: 1 for the
-- principal, 2 for the address.
local node, time, grace, lease, batch = unpack(ARGV, 1, 5)
local reaped = redis.call('EXISTS', CONN .. ':reaped:' .. node) == 1
local verbs = {}

local function has_room(count, max)
  if max == '' or not count then return true end
  return tonumber(redis.call('HGET', COUNTS, count) or 0) < tonumber(max)
end

-- Arguments: the highest number of connections of the principal and of the address; empty for any number.
function verbs.add(id, row, of_principal, of_address)
  if redis.call('HEXISTS', CONN, id) == 1 then return 0 end
  if row.counted and not has_room(row.count, of_principal) then return 1 end
  if row.counted and not has_room(row.address, of_address) then return 2 end
  tell(time, 'connections', 'create', row.principal, row.json, row.logged)
  enter(row, node, time, created(row))
  return 0
end

-- When the node was reaped, the end of its connections was told, so their return is told as well. When Redis merely
-- lost its data, neither is told.
function verbs.restore(id, row)
  if redis.call('HEXISTS', CONN, id) == 1 then return 0 end
  if reaped then tell(time, 'connections', 'create', row.principal, row.json, row.logged) end
  enter(row, node, time, created(row), not reaped)
  return 0
end

-- Argument: the highest number of connections of a new principal.
function verbs.update(id, row, of_principal)
  local text = redis.call('HGET', CONN, id)
  if text == row.text then return 0 end
  if not text then
    tell(time, 'connections', reaped and 'create' or 'update', row.principal, row.json, row.logged)
    enter(row, node, time, time, not reaped)
    return 0
  end
  local before = parsed(id, text)
  if before.header == row.header then
    redis.call('HSET', CONN, id, row.text)
    return 0
  end
  if before.principal ~= row.principal and row.counted and not has_room(row.count, of_principal) then return 1 end
  tell(time, 'connections', 'update', row.principal, row.json, row.logged)
  leave(before, node, time, grace)
  enter(row, node, time, time)
  return 0
end

-- Argument: the reason, as JSON. Without a row nothing is told about a connection that is not in the registry.
function verbs.remove(id, row, reason)
  local text = redis.call('HGET', CONN, id)
  if text then
    local before = parsed(id, text)
    tell_deleted(before, time, reason)
    leave(before, node, time, grace)
    return 0
  end
  redis.call('SREM', CONN .. ':node:' .. node, id)
  if row and not reaped then
    tell_deleted(row, time, reason)
    depart(row, time, grace, false)
  end
  return 0
end

local answers = {}
local CHANGE = ('([^\30]*)\30'):rep(5)
for verb, id, text, more, most in ARGV[6]:gmatch(CHANGE) do
  answers[#answers + 1] = verbs[verb](id, text ~= '' and parsed(id, text), more, most)
end
redis.call('HSET', DONE, node, batch)
-- Every connection in the registry must belong to a node with a lease.
redis.call('ZADD', NODES, 'NX', now_ms() + lease, node)
publish_told()
return answers
