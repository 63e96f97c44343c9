-- A node leaves the inbox: what it holds may be claimed at once, and names that hold nothing are forgotten, its own and
-- those of nodes that ended long ago without leaving.
--
-- GROUP stands before it. KEYS[1] is the inbox, ARGV[1] the node, ARGV[2] after how many milliseconds entries may be
-- claimed, ARGV[3] what is long ago.
local inbox, node, idle_ms, long_ago_ms = KEYS[1], ARGV[1], ARGV[2], tonumber(ARGV[3])

for _, entry in ipairs(redis.call('XPENDING', inbox, GROUP, '-', '+', 1000, node)) do
  redis.call('XCLAIM', inbox, GROUP, node, 0, entry[1], 'IDLE', idle_ms, 'JUSTID')
end

for _, found in ipairs(redis.call('XINFO', 'CONSUMERS', inbox, GROUP)) do
  local consumer = {}
  for i = 1, #found, 2 do consumer[found[i]] = found[i + 1] end
  if consumer.pending == 0 and (consumer.name == node or consumer.idle > long_ago_ms) then
    redis.call('XGROUP', 'DELCONSUMER', inbox, GROUP, consumer.name)
  end
end
