-- Carries out publishes of a node that share one call: one after the other, each as if it had come alone. A publish
-- that is refused does not concern the others.
--
-- publish.lua stands before it. KEYS are the log, the outcomes of the node, and the idempotency keys. ARGV holds for
-- each publish the number of its attempt; the place of its idempotency key among KEYS, or 0; the digest that belongs
-- to the key; how many events it has; and for each event the event and its kind. Answers for each publish the ids of its events, or the error for which nothing of it was
-- written.
local told = { events = {}, kinds = {}, ids = {} }

local function publish_at(at)
  local number, once, digest, count = unpack(ARGV, at, at + 3)
  local events, kinds, last = {}, {}, at + 3 + count * 5
  for i = at + 4, last, 5 do
    events[#events + 1] = ARGV[i]
    kinds[#events] = { ARGV[i + 1], ARGV[i + 2], ARGV[i + 3], ARGV[i + 4] }
  end
  local by = { outcomes = KEYS[2], once = KEYS[tonumber(once)], number = number, digest = digest, told = told }
  local done, answer = pcall(publish, KEYS[1], events, kinds, by)
  if not done and type(answer) ~= 'table' then answer = redis.error_reply(tostring(answer)) end
  -- A replica refuses every publish. The node looks for the new master when the call as a whole is refused.
  if answer.err and answer.err:find('^READONLY') then error(answer) end
  return answer, last + 1
end

local answers, at = {}, 1
while at <= #ARGV do answers[#answers + 1], at = publish_at(at) end
tell_nodes(KEYS[1], told)
return answers
