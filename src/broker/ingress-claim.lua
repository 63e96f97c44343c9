-- Claims for a node entries of the ingress that nodes have held for too long, and answers how many. What waits for a shard is
-- not held by a node, and stays.
--
-- GROUP and ingress-holders.lua stand before it. KEYS[1] is the ingress, ARGV[1] the node, ARGV[2] after how many
-- milliseconds entries may be claimed, ARGV[3] how many at most.
local ingress, node, idle_ms, most = KEYS[1], ARGV[1], ARGV[2], tonumber(ARGV[3])

-- Most of the time nobody holds anything for too long.
if not redis.call('XPENDING', ingress, GROUP, 'IDLE', idle_ms, '-', '+', 1)[1] then return 0 end

local claimed = 0
for _, holder in ipairs((holders_of(ingress))) do
  for _, entry in ipairs(redis.call('XPENDING', ingress, GROUP, 'IDLE', idle_ms, '-', '+', most - claimed, holder)) do
    -- An entry that somebody has deleted is forgotten by this.
    claimed = claimed + #redis.call('XCLAIM', ingress, GROUP, node, idle_ms, entry[1], 'JUSTID')
  end
end
return claimed
