-- Loads the limits and rules of the hub that is published to, since one function serves all hubs on a Redis. The
-- nodes of the hub store them in the hash {<prefix>}:rules: `rules` as JSON, its `digest`, and its `format`.
--
-- Rules that were read once are cached by their digest: parsing them anew would cost more than the publish.
local hubs, hub_count = {}, 0

local function no_hub(name, what)
  return redis.error_reply('BELFRY unavailable: ' .. name .. ' ' .. what
    .. '; expected a running hub of this prefix, and a function of its version')
end

local function hub_of(name, digest)
  if hubs[digest] then return hubs[digest] end
  local format, text = unpack(redis.call('HMGET', name, 'format', 'rules'))
  if format ~= RULES_FORMAT or not text then return nil end
  if hub_count >= MAX_HUBS then hubs, hub_count = {}, 0 end
  local hub = cjson.decode(text)
  hub.signs = { known = {}, count = 0 }
  hubs[digest], hub_count = hub, hub_count + 1
  return hub
end

-- Sets the rules of the hub; answers an error where they are not known. Publishing without them would store what they
-- should mask.
local function refusal_of_hub(prefix)
  local may, name = redis.acl_check_cmd, '{' .. prefix .. '}:rules'
  if not (may('HGET', name, 'digest') and may('HMGET', name, 'format')) then return forbidden('HGET and HMGET', name) end
  local digest = redis.call('HGET', name, 'digest')
  if not digest then return no_hub(name, 'is not there') end
  local hub = hub_of(name, digest)
  if not hub then return no_hub(name, 'is of another format') end
  LIMITS, RULES, REDACTIONS, FORMATS = hub.limits, hub.retention, hub.redactions, hub.formats
  MESSAGE, SIGNS = hub.message, hub.signs
end
