-- Takes entries of the ingress for one node, few enough that the node can hold them, however large they are. The
-- entries stay pending and assigned to this node until ingress-settle.lua has settled them.
--
-- GROUP and publish.lua stand before it. KEYS[1] is the ingress, ARGV[1] the node. ARGV[2] is `>` for new entries,
-- `0` for entries that are assigned to this node already. ARGV[3] and ARGV[4] are how many entries and bytes are
-- enough. A text of more than ARGV[5] bytes is not sent, since sending it could take longer than the node waits,
-- again and again. Answers { id, { name, value, … } } of each entry, oldest first. Instead of the fields there is nil
-- where somebody has removed the entry, and the size of the text where it is too large.
--
-- A node without the right to publish takes nothing, since it would only keep entries from the nodes that could
-- settle them.
local ingress, node, from = KEYS[1], ARGV[1], ARGV[2]
local enough, enough_bytes, too_many_bytes = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])

local refusal = refusal_of_rights(ingress:match('^{(.+)}:ingress$'))
if refusal then return refusal end

local taken, bytes = {}, 0
while #taken < enough and bytes < enough_bytes do
  local reply = redis.call('XREADGROUP', 'GROUP', GROUP, node, 'COUNT', 1, 'STREAMS', ingress, from)
  local entry = reply and reply[1][2][1]
  if not entry then break end
  if from ~= '>' then from = entry[1] end
  taken[#taken + 1] = entry
  for _, text in ipairs(entry[2] or {}) do
    if #text > too_many_bytes then
      taken[#taken] = { entry[1], #text }
      break
    end
    bytes = bytes + #text
  end
end
return taken
