-- Carries out publishes of a node that share one call: one after the other, each as if it had come alone. A publish
-- that is refused does not concern the others.
--
-- publish.lua stands before it. KEYS are the log, the outcomes of the node, and the idempotency keys. ARGV holds for
-- each publish the number of its attempt; the place of its idempotency key among KEYS, or 0, and for a publish that
-- names a lease, after spaces, the place of the lease and the fence; the digest that belongs to the idempotency key; how many events it has; and for each event the event and its kind. Answers for each publish the ids of
-- its events, or the error for which nothing of it was written.
local outcomes = KEYS[2]
use_hub(KEYS[1]:match('^{(.+)}:log$'))
local refusal = refusal_of_rights()

-- What the nodes are told of at the end.
local told, told_kinds, told_ids = {}, {}, {}

local function tell_later(events, kinds, ids)
  local count = #told
  for i = 1, #events do
    told[count + i], told_kinds[count + i], told_ids[count + i] = events[i], kinds[i], ids[i]
  end
end

local function publish_at(at)
  local number, once, digest, count = unpack(ARGV, at, at + 3)
  local events, kinds, last = {}, {}, at + 3 + count * 5
  if refusal then return refusal, last + 1 end
  for i = at + 4, last, 5 do
    local n = #events + 1
    events[n], kinds[n] = ARGV[i], { ARGV[i + 1], ARGV[i + 2], ARGV[i + 3], ARGV[i + 4] }
  end
  local place = tonumber(once)
  local by = { outcomes = outcomes, once = KEYS[place], number = number, digest = digest }
  if not place then
    local key, lease, fence = once:match('^(%d+) (%d+) (%d+)$')
    by.once, by.lease, by.fence = KEYS[tonumber(key)], KEYS[tonumber(lease)], fence
  end
  local done, answer, is_new = pcall(publish, events, kinds, by)
  if is_new then tell_later(events, kinds, answer) end
  if not done and type(answer) ~= 'table' then answer = redis.error_reply(tostring(answer)) end
  -- A replica refuses every publish. The node looks for the new master when the call as a whole is refused.
  if answer.err and answer.err:find('^READONLY') then error(answer) end
  return answer, last + 1
end

local answers, at = {}, 1
while at <= #ARGV do
  answers[#answers + 1], at = publish_at(at)
end
conclude(told, told_kinds, told_ids)
return answers
