-- Reads entries of a stream until there are enough of them, or enough bytes: how large entries are is known only when
-- they are read, and a page of so many could be half a gigabyte.
--
-- KEYS[1] is the stream. ARGV[1] is XRANGE or XREVRANGE, ARGV[2] and ARGV[3] are its bounds, ARGV[4] is how many entries
-- are enough, ARGV[5] how many bytes. One entry is always read, whatever its size.
-- Answers 1 where the stream has no more between the bounds, else 0; and the entries.
local stream, command, from, to = KEYS[1], ARGV[1], ARGV[2], ARGV[3]
local enough, enough_bytes = tonumber(ARGV[4]), tonumber(ARGV[5])

-- So few are read ahead that what is read and not sent stays small.
local STEP = 16

local page, bytes = {}, 0

local function next_step()
  if #page == 0 then return 1 end
  local fitting = math.floor((enough_bytes - bytes) * #page / math.max(bytes, 1))
  return math.max(1, math.min(STEP, enough - #page, fitting))
end

while #page < enough and bytes < enough_bytes do
  local step = next_step()
  local found = redis.call(command, stream, from, to, 'COUNT', step)
  for i = 1, #found do
    if bytes >= enough_bytes then return { 0, page } end
    page[#page + 1] = found[i]
    for _, text in ipairs(found[i][2]) do bytes = bytes + #text end
  end
  if #found < step then return { 1, page } end
  from = '(' .. found[#found][1]
end
return { 0, page }
