-- What the scripts of the registry share: its keys, and what changes in them when a connection comes or goes. Before
-- it stand publish.lua, so that a change of the registry and its event are one step; SEEN_MS and REAPED_MS; and
-- QUOTA, the share of the log that the registry may take: at once, added with each millisecond, and the bytes of one
-- unit.
--
-- KEYS[1] is the log, `{<prefix>}:log`. Beside it stand:
--   :conn                    hash: id -> row, as redis-connection-row.ts writes it
--   :conn:known              sorted set, all scores 0: `<sortable address>:<id>` of every principal but `unknown`
--   :conn:of:<principal>     the same for the connections of one principal
--   :conn:node:<node>        set of the ids that a node holds
--   :conn:counts             hash: `<dialect> <principal>` and `address <ip>` -> how many connections; absent at 0
--   :conn:done               hash: node -> the number of its last batch
--   :conn:steady             hash: node -> since when its lease has never expired
--   :conn:reaped:<node>      exists for as long as a node that was reaped may come back
--   :conn:quota              hash: left, what is left of QUOTA; at, the time of that
--   :conn:leaving            sorted set: principal -> when its grace ends
--   :nodes                   sorted set: node -> when its lease expires (node-lease.lua renews it)
--   :nodes:reports           hash: node -> its report, as JSON
--   :nodes:settings          hash: node -> the hashes of its settings, as JSON
--   :present                 sorted set, all scores 0: the principals that are online
--   :presence:<principal>    hash: n, how many connections; since; last. Expires SEEN_MS after its principal left
-- All expiry times are in milliseconds by the clock of Redis; all times in events come from the node that writes.
local BEGIN = KEYS[1]:match('^({.+}:)log$')
local CONN, NODES = BEGIN .. 'conn', BEGIN .. 'nodes'
local KNOWN, COUNTS, LEAVING, DONE = CONN .. ':known', CONN .. ':counts', CONN .. ':leaving', CONN .. ':done'
local PRESENT = BEGIN .. 'present'
local STEADY = CONN .. ':steady'
local UNKNOWN = 'unknown'

-- The rights are checked before the first write: a registry that changed without its event could not be corrected.
use_hub(BEGIN:match('^{(.+)}:$'))
local refusal = refusal_of_rights()
if refusal then return refusal end

-- The events for the log with their kinds, and the events that are told live only with theirs.
local events, kinds, live, live_kinds = {}, {}, {}, {}
local quota

-- One call takes place at one time.
local now

local function now_ms()
  if not now then
    local time = redis.call('TIME')
    now = time[1] * 1000 + math.floor(time[2] / 1000)
  end
  return now
end

-- Takes room of the quota, which is read once for all events of a call. Once an event finds no room, the later ones
-- find none either.
local function take_room(bytes)
  if not quota then
    local left, at = unpack(redis.call('HMGET', CONN .. ':quota', 'left', 'at'))
    local since = math.max(0, now_ms() - (at or now_ms()))
    quota = { left = math.min(QUOTA.burst, (left or QUOTA.burst) + since * QUOTA.per_ms), at = now_ms() }
  end
  local cost = math.ceil(bytes / QUOTA.bytes)
  local has_room = cost <= quota.left and not quota.is_full
  if has_room then quota.left = quota.left - cost else quota.is_full = true end
  return has_room
end

-- Principals are written everywhere as in JSON, without the quotes. Nodes are told which event it is in plain text.
local function plain(principal)
  return principal:find('\\', 1, true) and cjson.decode('["' .. principal .. '"]')[1] or principal
end

