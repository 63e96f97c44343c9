-- The function belfry_publish, for every service that reaches Redis:
--
--   FCALL belfry_publish 1 {belfry}:log '<event>' ['<event>' …]
--   FCALL belfry_publish 2 {belfry}:log {belfry}:once:<key> '<event>' …
--
-- Answers the id of each event. Takes exactly what the hub itself would take, in any of its spellings, and refuses
-- anything else with `BELFRY <code>: <what was wrong>; expected …`; then nothing was appended. One thing more is
-- refused: \u escapes that are half of a surrogate pair, which are no text.

local EXPECTED = {
  json_invalid = 'JSON in UTF-8, at most ' .. LIMITS.depth .. ' levels deep, without the name __proto__',
  event_invalid = 'type, action, key; Type, Action; event_type; type, appId, payload; or type, data.name',
  event_too_big = 'at most ' .. LIMITS.event_bytes .. ' bytes',
  type_reserved = 'any other type',
}

local function no_event(what) refuse('event_invalid', what) end

local RESERVED = { belfry = true, websocket = true }

-- Of a type with dots the first part is the type, the rest the action.
local function check_reserved(name)
  local kind = name:match('^[^.]*')
  if RESERVED[kind] then refuse('type_reserved', 'the type "' .. kind .. '" is reserved for the hub') end
end

local DAYS = { 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 }

local function is_leap(year) return year % 4 == 0 and (year % 100 ~= 0 or year % 400 == 0) end

-- RFC 3339.
local function is_time(text)
  local date, clock, rest = text:match('^(%d%d%d%d%-%d%d%-%d%d)[Tt](%d%d:%d%d:%d%d)(.*)$')
  if not date then return false end
  local year, month, day = date:match('^(%d+)-(%d+)-(%d+)$')
  local hour, minute, second = clock:match('^(%d+):(%d+):(%d+)$')
  year, month, day = tonumber(year), tonumber(month), tonumber(day)
  if day < 1 or day > (DAYS[month] or 0) or (month == 2 and day == 29 and not is_leap(year)) then return false end
  if tonumber(hour) > 23 or tonumber(minute) > 59 or tonumber(second) > 59 then return false end
  local zone = rest:gsub('^%.%d+', '')
  local hours, minutes = zone:match('^[+-](%d%d):(%d%d)$')
  return zone == 'Z' or zone == 'z' or (hours ~= nil and tonumber(hours) <= 24 and tonumber(minutes) <= 59)
end

local function check_text(name, value)
  if type(value) ~= 'string' then no_event(name .. ' is not a string') end
end

local function check_filled(name, value)
  check_text(name, value)
  if value == '' then no_event(name .. ' is empty') end
end

local function check_time(name, value)
  check_text(name, value)
  if not is_time(value) then no_event(name .. ' is not a time as RFC 3339 has it') end
end

local function check_object(name, value)
  if not is_object(value) then no_event(name .. ' is not an object') end
end

local function anything() end

local CANONICAL = {
  id = check_text, time = check_time, type = check_filled, action = check_filled, key = check_text,
  principal = check_text, object = anything, original = anything, metadata = check_object,
}

-- What retain.lua asks: `onlyNames` in the hub decides the same.
local function says(key, object)
  if object == nil or object == cjson.null then return 'names' end
  if type(object) ~= 'table' then return '' end
  for _, value in pairs(object) do
    if value ~= key then return '' end
  end
  return 'names'
end

local function check_fields(checks, event)
  for name, value in pairs(event) do
    if not checks[name] then no_event('it has the unknown field ' .. name:sub(1, 100)) end
    checks[name](name, value)
  end
end

local function canonical(event)
  check_fields(CANONICAL, event)
  if event.key == nil then no_event('key is missing') end
  check_reserved(event.type)
  return event.type, event.action, event.key, says(event.key, event.object)
end

-- What Go writes for a time that was never set.
local GO_ZERO_TIME = '0001-01-01T00:00:00Z'

local function check_drp_time(name, value)
  if value ~= GO_ZERO_TIME then check_time(name, value) end
end

local DRP = {
  time = check_drp_time, type = check_filled, action = check_filled, key = check_text, principal = check_text,
}

