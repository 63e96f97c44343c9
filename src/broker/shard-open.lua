-- Opens a new shard, unless it is open: the ids of its log follow those of all shards that were closed for it, so that events
-- of a key have rising ids. KEYS are its log and the end of its log, ARGV[1] is the last of those ids.
if redis.call('EXISTS', KEYS[2]) == 1 then return 0 end
if ARGV[1] ~= '0-0' then
  redis.call('DEL', KEYS[1])
  redis.call('XADD', KEYS[1], ARGV[1], 'e', '')
  redis.call('XDEL', KEYS[1], ARGV[1])
end
redis.call('SET', KEYS[2], ARGV[1] .. ' 0')
return 1
