-- Puts right what a user of Redis can do to the ingress so that it takes or gives nothing any more, and tells what is gone.
-- What was trimmed or deleted before a node settled it can only be told. So it is where there is more than Redis has room
-- for: what has waited longest goes.
--
-- stream-repair.lua stands before it. It finds nothing left to do the second time: of nodes that look at once, one puts right.

-- What stood in the place of the ingress.
local displaced = ingress .. ':displaced'
-- How many bytes it takes, as it was when last looked at: for all nodes, since to look takes long where it is large.
local weight = ingress .. ':bytes'
-- Where the ingress holds more, nodes take from it first: to move it would keep Redis from everybody for too long.
local MAX_MOVED = tonumber(ARGV[3])
-- As many are looked at among those that nodes hold, which are far fewer.
local MAX_HELD = tonumber(ARGV[4])

local function group_of(stream)
  for _, listed in ipairs(redis.call('XINFO', 'GROUPS', stream)) do
    local group = by_name(listed)
    if group.name == GROUP then return group end
  end
end

-- Something else is in the way: it is not deleted, since nobody knows what it is.
local function clear_the_way()
  local kind = type_of(ingress)
  if kind == 'none' or kind == 'stream' then return end
  redis.call('RENAME', ingress, displaced)
  redis.call('DEL', settled)
  note('ingress_type', 1, kind)
end

-- All that is there is to be taken: what was settled is not there.
local function ensure_group()
  if type_of(ingress) == 'stream' and group_of(ingress) then return end
  local is_lost = redis.call('EXISTS', settled) == 1
  redis.call('XGROUP', 'CREATE', ingress, GROUP, '0', 'MKSTREAM')
  redis.call('DEL', settled)
  if is_lost then note('ingress_group', 1, '') end
end

-- Notes under `what` how many were dropped before any node had settled them. What left the ingress was settled, dropped, or
-- is still held by a node, which may settle it yet. Answers of how many that last is so; nil where they are too many to say.
local function count_dropped(what)
  local info = info_of(ingress)
  local left, known = info['entries-added'] - info.length, tonumber(redis.pcall('GET', settled))
  if not known then redis.call('SET', settled, left) end
  local unexplained = left - (known or left)
  if unexplained == 0 then return 0 end
  local held, missing = redis.call('XPENDING', ingress, GROUP, '-', '+', MAX_HELD), 0
  if #held == MAX_HELD then return nil end
  for _, entry in ipairs(held) do
    if #redis.call('XRANGE', ingress, entry[1], entry[1]) == 0 then missing = missing + 1 end
  end
  local dropped = unexplained - missing
  if dropped ~= 0 then redis.call('INCRBY', settled, dropped) end
  if dropped > 0 then note(what, dropped, '') end
  return missing
end

-- All of it is looked at, since entries differ in size.
local function weigh()
  local bytes = redis.pcall('MEMORY', 'USAGE', ingress, 'SAMPLES', 0)
  return type(bytes) == 'number' and bytes or 0
end

-- Answers how many bytes the ingress takes.
local function make_room(most)
  local known = tonumber(redis.pcall('GET', weight))
  if known then return known end
  local bytes, length = weigh(), redis.call('XLEN', ingress)
  if bytes > most and not may('XTRIM', ingress, 'MAXLEN', '0') then error(forbidden('XTRIM', ingress)) end
  while bytes > most and length > 0 do
    length = math.floor(length * most / bytes)
    redis.call('XTRIM', ingress, 'MAXLEN', length)
    bytes = weigh()
  end
  redis.call('SET', weight, bytes, 'PX', ARGV[5])
  return bytes
end

-- What nodes hold they go on holding, but for what comes again under a new id. `missing` of that are no longer there: a
-- node can settle them, but only for as long as Redis knows that it holds them.
local function mend_ingress(missing)
  local info = info_of(ingress)
  if not is_odd(info['last-generated-id'], HIGHEST_IN_TIME) then return end
  local held = redis.call('XPENDING', ingress, GROUP, '-', '+', MAX_HELD)
  if missing ~= 0 or #held == MAX_HELD or info.length > MAX_MOVED then return end
  local delivered = group_of(ingress)['last-delivered-id']
  put_aside(ingress)
  redis.call('XGROUP', 'CREATE', ingress, GROUP, delivered, 'MKSTREAM')
  local from, gone = move(ingress, HIGHEST_IN_TIME, function(fields) add(ingress, '*', fields) end)
  if is_after(delivered, from) then redis.call('XGROUP', 'SETID', ingress, GROUP, from) end
  for _, entry in ipairs(held) do
    local id, node, idle, deliveries = unpack(entry)
    if not gone[id] then
      redis.call('XCLAIM', ingress, GROUP, node, 0, id, 'IDLE', idle, 'RETRYCOUNT', deliveries, 'FORCE', 'JUSTID')
    end
  end
  redis.call('SET', settled, 0)
  note('ingress_ids', count_of(gone), info['last-generated-id'])
end

-- Answers how many bytes the ingress takes.
local function check_ingress(most)
  clear_the_way()
  ensure_group()
  count_dropped('ingress_gone')
  local bytes = make_room(most)
  mend_ingress(count_dropped('ingress_full'))
  return bytes
end
