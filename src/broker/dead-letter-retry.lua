-- Moves a dead letter back to the end of the ingress. KEYS are the dead letters and the ingress, ARGV[1] is the id of
-- the letter. Answers 1, or 0 when there is no such letter.
local dead_letters, ingress, id = KEYS[1], KEYS[2], ARGV[1]

-- Without this right the letter would be in both streams.
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
