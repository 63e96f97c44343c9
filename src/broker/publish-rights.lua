-- Answers what the calling user may not do, and whether the shard can be written to at all, before anything is written.
-- hub-names.lua stands before it.

local function may(...) return redis.acl_check_cmd(...) end

local function forbidden(command, name)
  return redis.error_reply('BELFRY forbidden: the Redis user may not ' .. command .. ' ' .. name
    .. '; expected the rights that the documentation lists under how-to/redis-rights for a caller')
end

-- nil unless the slot of the shard is on its way to another master of a Cluster. Then some of its keys are at one master and
-- some at the other: a script would fail halfway at the old master, and take what is not there yet for absent at the new
-- one, for a caller that follows ASK. Redis says so of two keys that nobody has. They are
-- only asked for, since after a write of a script Redis takes all others, however full it is.
local function refusal_of_moving()
  local answer = redis.pcall('EXISTS', BEGIN .. 'log:here', BEGIN .. 'log:there')
  if type(answer) == 'number' or not answer.err:find('non local key', 1, true) then return nil end
  return redis.error_reply('TRYAGAIN the slot of ' .. LOG .. ' is on its way to another master; expected another try when it is there')
end

-- nil where the user has the rights to all that follows the first event in the log.
local function refusal_of_later_rights()
  local may = redis.acl_check_cmd
  if not may(TELL, CHANNEL, '') then return forbidden(TELL, CHANNEL) end
  if not may('XDEL', LOG, '0-0') then return forbidden('XDEL', LOG) end
  if not may('SET', LAST, '') then return forbidden('SET', LAST) end
end

-- nil where the user has all rights that publishing takes, and the shard can be written to.
local function refusal_of_rights()
  local refusal = refusal_of_moving()
  if refusal then return refusal end
  if not may('XADD', LOG, '*', 'e', '') then return forbidden('XADD', LOG) end
  if not may('GET', LAST) then return forbidden('GET', LAST) end
  return refusal_of_later_rights()
end

-- nil where the user may read and write the key.
local function refusal_of_once(once)
  local may = redis.acl_check_cmd
  if not (may('GET', once) and may('SET', once, '')) then return forbidden('GET and SET', once) end
end
