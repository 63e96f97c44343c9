-- Changes what the clients of one node listen to, and tells what has begun or ended. registry.lua and interest.lua
-- stand before it. ARGV: node, time, lease; then all changes in one text, of which each ends with the character 30: `+`
-- or `-`, and the topic. The last is how many topics the node should
-- have then, with those that find no room, or empty where it is not certain.
--
-- Answers how many topics of the node are in Redis, how many events were told of what began and of what ended, and the
-- numbers of the changes for which there was no room.
local node, time, lease, changes, expected = unpack(ARGV)
-- The highest number in one call, so that no call takes long.
local MANY = 250

local refused, number = {}, 0
for sign, topic in changes:gmatch('([+-])([^\30]*)\30') do
  number = number + 1
  if sign == '-' then
    end_interest(node, topic)
  elseif not begin_interest(node, topic, time) then
    refused[#refused + 1] = number
  end
end
-- The topics of a node must belong to a node with a lease.
if number > 0 then redis.call('ZADD', NODES, 'NX', now_ms() + lease, node) end
local held = redis.call('SCARD', topics_of(node))
if expected ~= '' and held == expected - #refused then
  redis.call('HSET', CONFIRMED, node, now_ms())
  end_held(time, MANY)
end
publish_interest(node)
return { held, #begun, #ended, unpack(refused) }
