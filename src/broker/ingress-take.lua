-- Takes entries out of the ingress for one node: few enough to hold, however large they are. They stay pending, and are
-- this node's, until ingress-settle.lua has settled them.
--
-- GROUP and publish.lua stand before it. KEYS[1] is the ingress, ARGV[1] the node. ARGV[2] is `>` for what nobody has taken yet, `0` for what this node holds and
-- may have lost sight of. ARGV[3] and ARGV[4] are how many entries and bytes are enough, ARGV[5] how many bytes of one
-- text are never wanted: sending them could take longer than the node waits, again and again.
-- Answers { id, { name, value, … } } of each, oldest first; instead of fields nil where somebody has removed the entry,
-- and the size of the text where it is too large.
--
-- Whoever may not publish takes nothing, since it would keep from the others what they could settle.
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
