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

function change_hub(prefix)
  if uncounted > 0 then uncounted_in[LOG] = uncounted end
  use_hub(prefix)
  end_text, uncounted, uncounted_in[LOG] = nil, uncounted_in[LOG] or 0, nil
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
  local allowed, text, redis = usual_bytes, events[1], redis
  usual_bytes = 0
  if not text or #text >= allowed or events[2] or keys[2] or keys[1] ~= LOG then return nil end
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
