-- Lets a node leave the ingress: other nodes may claim what it holds at once. Consumers that hold nothing are
-- deleted, its own and those of nodes that ended long ago without leaving.
--
-- GROUP and ingress-consumers.lua stand before it. KEYS[1] is the ingress, ARGV[1] the node, ARGV[2] after how many milliseconds entries may
-- be claimed, ARGV[3] how many milliseconds are long ago.
local ingress, node, idle_ms, long_ago_ms = KEYS[1], ARGV[1], ARGV[2], tonumber(ARGV[3])

for _, entry in ipairs(redis.call('XPENDING', ingress, GROUP, '-', '+', 1000, node)) do
  redis.call('XCLAIM', ingress, GROUP, node, 0, entry[1], 'IDLE', idle_ms, 'JUSTID')
end

for _, consumer in ipairs(consumers_of(ingress)) do
  if consumer.pending == 0 and (consumer.name == node or consumer.idle > long_ago_ms) then
    redis.call('XGROUP', 'DELCONSUMER', ingress, GROUP, consumer.name)
  end
end
