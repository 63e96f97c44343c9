-- What ingress-repair.lua and log-repair.lua share to repair streams. A user who may add to a stream may choose the
-- id, and a very high one leaves no id for later entries, since `XADD … *` needs one that is higher than the last.
--
-- GROUP and publish.lua stand before it. KEYS are the log and its end (hub-names.lua); and in shard 0 the ingress, the count of
-- its settled entries (ingress-settle.lua counts), and the dead letters. ARGV[1] is by how many milliseconds an id
-- may be ahead of the clock of Redis, ARGV[2] how many bytes of memory the ingress may take, ARGV[3] how many entries
-- the ingress may hold so that it is moved, ARGV[4] how many pending entries are checked, ARGV[5] after how many
-- milliseconds the memory of the ingress is measured again.
local log, last, ingress, settled, dead_letters = unpack(KEYS)
use_hub(log:match('^{(.+)}:log$'))

-- The highest id that model/cursor.ts takes. No cursor has more digits in its second part.
local HIGHEST_CURSOR = '999999999999999-999999999999999'
local SEQUENCE_DIGITS = #HIGHEST_CURSOR:match('%d+$')
local STEP = 16
-- An entry with more fields becomes a dead letter, whatever they hold.
local MANY_FIELDS = 100

-- The damage that was found: { what, count, detail } each.
local found = {}
local function note(...) found[#found + 1] = { ... } end

-- The parts of an id may be too large for an exact number of Lua, so they are compared as texts.
local function is_after(id, other)
  local ms, sequence = id:match('^(%d+)-(%d+)$')
  local other_ms, other_sequence = other:match('^(%d+)-(%d+)$')
  if ms == other_ms then ms, other_ms = sequence, other_sequence end
  if #ms ~= #other_ms then return #ms > #other_ms end
  return ms > other_ms
end

local function is_unusable(id, highest) return is_after(id, highest) or #id:match('%d+$') > SEQUENCE_DIGITS end

local function type_of(key) return redis.call('TYPE', key).ok end

local function by_name(list)
  local named = {}
  for i = 1, #list, 2 do named[list[i]] = list[i + 1] end
  return named
end

local function info_of(stream) return by_name(redis.call('XINFO', 'STREAM', stream)) end

local time = redis.call('TIME')
local now_ms = time[1] * 1000 + math.floor(time[2] / 1000)
local HIGHEST_IN_TIME = ('%.0f-%s'):format(now_ms + tonumber(ARGV[1]), ('9'):rep(SEQUENCE_DIGITS))

-- Checks all rights before the first write, since Redis does not undo the writes of a script that fails halfway.
local function demand_rights(stream, old)
  local demands = {
    { 'RENAME', stream, old }, { 'XADD', stream, '*', 'e', '' }, { 'XSETID', stream, '1-0' },
    { 'XGROUP', 'CREATE', stream, GROUP, '0' }, { 'XGROUP', 'SETID', stream, GROUP, '0' },
    { 'XCLAIM', stream, GROUP, '', '0', '0-0' }, { 'XDEL', old, '0-0' }, { 'DEL', old }, { 'SET', settled or last, '0' },
  }
  for _, demand in ipairs(demands) do
    if not may(unpack(demand)) then error(forbidden(demand[1], stream)) end
  end
  local refusal = stream == log and refusal_of_rights()
  if refusal then error(refusal) end
end

local function add(stream, id, fields)
  redis.call('XADD', stream, id, unpack(fields, 1, math.min(#fields, 2 * MANY_FIELDS)))
end

-- Moves a stream into a new one, since most versions of Redis do not let a stream go back before an entry that was
-- deleted. Entries before the first unusable id keep their ids; `add_again` is called with the fields of each other entry.
-- Answers the id after which the new stream goes on, and the set of the ids that exist no more.
local function move(stream, highest, add_again)
  local old, from, gone = stream .. ':moving', ('%.0f-0'):format(now_ms + 1), {}
  local function go_on() if redis.call('EXISTS', stream) == 1 then redis.call('XSETID', stream, from) end end
  local is_past = false
  repeat
    local entries = redis.call('XRANGE', old, '-', '+', 'COUNT', STEP)
    for _, entry in ipairs(entries) do
      local id, fields = entry[1], entry[2]
      if not is_past and is_unusable(id, highest) then
        is_past = true
        go_on()
      end
      if is_past then
        gone[id] = true
        add_again(fields)
      else
        add(stream, id, fields)
        if is_after(id, from) then from = id end
      end
      redis.call('XDEL', old, id)
    end
  until #entries == 0
  if not is_past then go_on() end
  redis.call('DEL', old)
  return from, gone
end

local function put_aside(stream)
  demand_rights(stream, stream .. ':moving')
  redis.call('RENAME', stream, stream .. ':moving')
end

local function count_of(set)
  local count = 0
  for _ in pairs(set) do count = count + 1 end
  return count
end
