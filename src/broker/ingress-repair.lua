-- Repairs the ingress when a user of Redis did something to it so that it no longer accepts or delivers entries, and
-- finds out what was lost. Entries that were trimmed or deleted before a node settled them can only be counted. When
-- the ingress takes too much memory, the entries that have waited longest are dropped, and counted as well.
--
-- stream-repair.lua stands before it. A second run finds nothing to do, so of several nodes that check at once only
-- one repairs.

-- Where something goes that is not a stream and held the key of the ingress.
local displaced = ingress and ingress .. ':displaced'
-- How many bytes the ingress takes, as of the last check. All nodes share the number, since measuring a large ingress
-- takes long.
local measured = ingress and ingress .. ':bytes'
-- A larger ingress is not moved until the nodes have consumed enough of it: moving it would block Redis for too long.
local MAX_MOVED = tonumber(ARGV[3])
-- How many pending entries are checked; nodes hold far fewer.
local MAX_HELD = tonumber(ARGV[4])

local function group_of(stream)
  for _, listed in ipairs(redis.call('XINFO', 'GROUPS', stream)) do
    local group = by_name(listed)
    if group.name == GROUP then return group end
  end
end

-- Renames whatever holds the key of the ingress and is not a stream. It is not deleted, since nobody knows what it
-- is.
local function displace_other_types()
  local kind = type_of(ingress)
  if kind == 'none' or kind == 'stream' then return end
  redis.call('RENAME', ingress, displaced)
  redis.call('DEL', settled)
  note('ingress_type', 1, kind)
end

-- Makes the group where it is missing. It begins at the start of the stream, since settled entries are no longer in
-- the stream.
local function ensure_group()
  if type_of(ingress) == 'stream' and group_of(ingress) then return end
  local is_lost = redis.call('EXISTS', settled) == 1
  redis.call('XGROUP', 'CREATE', ingress, GROUP, '0', 'MKSTREAM')
  redis.call('DEL', settled)
  if is_lost then note('ingress_group', 1, '') end
end

-- Notes under `what` how many entries were dropped before any node had settled them. An entry that left the ingress
-- was settled, was dropped, or is still held by a node that may settle it yet. Answers how many are of that last
-- kind; nil where too many entries are pending to say.
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

-- SAMPLES 0 measures every entry, since entries differ in size.
local function measure()
  local bytes = redis.pcall('MEMORY', 'USAGE', ingress, 'SAMPLES', 0)
  return type(bytes) == 'number' and bytes or 0
end

-- Trims the ingress to this many bytes, and answers how many it takes then.
local function make_room(most)
  local known = tonumber(redis.pcall('GET', measured))
  if known then return known end
  local bytes, length = measure(), redis.call('XLEN', ingress)
  if bytes > most and not may('XTRIM', ingress, 'MAXLEN', '0') then error(forbidden('XTRIM', ingress)) end
  while bytes > most and length > 0 do
    length = math.floor(length * most / bytes)
    redis.call('XTRIM', ingress, 'MAXLEN', length)
    bytes = measure()
  end
  redis.call('SET', measured, bytes, 'PX', ARGV[5])
  return bytes
end

-- Moves the ingress where its last id is unusable. The nodes keep the entries that they hold, except for entries that get
-- a new id. `missing` entries are pending but no longer in the stream: a node can still settle them, but only as long
-- as they stay pending, so then the move waits.
local function repair_ids(missing)
  local info = info_of(ingress)
  if not is_unusable(info['last-generated-id'], HIGHEST_IN_TIME) then return end
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

-- Checks and repairs the ingress, and answers how many bytes it takes.
local function repair_ingress(most)
  displace_other_types()
  ensure_group()
  count_dropped('ingress_gone')
  local bytes = make_room(most)
  repair_ids(count_dropped('ingress_full'))
  return bytes
end
