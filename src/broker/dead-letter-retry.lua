-- Puts a dead letter back into the ingress, as the last of it. KEYS are the dead letters and the ingress, ARGV[1] is the id among them.
-- Answers 1, or 0 when it is not there.
local dead_letters, ingress, id = KEYS[1], KEYS[2], ARGV[1]

-- Without it an entry would be in both.
if not redis.acl_check_cmd('XDEL', dead_letters, id) then
  return redis.error_reply('BELFRY forbidden: the Redis user may not XDEL ' .. dead_letters .. '; expected the rights of a node')
end

local found = redis.call('XRANGE', dead_letters, id, id)[1]
if not found then return 0 end
local fields = {}
for i = 1, #found[2], 2 do fields[found[2][i]] = found[2][i + 1] end
redis.call('XADD', ingress, '*', 'event', fields.event or '')
redis.call('XDEL', dead_letters, id)
return 1
