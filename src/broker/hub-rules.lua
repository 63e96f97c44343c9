-- Loads the limits and rules of the hub that is published to, since one function serves all hubs on a Redis. The
-- nodes of the hub store them in the hash {<prefix>}:rules: `rules` as JSON, its `digest`, and its `format`.
--
-- Rules that were read once are cached by their digest: parsing them anew would cost more than the publish.
local hubs, digest_now = {}, nil

local use_rules, refusal_of_hub
do

local hub_count = 0

local function no_hub(name, what)
  return redis.error_reply('BELFRY unavailable: ' .. name .. ' ' .. what
    .. '; expected a running hub of this prefix, and a function of its version')
end

local function refusal_of_reading(name, failure)
  local may = redis.acl_check_cmd
  if may('HGET', name, 'digest') and may('HMGET', name, 'format') then return failure end
  return forbidden('HGET and HMGET', name)
end

local function read_hub(name, digest)
  local found = redis.pcall('HMGET', name, 'format', 'rules')
  if found.err then return nil, refusal_of_reading(name, found) end
  local format, text = unpack(found)
  if not RULES_FORMATS[format] or not text then return nil, no_hub(name, 'is of another format') end
  if hub_count >= MAX_HUBS then hubs, hub_count = {}, 0 end
  local hub = cjson.decode(text)
  hub.signs, hub.shapes = { known = {}, count = 0 }, { known = {}, count = 0 }
  hubs[digest], hub_count = hub, hub_count + 1
  return hub
end

function use_rules(hub, digest)
  LIMITS, RULES, REDACTIONS, FORMATS = hub.limits, hub.retention, hub.redactions, hub.formats
  MESSAGE, SIGNS, SHAPES, SHARDS, digest_now = hub.message, hub.signs, hub.shapes, hub.shards, digest
end

-- Sets the rules of the hub; answers an error where they are not known. Publishing without them would store what they
-- should mask.
function refusal_of_hub()
  local name = BEGIN .. 'rules'
  local digest = redis.pcall('HGET', name, 'digest')
  if not digest then return no_hub(name, 'is not there') end
  if digest == digest_now then return nil end
  if type(digest) == 'table' then return refusal_of_reading(name, digest) end
  local hub, refusal = hubs[digest], nil
  if not hub then hub, refusal = read_hub(name, digest) end
  if not hub then return refusal end
  use_rules(hub, digest)
end

end

local function may_be_retained(kind)
  local types = LIMITS.retained_types
  -- The types are absent where a node of an older version wrote the rules.
  return types == nil or types == true or types[kind]
end

local function retention_rules() return RULES end
