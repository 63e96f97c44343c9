-- Checks the form of each field of an event, for event-fields.lua. FORMATS and strict-json.lua stand before it.

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

function CHECKS.text(name, value)
  if type(value) ~= 'string' then no_event(name .. ' is not a string') end
end

function CHECKS.filled(name, value)
  if type(value) ~= 'string' then no_event(name .. ' is not a string') end
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

-- The forms of the attributes of CloudEvents, as in model/attribute-forms.ts.

function CHECKS.version(name, value)
  CHECKS.filled(name, value)
  if value ~= '1.0' then no_event(name .. ' is not 1.0') end
end

function CHECKS.uri(name, value)
  CHECKS.filled(name, value)
  if value:find('[%z\1- <>"{}|\\^`\127]') then no_event(name .. ' is not a URI') end
end

function CHECKS.media(name, value)
  CHECKS.filled(name, value)
  local rest = value:match('^[^ \t/;]+/[^ \t/;]+[ \t]*(.?)')
  if rest ~= '' and rest ~= ';' then no_event(name .. ' is not a media type') end
end

function CHECKS.bytes(name, value)
  CHECKS.text(name, value)
  if #value % 4 ~= 0 or not value:find('^[%w+/]*=?=?$') then no_event(name .. ' is not in base64') end
end

function CHECKS.attribute(name, value)
  if not name:find('^[%l%d]+$') then
    no_event(name:sub(1, 100) .. ' is not a name of lower-case letters and digits')
  end
  if type(value) == 'string' or type(value) == 'boolean' then return end
  local is_int32 = type(value) == 'number' and value % 1 == 0 and value >= -2147483648 and value <= 2147483647
  if not is_int32 then no_event(name:sub(1, 100) .. ' is not a string, a boolean or a whole number of 32 bits') end
end

-- The JSON is read as deep as it will stand in the event.
function CHECKS.jsontext(name, value)
  CHECKS.text(name, value)
  local text = '[' .. value .. ']'
  local ok, items = pcall(function()
    local list, is_printable = parse(text)
    check_strictly(text, is_printable, false)
    return list
  end)
  if not ok and type(items) ~= 'table' then error(items, 0) end
  if not ok or items[1] == nil or items[2] ~= nil then no_event(name .. ' is not JSON') end
end

function CHECKS.objecttext(name, value)
  CHECKS.jsontext(name, value)
  if not value:find('^%s*{') then no_event(name .. ' is not the JSON of an object') end
end
