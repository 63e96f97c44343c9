-- What the scripts share that bring together what the clients of all nodes listen to. registry.lua stands before it, and
-- INTEREST: hold_ms, for how long a topic is held after its last listener has gone; topics, how many may be told at a
-- time; and burst and per_ms of the quota of the log.
--
-- Beside the log stand:
--   :interest                hash: topic -> on how many nodes somebody listens to it; 0 while it is held
--   :interest:node:<node>    set of the topics that somebody listens to on a node
--   :interest:held           sorted set: topic -> when its hold ends
--   :interest:confirmed      hash: node -> when the node last said that its set is right
--   :interest:quota          hash: left, what is left of the quota; at, the time of that
-- A topic is in :interest from its `interest.begin` to its `interest.end`. Topics are written everywhere as in JSON,
-- without the quotes.
local TOPICS = BEGIN .. 'interest'
local HELD, CONFIRMED, ROOM = TOPICS .. ':held', TOPICS .. ':confirmed', TOPICS .. ':quota'

local function topics_of(node) return TOPICS .. ':node:' .. node end

-- The topics that one call has told, and what is left of the quota, once it is read.
local begun, ended = {}, {}
local room

local function interest_event(time, action, topic)
  local VALUES = { ['1'] = '.', ['2'] = ',', ['3'] = '*' }
  local function value(part) return part == '*' and 'null' or '"' .. part:gsub('\\\\([123])', VALUES) .. '"' end
  local kind, what, key = topic:match('^([^.]*)%.([^.]*)%.(.*)$')
  return '{"time":"' .. time .. '","type":"interest","action":"' .. action .. '","key":"' .. topic .. '","object":{"type":'
    .. value(kind) .. ',"action":' .. value(what) .. ',"key":' .. value(key) .. '}}'
end

local function tell_interest(event, action, topic)
  events[#events + 1] = event
  kinds[#events] = { 'interest', action, plain(topic) }
end

-- Takes room in the log for the begin and the end of a topic.
local function take_room_for_interest(bytes)
  if not room then
    local left, at = unpack(redis.call('HMGET', ROOM, 'left', 'at'))
    local since = math.max(0, now_ms() - (at or now_ms()))
    room = math.min(INTEREST.burst, (left or INTEREST.burst) + since * INTEREST.per_ms)
  end
  local cost = 2 * math.ceil(bytes / QUOTA.bytes)
  if cost > room then return false end
  room = room - cost
  return true
end

-- Somebody on a node listens to a topic. Answers whether there was room to tell it.
local function begin_interest(node, topic, time)
  local nodes = redis.call('HGET', TOPICS, topic)
  if not nodes then
    local event = interest_event(time, 'begin', topic)
    if redis.call('HLEN', TOPICS) >= INTEREST.topics or not take_room_for_interest(#event) then return false end
    tell_interest(event, 'begin', topic)
    begun[#begun + 1] = topic
    redis.call('SADD', topics_of(node), topic)
    redis.call('HSET', TOPICS, topic, 1)
  elseif redis.call('SADD', topics_of(node), topic) == 1 then
    redis.call('HINCRBY', TOPICS, topic, 1)
    if nodes == '0' then redis.call('ZREM', HELD, topic) end
  end
  return true
end

-- A node that listened to a topic does so no longer.
local function count_down_interest(topic)
  if redis.call('HEXISTS', TOPICS, topic) == 0 or redis.call('HINCRBY', TOPICS, topic, -1) > 0 then return end
  redis.call('HSET', TOPICS, topic, 0)
  redis.call('ZADD', HELD, now_ms() + INTEREST.hold_ms, topic)
end

local function end_interest(node, topic)
  if redis.call('SREM', topics_of(node), topic) == 1 then count_down_interest(topic) end
end

-- Takes up to `count` topics from a node that is lost. Answers whether it may have more.
local function lose_interest(node, count)
  for _, topic in ipairs(redis.call('SPOP', topics_of(node), count)) do count_down_interest(topic) end
  return redis.call('EXISTS', topics_of(node)) == 1
end

-- The time up to which every node has said what its clients listen to. A node that is cut off may have listeners of
-- which nobody knows, so until it is back or lost nothing is told to have ended since. Nodes of a version without
-- interest say nothing.
local function confirmed_up_to()
  local up_to = now_ms()
  for _, node in ipairs(redis.call('ZRANGE', NODES, 0, -1)) do
    local at = tonumber(redis.call('HGET', CONFIRMED, node) or up_to)
    if at < up_to then up_to = at end
  end
  return up_to
end

-- Tells that up to `count` topics have ended whose hold is over.
local function end_held(time, count)
  if not redis.call('ZRANGEBYSCORE', HELD, '-inf', now_ms(), 'LIMIT', 0, 1)[1] then return end
  for _, topic in ipairs(redis.call('ZRANGEBYSCORE', HELD, '-inf', confirmed_up_to(), 'LIMIT', 0, count)) do
    redis.call('ZREM', HELD, topic)
    redis.call('HDEL', TOPICS, topic)
    tell_interest(interest_event(time, 'end', topic), 'end', topic)
    ended[#ended + 1] = topic
  end
end

-- Publishes what was told. If that fails, it counts as not told, and is told later.
local function publish_interest(node)
  local done, failure = pcall(publish_told)
  if done then
    if room then redis.call('HSET', ROOM, 'left', room, 'at', now_ms()) end
    return
  end
  for _, topic in ipairs(begun) do
    redis.call('SREM', topics_of(node), topic)
    redis.call('ZREM', HELD, topic)
    redis.call('HDEL', TOPICS, topic)
  end
  for _, topic in ipairs(ended) do
    redis.call('HSET', TOPICS, topic, 0)
    redis.call('ZADD', HELD, now_ms(), topic)
  end
  error(failure)
end
