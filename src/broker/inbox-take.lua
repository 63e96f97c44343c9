-- Takes entries out of the inbox for one node: few enough to hold, however large they are. They stay pending, and are
-- this node's, until inbox-settle.lua has settled them.
--
-- KEYS[1] is the inbox, ARGV[1] the node. ARGV[2] is `>` for what nobody has taken yet, `0` for what this node holds and
-- may have lost sight of. ARGV[3] and ARGV[4] are how many entries and bytes are enough.
-- Answers { id, { name, value, … } } of each, oldest first; instead of fields nil where somebody has removed the entry.
local inbox, node, from = KEYS[1], ARGV[1], ARGV[2]
local enough, enough_bytes = tonumber(ARGV[3]), tonumber(ARGV[4])

local taken, bytes = {}, 0
while #taken < enough and bytes < enough_bytes do
  local reply = redis.call('XREADGROUP', 'GROUP', GROUP, node, 'COUNT', 1, 'STREAMS', inbox, from)
  local entry = reply and reply[1][2][1]
  if not entry then break end
  taken[#taken + 1] = entry
  for _, text in ipairs(entry[2] or {}) do bytes = bytes + #text end
  if from ~= '>' then from = entry[1] end
end
return taken
