-- Reads one page of a stream: entries until there are enough of them, or enough bytes. The size of an entry is known
-- only when it is read, and a page bounded by count alone could be half a gigabyte.
--
-- KEYS[1] is the stream. ARGV[1] is XRANGE or XREVRANGE, ARGV[2] and ARGV[3] are its bounds, ARGV[4] is how many
-- entries are enough, ARGV[5] how many bytes. At least one entry is read, whatever its size. Answers 1 where the
-- stream holds no more entries between the bounds, else 0; and the entries.
local stream, command, from, to = KEYS[1], ARGV[1], ARGV[2], ARGV[3]
local enough, enough_bytes = tonumber(ARGV[4]), tonumber(ARGV[5])

-- Only a few entries are read ahead, so that little is read without being sent.
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
