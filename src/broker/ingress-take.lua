-- Takes entries of the ingress for one node, few enough that the node can hold them, however large they are. The
-- entries stay pending and assigned to this node until ingress-settle.lua has settled them.
--
-- GROUP and publish.lua stand before it. KEYS[1] is the ingress, ARGV[1] the node. ARGV[2] is `>` for new entries,
-- `0` for entries that are assigned to this node already. ARGV[3] and ARGV[4] are how many entries and bytes are
-- enough. A text of more than ARGV[5] bytes is not sent, since sending it could take longer than the node waits,
-- again and again. Answers { id, { name, value, … } } of each entry, oldest first. Instead of the fields there is nil
-- where somebody has removed the entry, and the size of the text where it is too large.
--
-- Entries are read in chunks that grow, since a read costs as much as some entries. So a few entries of the last chunk
-- may be assigned to the node and not be sent, when those before them are enough bytes; the node then reads what is
-- assigned to it.
--
-- A node without the right to publish takes nothing, since it would only keep entries from the nodes that could
-- settle them.
local ingress, node, from = KEYS[1], ARGV[1], ARGV[2]
local enough, enough_bytes, too_many_bytes = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])

use_hub(ingress:match('^{(.+)}:ingress$'))
local refusal = refusal_of_rights()
if refusal then return refusal end

local COUNT_MAX = 64
local taken, bytes, count = {}, 0, 1

-- The fields of an entry, or the size of a text that is too large.
local function sent(fields)
  for _, text in ipairs(fields or {}) do
    if #text > too_many_bytes then return #text end
    bytes = bytes + #text
  end
  return fields
end

while #taken < enough and bytes < enough_bytes do
  local reply = redis.call('XREADGROUP', 'GROUP', GROUP, node, 'COUNT', math.min(count, enough - #taken),
    'STREAMS', ingress, from)
  local entries = reply and reply[1][2] or {}
  if #entries == 0 then break end
  for _, entry in ipairs(entries) do
    if bytes >= enough_bytes then break end
    taken[#taken + 1] = { entry[1], sent(entry[2]) }
    if from ~= '>' then from = entry[1] end
  end
  count = math.min(count * 2, COUNT_MAX)
end
return taken
