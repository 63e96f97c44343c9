-- Publishes what nearly every call brings, one event of a known shape, with few commands, since these take most of the time
-- of a call. It expects that nothing has changed since the last call: the log ends where it ended then, and the rules of
-- the hub are the same, since whoever writes them changes the end of the log as well (hub-rules-write.lua). Whether that
-- is so shows when the new end is written. If it is not so, all is undone. publish.lua and event-shapes.lua stand before
-- it.

local change_hub, expect_usual, publish_usual
do

-- The next event must have fewer bytes than this. It is 0 after a call that has found something else, and the log is not
-- to be trimmed before so many bytes were added.
local usual_bytes = 0

-- What stands after the id at the end of the log. It is written anew when the log may have to be trimmed, since Redis takes
-- long to write a number; until then the bytes of each hub that are not in it are kept here.
local count_text, uncounted_in = nil, {}

-- How many nodes have heard the last message, and the answer, which Redis copies.
local receivers, answer = 0, {}

-- What was known of each log when another one was published to. The shards of a hub on one Redis take turns, often at each
-- call.
local left, left_count = {}, 0

local function leave()
  if uncounted > 0 then uncounted_in[LOG] = uncounted end
  if not digest_now then return end
  local log = left[LOG]
  if not log then
    if left_count >= MAX_HUBS then left, left_count = {}, 0 end
    log = { begin = BEGIN, last = LAST, channel = CHANNEL, tell = TELL, shard = SHARD }
    left[LOG], left_count = log, left_count + 1
  end
  log.previous, log.counted, log.end_text, log.count_text = previous, counted, end_text, count_text
  log.usual_bytes, log.receivers, log.digest = usual_bytes, receivers, digest_now
end

-- Goes on with a log that was left. Answers whether it is known.
local function return_to(name)
  local log = left[name]
  local hub = log and hubs[log.digest]
  if not hub then return false end
  leave()
  BEGIN, LOG, LAST, CHANNEL, TELL, SHARD = log.begin, name, log.last, log.channel, log.tell, log.shard
  previous, counted, end_text, count_text = log.previous, log.counted, log.end_text, log.count_text
  usual_bytes, receivers, uncounted, uncounted_in[name] = log.usual_bytes, log.receivers, uncounted_in[name] or 0, nil
  use_rules(hub, log.digest)
  return true
end

function change_hub(prefix)
  leave()
  use_hub(prefix)
  end_text, uncounted, uncounted_in[LOG] = nil, uncounted_in[LOG] or 0, nil
  usual_bytes, digest_now = 0, nil
end

-- Called after each publish that was new.
function expect_usual()
  if not was_alone then return end
  count_text = end_text:match(' .*$')
  usual_bytes = TRIM_BYTES - counted % TRIM_BYTES
  local part = LIMITS.log_bytes and LIMITS.log_bytes / PARTS
  if part then usual_bytes = math.min(usual_bytes, part - counted % part) end
end

local function undo(id, end_before)
  redis.call('XDEL', LOG, id)
  if type(end_before) ~= 'table' then redis.call('SET', LAST, end_before or START) end
end

-- Answers the ids of the events; nil where nothing was published, since the call needs a closer look.
function publish_usual(keys, events)
  if keys[1] ~= LOG and not return_to(keys[1] or '') then return nil end
  local allowed, text, redis = usual_bytes, events[1], redis
  usual_bytes = 0
  if not text or #text >= allowed or events[2] or keys[2] then return nil end
  local shape, at = known_shape(text)
  local key = shape and not shape.rule and key_by_shape(text, shape, at)
  if not key or not redis.acl_check_cmd('XDEL', LOG, '0-0') then return nil end

  local id = redis.pcall('XADD', LOG, 'NOMKSTREAM', '*', 'p', previous, 'e', text)
  if not id or id.err then return nil end
  local new_end = id .. count_text
  local end_before = redis.pcall('SET', LAST, new_end, 'GET')
  if end_before ~= end_text then return undo(id, end_before) end
  local told = redis.pcall(TELL, CHANNEL, message_of(previous, id, shape.type, shape.action, key, text))
  if told ~= receivers and type(told) == 'table' then return undo(id, end_before) end

  receivers, usual_bytes = told, allowed - #text
  previous, end_text, counted, uncounted = id, new_end, counted + #text, uncounted + #text
  answer[1] = SHARD and SHARD .. id or id
  return answer
end

end