local function tell(time, kind, action, principal, object, is_logged)
  local event = '{"time":"' .. time .. '","type":"' .. kind .. '","action":"' .. action
    .. '","key":"' .. principal .. '","object":' .. object .. '}'
  if is_logged and take_room(#event) then
    events[#events + 1] = event
    kinds[#events] = { kind, action, plain(principal) }
  else
    live[#live + 1] = event
    live_kinds[#live] = { kind, action, plain(principal) }
  end
end

local function publish_told()
  if #events > 0 then
    local ids = publish(events, kinds)
    if ids.err then error(ids) end
    conclude(events, kinds, ids)
  end
  if quota then redis.call('HSET', CONN .. ':quota', 'left', quota.left, 'at', quota.at) end
  tell_nodes('', live, live_kinds, {})
end

local function parsed(id, text)
  local header, json = text:match('^([^\n]*)\n(.*)$')
  local address, kind, dialect, principal = header:match('^(%S+) (%a) (%S*) %S+ (.*)$')
  return {
    id = id, text = text, header = header, json = json, principal = principal,
    member = address .. ':' .. id,
    counted = kind ~= 'a',
    logged = kind == 'd',
    address = 'address ' .. address:sub(1, -5),
    count = principal ~= UNKNOWN and dialect .. ' ' .. principal,
  }
end

-- A quote within a JSON string has a backslash before it, so this can only match the field.
local function created(row) return row.json:match('"CreateTime":"([^"]*)"') end

local function presence_of(principal) return BEGIN .. 'presence:' .. principal end

local function seen(principal, online, since, last)
  return '{"principal":"' .. principal .. '","online":' .. online .. ',"since":"' .. since
    .. '","lastSeen":"' .. last .. '"}'
end

local function arrive(row, time, since, quiet)
  if not (row.counted and row.count) then return end
  local presence = presence_of(row.principal)
  if redis.call('HINCRBY', presence, 'n', 1) ~= 1 then return end
  redis.call('PERSIST', presence)
  redis.call('ZADD', PRESENT, 0, row.principal)
  if redis.call('ZREM', LEAVING, row.principal) == 1 then return end
  redis.call('HSET', presence, 'since', since)
  if quiet then return end
  tell(time, 'presence', 'online', row.principal, seen(row.principal, 'true', since, time), true)
end

-- A connection that is no longer in the registry still ends the presence that was told of it.
local function depart(row, time, grace, is_in_registry)
  if not (row.counted and row.count) then return end
  local presence = presence_of(row.principal)
  local left = is_in_registry and redis.call('HINCRBY', presence, 'n', -1) or tonumber(redis.call('HGET', presence, 'n') or 0)
  if left > 0 then return end
  redis.call('HDEL', presence, 'n')
  redis.call('HSET', presence, 'last', time)
  redis.call('ZADD', LEAVING, now_ms() + grace, row.principal)
end

local function enter(row, node, time, since, quiet)
  redis.call('HSET', CONN, row.id, row.text)
  if row.principal ~= UNKNOWN then redis.call('ZADD', KNOWN, 0, row.member) end
  redis.call('ZADD', CONN .. ':of:' .. row.principal, 0, row.member)
  redis.call('SADD', CONN .. ':node:' .. node, row.id)
  if row.counted then redis.call('HINCRBY', COUNTS, row.address, 1) end
  if row.counted and row.count then redis.call('HINCRBY', COUNTS, row.count, 1) end
  arrive(row, time, since, quiet)
end

local function count_down(name)
  if redis.call('HINCRBY', COUNTS, name, -1) <= 0 then redis.call('HDEL', COUNTS, name) end
end

local function leave(row, node, time, grace)
  redis.call('HDEL', CONN, row.id)
  if row.principal ~= UNKNOWN then redis.call('ZREM', KNOWN, row.member) end
  redis.call('ZREM', CONN .. ':of:' .. row.principal, row.member)
  redis.call('SREM', CONN .. ':node:' .. node, row.id)
  if row.counted then count_down(row.address) end
  if row.counted and row.count then count_down(row.count) end
  depart(row, time, grace, true)
end

local function tell_deleted(row, time, reason)
  tell(time, 'connections', 'delete', row.principal, row.json:sub(1, -2) .. ',"Reason":' .. reason .. '}', row.logged)
end
