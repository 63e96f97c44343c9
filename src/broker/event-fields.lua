-- Checks the fields of an event by its format, and finds its topic, for validate.lua. FORMATS and event-forms.lua stand
-- before it.

local function without_nulls(event)
  local found = {}
  for name, value in next, event do
    if value ~= cjson.null then found[name] = value end
  end
  return found
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

-- Adds to a format the check of each field, false for any JSON, and which fields it needs, since looking into the forms
-- costs more.
local function with_checks(format)
  format.checks, format.needed = {}, {}
  for name, form in pairs(format.fields) do
    format.checks[name] = CHECKS[form:match('%a+')] or false
    if form:sub(-1) ~= '?' then table.insert(format.needed, name) end
  end
  return format.checks
end

-- The fields of the event, after the form of each was checked.
local function checked_fields(event, format, text)
  local checks = format.checks or with_checks(format)
  local fields = event
  if format.asGo then fields = as_go(event, format.fields) end
  if format.skipsNull then fields = without_nulls(event) end
  local others = format.others and CHECKS[format.others]
  for name, value in next, fields do
    local check = checks[name]
    if check then
      check(name, value, text)
    elseif check == nil and others then
      others(name, value)
    elseif check == nil and not format.isOpen then
      no_event('it has the unknown field ' .. name:sub(1, 100))
    end
  end
  for i = 1, #format.needed do
    local name = format.needed[i]
    if fields[name] == nil then no_event(name .. ' is missing') end
  end
  local other = format.otherObject
  if other and fields[other] ~= nil and fields[format.object] ~= nil then
    no_event('it has both ' .. format.object .. ' and ' .. other)
  end
  return fields
end

-- The two names in each path of the formats, of which the second is empty where there is no dot.
local names_in = {}

-- The value at a path, which is a field of the root, or with a dot a field of an object at the root; and the names of
-- both fields.
local function field_at(fields, path)
  local names = names_in[path]
  if not names then
    names = { path:match('^([^.]*)%.?(.*)$') }
    names_in[path] = names
  end
  local outer, inner = names[1], names[2]
  local value = fields[outer]
  if inner == '' then return value, outer end
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

-- Each function answers the kind of an event by the rule of its format, as publish takes it, and the name of the field of
-- `data` that holds the key, where one does.
local topic_by = {}

function topic_by.fields(fields, rule)
  return { fields[rule.type], fields[rule.action], fields[rule.key] or '', '', false }
end

function topic_by.dotted(fields, rule)
  local kind, action = fields[rule.name]:match('^([^.]+)%.(.+)$')
  if not kind then no_event(rule.name .. ' is not <type>.<action>, as in deploy.step') end
  local key, _, kept = field_at(fields, rule.key)
  CHECKS.text(rule.key, key)
  return { kind, action, key, '', false }, kept
end

local function is_version(part) return part:find('^v?%d+$') or part:find('^v%d+%l+%d+$') end

-- As `qualifiedTopic` in model/format.ts.
function topic_by.qualified(fields, rule)
  local name, own, before, last = fields[rule.name], rule.own, nil, nil
  for part in name:gmatch('[^.]+') do
    if not is_version(part) then before, last = last, part end
  end
  local kind, action = before or last or name, before and last or rule.lone
  local key = fields[own.key] or fields[rule.key] or ''
  return { fields[own.type] or kind, fields[own.action] or action, key, '', false }
end

function topic_by.named(fields, rule, text)
  local name = fields[rule.name]
  local topic = rule.topics[name]
  if not topic then return { rule.others, name, '', '', false } end
  if not topic.key then return { topic.type, topic.action, '', '', false } end
  local value, outer, inner = field_at(fields, topic.key)
  return { topic.type, topic.action, key_of(value, text, outer, inner), '', false }, inner
end

-- The object of the event.
local function object_in(fields, format)
  local object = fields[format.object]
  if object == nil and format.otherObject then return fields[format.otherObject] end
  return object
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
  for i = 1, #paths do
    local path = paths[i]
    -- Most paths are the name of a field of the root.
    if (event[path] == nil or names_in[path] == nil or names_in[path][2] ~= '') and field_at(event, path) == nil then
      return false
    end
  end
  return true
end

-- The format of an event, found as `formatOf` in model/format.ts does.
local function format_of(event)
  for i = 1, #FORMATS do
    if has_all(event, FORMATS[i].whole) then return FORMATS[i] end
  end
  for i = 1, #FORMATS do
    if has_all(event, FORMATS[i].partly) then return FORMATS[i] end
  end
  no_event('its fields are those of no known format')
end

