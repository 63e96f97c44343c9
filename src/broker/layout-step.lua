-- Takes one step of dividing a hub anew, if nobody has taken it before. KEYS are the layout and the epoch into which the hub
-- is being divided. ARGV are what both were and what both become, empty where there is no such epoch, and the channel that
-- tells the nodes. Answers 1 where the step was taken now.
local layout, next_epoch = redis.call('GET', KEYS[1]), redis.call('GET', KEYS[2]) or ''
if layout ~= ARGV[1] or next_epoch ~= ARGV[2] then return 0 end
redis.call('SET', KEYS[1], ARGV[3])
if ARGV[4] == '' then redis.call('DEL', KEYS[2]) else redis.call('SET', KEYS[2], ARGV[4]) end
redis.call('PUBLISH', ARGV[5], '')
return 1
