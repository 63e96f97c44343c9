-- The consumers of the ingress, each with its name, its count of pending entries and its idle time. GROUP stands before it.
local function consumers_of(ingress)
  local consumers = {}
  for n, found in ipairs(redis.call('XINFO', 'CONSUMERS', ingress, GROUP)) do
    local consumer = {}
    for i = 1, #found, 2 do consumer[found[i]] = found[i + 1] end
    consumers[n] = consumer
  end
  return consumers
end
