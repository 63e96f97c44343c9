-- The function belfry_publish, for every service that reaches Redis:
--
--   FCALL belfry_publish 1 {belfry}:log '<event>' ['<event>' …]
--   FCALL belfry_publish 2 {belfry}:log {belfry}:once:<key> '<event>' …
--
-- Answers the id of each event. It accepts exactly what a node would accept, in every format, and refuses everything
-- else with `BELFRY <code>: <what was wrong>; expected …`; then nothing was appended.

local function no_event(what) refuse('event_invalid', what) end

local DAYS = { 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 }

local function is_leap(year) return year % 4 == 0 and (year % 100 ~= 0 or year % 400 == 0) end

-- Whether a text is a time as RFC 3339 defines it.
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

local CHECKS = {}

function CHECKS.json() end

function CHECKS.text(name, value)
  if type(value) ~= 'string' then no_event(name .. ' is not a string') end
end

function CHECKS.filled(name, value)
  CHECKS.text(name, value)
  if value == '' then no_event(name .. ' is empty') end
end

function CHECKS.time(name, value)
  CHECKS.text(name, value)
  if not is_time(value) then no_event(name .. ' is not a time in the format of RFC 3339') end
end

-- An empty table was an object or a list: only the text can tell.
function CHECKS.object(name, value, text)
  if is_object(value) and next(value) == nil then
    local at = find_field(text, text:find('{', 1, true), name)
    if text:byte(at) == 91 then value = nil end
  end
  if not is_object(value) then no_event(name .. ' is not an object') end
end

-- Reads fields as Go does: the case of letters does not matter, and null counts as absent.
local function as_go(event, fields)
  local found = {}
  for name, value in pairs(event) do
    local field = name:lower()
    if fields[field] then
      if found[field] ~= nil then no_event('it has the field ' .. field .. ' twice, in letters of different case') end
      found[field] = value
    end
  end
  for field, value in pairs(found) do
    if value == cjson.null then found[field] = nil end
  end
  return found
end

-- The fields of the event, after the form of each was checked.
local function checked_fields(event, format, text)
  local fields = format.asGo and as_go(event, format.fields) or event
  for name, value in pairs(fields) do
    local form = format.fields[name]
    if form then
      CHECKS[form:match('%a+')](name, value, text)
    elseif not format.isOpen then
      no_event('it has the unknown field ' .. name:sub(1, 100))
    end
  end
  for name, form in pairs(format.fields) do
    if fields[name] == nil and form:sub(-1) ~= '?' then no_event(name .. ' is missing') end
  end
  return fields
end

-- The value at a path, which is a field of the root, or with a dot a field of an object at the root; and the names of
-- both fields.
local function field_at(fields, path)
  local outer, inner = path:match('^([^.]*)%.(.*)$')
  if not outer then return fields[path], path end
  local value = fields[outer]
  if not is_object(value) then return nil, outer, inner end
  return value[inner], outer, inner
end

-- A value as the key of an event; a number as its digits were written.
local function key_of(value, text, outer, inner)
  if type(value) == 'string' then return value end
  if type(value) ~= 'number' then return '' end
  local at = find_field(text, text:find('{', 1, true), outer)
  local from, to = find_field(text, at, inner)
  return text:sub(from, to - 1)
end

-- Each function answers the { type, action, key } of an event by the rule of its format, and the name of the field of
-- `data` that holds the key, where one does.
local topic_by = {}

function topic_by.fields(fields, rule)
  return { fields[rule.type], fields[rule.action], fields[rule.key] or '' }
end

function topic_by.dotted(fields, rule)
  local kind, action = fields[rule.name]:match('^([^.]+)%.(.+)$')
  if not kind then no_event(rule.name .. ' is not <type>.<action>, as in deploy.step') end
  local key, _, kept = field_at(fields, rule.key)
  CHECKS.text(rule.key, key)
  return { kind, action, key }, kept
end

function topic_by.named(fields, rule, text)
  local name = fields[rule.name]
  local topic = rule.topics[name]
  if not topic then return { rule.others, name, '' } end
  if not topic.key then return { topic.type, topic.action, '' } end
  local value, outer, inner = field_at(fields, topic.key)
  return { topic.type, topic.action, key_of(value, text, outer, inner) }, inner
end

-- What retain.lua needs to know; `onlyNames` in model/retention.ts decides the same.
local function says(key, object)
  if object == nil or object == cjson.null then return 'names' end
  if type(object) ~= 'table' then return '' end
  for _, value in pairs(object) do
    if value ~= key then return '' end
  end
  return 'names'
end

local function has_all(event, paths)
  if not paths then return false end
  for _, path in ipairs(paths) do
    if field_at(event, path) == nil then return false end
  end
  return true
end

-- The format of an event, found as `formatOf` in model/format.ts does.
local function format_of(event)
  for _, amount in ipairs({ 'whole', 'partly' }) do
    for _, format in ipairs(FORMATS) do
      if has_all(event, format[amount]) then return format end
    end
  end
  no_event('its fields are those of no known format')
end

local function check_size(text)
  if #text > LIMITS.event_bytes then refuse('event_too_big', 'it is ' .. #text .. ' bytes') end
end

-- The { type, action, key, says } of an event, and its masked text, which can be longer than the original.
local function check(text)
  check_size(text)
  text = without_mark(text)
  local event = parse(text)
  if not text:find('^%s*{') then no_event('it is not an object') end
  local format = format_of(event)
  local fields = checked_fields(event, format, text)
  local topic, kept = topic_by[format.topic.kind](fields, format.topic, text)
  if RESERVED[topic[1]] then refuse('type_reserved', 'the type "' .. topic[1] .. '" is reserved for the hub') end
  local masked = redact(text, topic, kept)
  check_size(masked)
  if masked ~= text then fields = checked_fields(json.decode(masked), format, masked) end
  topic[4] = says(topic[3], fields[format.object])
  return topic, masked
end

local EXPECTED = {
  json_invalid = 'JSON in UTF-8, at most ' .. MAX_DEPTH .. ' levels deep, without the name __proto__',
  event_invalid = 'type, action, key; Type, Action; event_type; type, appId, payload; or type, data.name',
  event_too_big = function() return 'at most ' .. LIMITS.event_bytes .. ' bytes' end,
  type_reserved = 'any other type',
}

local function refusal(code, what, expected)
  if type(expected) == 'function' then expected = expected() end
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

-- Validates and masks all events, and fills in the kinds that `publish` takes.
local function refusal_of_events(events, kinds)
  if #events == 0 then return refusal('event_invalid', 'no event is given', 'one or more') end
  for i, text in ipairs(events) do
    local ok, found, masked = pcall(check, text)
    if ok then
      kinds[i], events[i] = found, masked
    else
      local which = #events > 1 and 'event ' .. i .. ' of ' .. #events .. ': ' or ''
      return refusal(found.code, which .. found.what, EXPECTED[found.code])
    end
  end
end

-- The digest of the events as they were sent, since their masked text may change with the rules.
local function digest_of(events)
  local parts = {}
  for i, text in ipairs(events) do parts[i] = #text .. ':' .. text end
  return redis.sha1hex(table.concat(parts))
end

redis.register_function('belfry_publish', function(keys, events)
  local log, once, kinds = keys[1], keys[2], {}
  local by = { once = once, digest = once and digest_of(events) }
  return refusal_of_keys(keys) or refusal_of_hub(log:match('^{(.+)}:log$')) or refusal_of_events(events, kinds)
    or publish(log, events, kinds, by)
end)
