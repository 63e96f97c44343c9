-- Lists tails of a type that retain.lua has named, each with the id of its newest event, for a range of the names.
-- Names of tails that have expired are deleted.
--
-- KEYS[1] is the set of names, `{<prefix>}:tails:<type>`. ARGV are the first and the last name to read, as
-- ZRANGEBYLEX takes them, and how many at most. Answers the name after which to go on, empty at the end; and then for
-- each tail its key, its action and the id.
local begin, kind = KEYS[1]:match('^({.+}:)tails:(.*)$')

local function plain(text)
  return (text:gsub('%%(%x%x)', function(byte) return string.char(tonumber(byte, 16)) end))
end

local names = redis.call('ZRANGEBYLEX', KEYS[1], ARGV[1], ARGV[2], 'LIMIT', 0, ARGV[3])
local found = { #names == tonumber(ARGV[3]) and names[#names] or '' }
for _, name in ipairs(names) do
  local key, action = name:match('^([^:]*):(.*)$')
  local tail = key and begin .. 'tail:' .. kind .. '.' .. action .. ':' .. plain(key)
  local newest = tail and redis.pcall('XREVRANGE', tail, '+', '-', 'COUNT', 1)[1]
  if newest then
    found[#found + 1], found[#found + 2], found[#found + 3] = plain(key), plain(action), newest[1]
  else
    redis.call('ZREM', KEYS[1], name)
  end
end
return found
