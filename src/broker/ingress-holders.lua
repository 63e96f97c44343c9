-- Who holds entries of the ingress, and which of them may be settled. GROUP and ingress-consumers.lua stand before it.
--
-- Entries are settled in the order of the ingress, whichever node has read which entry: one waits as long as another node
-- holds one before it. The entries that wait for a shard whose master fails are held by a consumer of their own, `shard:3`,
-- which no node is called. They hold up only what belongs to the same shard.

-- The nodes that hold entries, and the shards for which entries wait.
local function holders_of(ingress)
  local nodes, shards = {}, {}
  for _, consumer in ipairs(consumers_of(ingress)) do
    local shard = consumer.name:match('^shard:(%d+)$')
    if consumer.pending == 0 then -- It holds nothing.
    elseif shard then shards[#shards + 1] = tonumber(shard)
    else nodes[#nodes + 1] = consumer.name end
  end
  return nodes, shards
end

-- Answers for each of these entries, oldest first, up to the first that has to wait: 1 where this consumer holds it, 0 where
-- it was settled before. A user who may add entries can use an id twice, so the holder is compared as well as the id. The
-- second answer are the shards for which entries wait.
local function look_at(ingress, consumer, ids)
  local nodes, shards = holders_of(ingress)
  if #ids == 0 then return {}, shards end
  local held, next_held, found = redis.call('XPENDING', ingress, GROUP, '-', '+', #ids, consumer), 1, {}

  local function has_up_to(node, id) return redis.call('XPENDING', ingress, GROUP, '-', id, 1, node)[1] ~= nil end
  local others = {}
  for _, node in ipairs(nodes) do
    if node ~= consumer and has_up_to(node, ids[#ids]) then others[#others + 1] = node end
  end

  for i, id in ipairs(ids) do
    local is_held = held[next_held] ~= nil and held[next_held][1] == id
    if is_held then
      for _, node in ipairs(others) do
        if has_up_to(node, id) then return found, shards end
      end
      next_held = next_held + 1
    elseif redis.call('XPENDING', ingress, GROUP, id, id, 1)[1] then
      return found, shards
    end
    found[i] = is_held and 1 or 0
  end
  return found, shards
end
