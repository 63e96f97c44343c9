-- Answers what the calling user may not do, before anything is written. hub-names.lua stands before it.

local function may(...) return redis.acl_check_cmd(...) end

local function forbidden(command, name)
  return redis.error_reply('BELFRY forbidden: the Redis user may not ' .. command .. ' ' .. name
    .. '; expected the rights that the documentation lists under how-to/redis-rights for a caller')
end

-- nil where the user has the rights to all that follows the first event in the log.
local function refusal_of_later_rights()
  local may = redis.acl_check_cmd
  if not may(TELL, CHANNEL, '') then return forbidden(TELL, CHANNEL) end
  if not may('XDEL', LOG, '0-0') then return forbidden('XDEL', LOG) end
  if not may('SET', LAST, '') then return forbidden('SET', LAST) end
end

-- nil where the user has all rights that publishing takes.
local function refusal_of_rights()
  if not may('XADD', LOG, '*', 'e', '') then return forbidden('XADD', LOG) end
  if not may('GET', LAST) then return forbidden('GET', LAST) end
  return refusal_of_later_rights()
end

-- nil where the user may read and write the key.
local function refusal_of_once(once)
  local may = redis.acl_check_cmd
  if not (may('GET', once) and may('SET', once, '')) then return forbidden('GET and SET', once) end
end