-- Go reads field names without regard to case, and null as absent.
local function drp(event)
  local found, object = {}, nil
  for name, value in pairs(event) do
    local field = name:lower()
    if field == 'object' then object = value end
    if DRP[field] and value ~= cjson.null then
      DRP[field](name, value)
      found[field] = value
      if field == 'type' then check_reserved(value) end
    end
  end
  if not (found.type and found.action) then no_event('Type or Action is missing') end
  local key = found.key or ''
  return found.type, found.action, key, says(key, object)
end

local function check_dotted(name)
  check_text('type', name)
  if not name:find('.', 1, true) then no_event('type is not <kind>.<what happened>') end
  check_reserved(name)
  return name:match('^([^.]*)%.(.*)$')
end

local PROVISIONING = { event_type = check_filled, timestamp = check_time, data = anything, metadata = check_object }

-- Which event this becomes only the hub knows: no rule is asked.
local function provisioning(event)
  check_fields(PROVISIONING, event)
  if event.data == nil then no_event('data is missing') end
end

local function norn(event)
  local kind, action = check_dotted(event.type)
  check_text('appId', event.appId)
  return kind, action, event.appId, says(event.appId, event.payload)
end

local function dorgu(event)
  local kind, action = check_dotted(event.type)
  check_text('data.name', event.data.name)
  return kind, action, event.data.name, says(event.data.name, event.data)
end

-- In the order in which the hub recognises them. Each answers of what it has checked the type, action and key, and what
-- it says.
local function spelling(event)
  if event.type ~= nil and event.action ~= nil then return canonical end
  if event.Type ~= nil or event.Action ~= nil then return drp end
  if event.event_type ~= nil then return provisioning end
  if event.type ~= nil and event.appId ~= nil and event.payload ~= nil then return norn end
  if event.type ~= nil and is_object(event.data) and event.data.name ~= nil then return dorgu end
  no_event('its fields are those of no known spelling')
end

-- Fields right below `data` of which the hub makes the key.
local KEY_FIELDS = {
  [provisioning] = { task_id = true, batch_id = true, workflow_id = true, component = true, metric_name = true },
  [dorgu] = { name = true },
}

local function check_size(text)
  if #text > LIMITS.event_bytes then refuse('event_too_big', 'it is ' .. #text .. ' bytes') end
end

-- The { type, action, key, says } of an event, without any where only the hub can tell them; and its text as it may be kept,
-- which can be longer.
local function check(text)
  check_size(text)
  local event = parse(text)
  if not is_object(event) then no_event('it is not an object') end
  local spelled = spelling(event)
  local kind = { spelled(event) }
  local masked = redact(text, kind, KEY_FIELDS[spelled])
  check_size(masked)
  return kind, masked
end

local function refusal(code, what, expected)
  return redis.error_reply('BELFRY ' .. code .. ': ' .. what .. '; expected ' .. expected)
end

local function refusal_of_keys(keys)
  local prefix = #keys > 0 and keys[1]:match('^{([^{}:%s]+)}:log$')
  if not prefix then return refusal('not_found', 'the first key is no log', '{<prefix>}:log, as in {belfry}:log') end
  local once = '{' .. prefix .. '}:once:'
  if #keys > 2 or (keys[2] and (keys[2] == once or keys[2]:sub(1, #once) ~= once)) then
    return refusal('idempotency_key_invalid', 'the second key is no idempotency key', once .. '<key>')
  end
end

-- Fills in the kinds that `publish` takes, and what may be kept of the events.
local function refusal_of_events(events, kinds)
  if #events == 0 then return refusal('event_invalid', 'no event is given', 'one or more') end
  for i, text in ipairs(events) do
    local ok, found, masked = pcall(check, text)
    if ok then
      kinds[i], events[i] = found[1] and found, masked
    else
      local which = #events > 1 and 'event ' .. i .. ' of ' .. #events .. ': ' or ''
      return refusal(found.code, which .. found.what, EXPECTED[found.code])
    end
  end
end

redis.register_function('belfry_publish', function(keys, events)
  local kinds = {}
  return refusal_of_keys(keys) or refusal_of_events(events, kinds) or publish(keys, events, kinds)
end)
