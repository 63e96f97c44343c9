-- Carries out publishes of a node that share one call: one after the other, each as if it had come alone. A publish
-- that is refused does not concern the others.
--
-- publish.lua stands before it. KEYS are the log, the outcomes of the node, and the idempotency keys. ARGV holds for
-- each publish the number of its attempt; the place of its idempotency key among KEYS, or 0; the digest that belongs
-- to the key; how many events and how many kinds it has; its events; and for each kind the place of its event among
-- them, and the kind itself. Answers for each publish the ids of its events, or the error for which nothing of it was
-- written.
local function publish_at(at)
  local number, once, digest, count, kind_count = unpack(ARGV, at, at + 4)
  local events, kinds = {}, {}
  -- Lua unpacks only about 8,000 values at once.
  for i = 1, count do events[i] = ARGV[at + 4 + i] end
  local first, last = at + 5 + count, at + 4 + count + kind_count * 5
  for i = first, last, 5 do kinds[tonumber(ARGV[i])] = { unpack(ARGV, i + 1, i + 4) } end
  local by = { outcomes = KEYS[2], once = KEYS[tonumber(once)], number = number, digest = digest }
  local done, answer = pcall(publish, KEYS[1], events, kinds, by)
  if not done and type(answer) ~= 'table' then answer = redis.error_reply(tostring(answer)) end
  -- A replica refuses every publish. The node looks for the new master when the call as a whole is refused.
  if answer.err and answer.err:find('^READONLY') then error(answer) end
  return answer, last + 1
end

local answers, at = {}, 1
while at <= #ARGV do answers[#answers + 1], at = publish_at(at) end
return answers
