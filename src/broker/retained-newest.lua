-- Reads the newest entry of each of some tails, or the value of each of some fields of a hash, until there are enough
-- bytes: the sizes are known only when they are read. At least one is read, whatever its size.
--
-- KEYS are the tails, or the hash. ARGV[1] is how many bytes are enough, the others are the fields of the hash.
-- Answers what was read, in the same order: the entry, the value, or nil where there is none.
local enough = tonumber(ARGV[1])
local isHash = #ARGV > 1
local count = isHash and #ARGV - 1 or #KEYS

local found, bytes = {}, 0
for i = 1, count do
  if isHash then
    local value = redis.call('HGET', KEYS[1], ARGV[i + 1])
    found[i] = value
    bytes = bytes + (value and #value or 0)
  else
    local entry = redis.call('XREVRANGE', KEYS[i], '+', '-', 'COUNT', 1)[1]
    found[i] = entry or false
    for _, text in ipairs(entry and entry[2] or {}) do bytes = bytes + #text end
  end
  if bytes >= enough then break end
end
return found
