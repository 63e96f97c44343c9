-- Appends events of the ingress to the log of their shard, each once, and in the order of the ingress. They are settled in
-- shard 0 afterwards, so a node that ends in between makes another node call this again with the same events.
--
-- publish.lua stands before it. KEYS are the log, and a sorted set of the entries that were moved last, by the time of the
-- move; ARGV[1] is how many of them are remembered. Six values follow for each event, oldest first: what names its entry, the event, and its kind. The first one
-- that is refused ends the call with its error. Answers how many were appended now.
local moved, most = KEYS[2], tonumber(ARGV[1])
use_hub(KEYS[1]:match('^{(.+)}:log$'))
if not redis.acl_check_cmd('ZADD', moved, 0, '') then return forbidden('ZADD', moved) end
local refusal = refusal_of_rights()
if refusal then return refusal end

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

local asked = {}
for i = 2, #ARGV, 6 do asked[#asked + 1] = ARGV[i] end
local known = redis.call('ZMSCORE', moved, unpack(asked))

local names, events, kinds = {}, {}, {}
for i, name in ipairs(asked) do
  if not known[i] then
    local event, a, b, c, d = unpack(ARGV, i * 6 - 3, i * 6 + 1)
    names[#names + 1], events[#events + 1], kinds[#kinds + 1] = name, event, { a, b, c, d }
  end
end

local function move(names, events, kinds)
  local answer = publish(events, kinds)
  if not answer.err then
    local scores = {}
    for i, name in ipairs(names) do scores[i * 2 - 1], scores[i * 2] = now, name end
    redis.call('ZADD', moved, unpack(scores))
    return conclude(events, kinds, answer)
  end
  if #names == 1 then error(answer) end
  -- Those before the one that is refused are moved all the same.
  for i, name in ipairs(names) do move({ name }, { events[i] }, { kinds[i] }) end
end

if #names > 0 then
  move(names, events, kinds)
  redis.call('ZREMRANGEBYRANK', moved, 0, -most - 1)
end
return #names
