-- Reads the first page of some tails and hashes, and the end of the log, in one instant. Of the wanted last entries
-- of a tail only as many are read as there is room for; the others can be read later, up to that end.
--
-- KEYS[1] is the end of the log, as hub-names.lua says; the others are tails or hashes. ARGV[1] is for how many bytes there
-- is room. Then one value follows for each tail or hash: how many entries of the tail, or `=` and the field of the
-- hash. Answers the end of the log, and for each tail or hash: 1 where that is all, else 0; the id after which to go
-- on; and the entries of the tail, or the value of the hash, which is nil where there is none.
local STEP = 16
local room = tonumber(ARGV[1])

-- The id of the entry at this distance from one end.
local function id_at(tail, command, from, to, distance)
  while distance > 0 do
    local found = redis.call(command, tail, from, to, 'COUNT', math.min(STEP, distance))
    if #found == 0 then return '0-0' end
    distance, from = distance - #found, '(' .. found[#found][1]
  end
  return from:sub(2)
end

local function start_of(tail, count)
  local length = redis.call('XLEN', tail)
  if length <= count then return '0-0' end
  if count < length - count then return id_at(tail, 'XREVRANGE', '+', '-', count + 1) end
  return id_at(tail, 'XRANGE', '-', '+', length - count)
end

local function first_page(tail, count)
  local at, page, step = start_of(tail, count), {}, 1
  while room > 0 do
    local found = redis.call('XRANGE', tail, '(' .. at, '+', 'COUNT', step)
    for _, entry in ipairs(found) do
      if room <= 0 then return { 0, at, page } end
      page[#page + 1], at = entry, entry[1]
      for _, text in ipairs(entry[2]) do room = room - #text end
    end
    if #found < step then return { 1, at, page } end
    step = STEP
  end
  return { 0, at, page }
end

local kept = { (redis.call('GET', KEYS[1]) or '0-0'):match('^%S*') }
for i = 2, #KEYS do
  local query = ARGV[i]
  if query:sub(1, 1) == '=' then
    local value = redis.call('HGET', KEYS[i], query:sub(2))
    if value then room = room - #value end
    kept[i] = { 1, '', value }
  else
    kept[i] = first_page(KEYS[i], tonumber(query))
  end
end
return kept
