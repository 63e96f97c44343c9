-- Takes entries of the ingress for one node, few enough that the node can hold them, however large they are. The
-- entries stay pending and assigned to this node until ingress-settle.lua has settled them.
--
-- GROUP and publish.lua stand before it. KEYS[1] is the ingress, ARGV[1] the node. ARGV[2] is `>` for new entries,
-- `0` for entries that are assigned to this node already. ARGV[3] and ARGV[4] are how many entries and bytes are
-- enough. A text of more than ARGV[5] bytes is not sent, since sending it could take longer than the node waits,
-- again and again. Answers the id and the content of each entry in turn, oldest first: the text of an entry whose only
-- field is `event`; { name, value, … } of any other entry; nil where somebody has removed the entry; and the size of a
-- text that is too large.
--
-- Entries are read in chunks that grow, since a read costs as much as some entries. So a few entries of the last chunk
-- may be assigned to the node and not be sent, when those before them are enough bytes; the node then reads what is
-- assigned to it.
--
-- ARGV[6] is there for entries that wait for a shard, whose consumer stands in place of the node: nothing is taken where a
-- node began to move the first of them less than so many milliseconds ago. Entries that are read count as begun, so none is
-- read that is not sent.
--
-- A node without the right to publish takes nothing, since it would only keep entries from the nodes that could
-- settle them.
local ingress, node, from = KEYS[1], ARGV[1], ARGV[2]
local enough, enough_bytes, too_many_bytes = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])

use_hub(ingress:match('^{(.+)}:ingress$'))
local refusal = refusal_of_rights()
if refusal then return refusal end

local idle_ms = tonumber(ARGV[6])
if idle_ms then
  local first = redis.call('XPENDING', ingress, GROUP, '-', '+', 1, node)[1]
  if not first or first[3] < idle_ms then return {} end
end

local COUNT_MAX = idle_ms and 1 or 64
local taken, total, bytes, count = {}, 0, 0, 1

-- What is sent of the fields of an entry.
local function content_of(fields)
  if not fields then return false end
  local is_usual = fields[1] == 'event' and not fields[3]
  for i = is_usual and 2 or 1, #fields do
    local text = fields[i]
    if #text > too_many_bytes then return #text end
    bytes = bytes + #text
  end
  return is_usual and fields[2] or fields
end

while total < enough and bytes < enough_bytes do
  local reply = redis.call('XREADGROUP', 'GROUP', GROUP, node, 'COUNT', math.min(count, enough - total),
    'STREAMS', ingress, from)
  local entries = reply and reply[1][2] or {}
  if #entries == 0 then break end
  for i = 1, #entries do
    if bytes >= enough_bytes then break end
    local entry = entries[i]
    taken[total * 2 + 1], taken[total * 2 + 2] = entry[1], content_of(entry[2])
    total = total + 1
    if from ~= '>' then from = entry[1] end
  end
  count = math.min(count * 2, COUNT_MAX)
end
return taken
