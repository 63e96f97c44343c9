-- Decides quickly, for most events, that nothing in them is masked. It visits the fields that cjson has parsed, so it
-- costs the more the more fields there are, however long their texts are. Where anything could be masked it answers
-- no, and redact.lua scans the text. redact-names.lua stands before it, and SIGNS, where it caches what names mean.

-- What the name of a field means here: it may be masked; or it is one of the fields by which an object says that
-- another of its fields is secret; false for every other name.
local SUSPECT, LABEL, VALUE, KIND = 'suspect', 'label', 'value', 'kind'

-- Whether the event that was looked at last holds a number.
local holds_number

-- A chunk of Lua has up to 200 locals, so most names of this file hold in this block only.
local sign_of, holds_nothing_to_mask
do

local SIGN_BY_ROLE = { label = LABEL, value = VALUE, kind = KIND, sensitive = SUSPECT }

local function ends_path(name)
  for _, layer in ipairs(REDACTIONS) do
    for _, path in ipairs(layer.paths) do
      if holds(path.steps[#path.steps], fold(name)) then return true end
    end
  end
  return false
end

-- The layers count for every event, whether they concern it or not.
local function find_sign(name)
  local mode, may_be_directory = meaning_of(REDACTIONS, name)
  if mode > NONE or may_be_directory or name == '__proto__' or ends_path(name) then return SUSPECT end
  return SIGN_BY_ROLE[role_of(name)] or false
end

function sign_of(name)
  local sign = SIGNS.known[name]
  if sign ~= nil then return sign end
  sign = find_sign(name)
  if #name > MAX_KNOWN_LENGTH then return sign end
  if SIGNS.count >= MAX_KNOWN then SIGNS.known, SIGNS.count = {}, 0 end
  SIGNS.known[name], SIGNS.count = sign, SIGNS.count + 1
  return sign
end

-- Whether an object with a field `value` says by its label that this is a secret.
local function has_secret_label(object)
  for name, value in pairs(object) do
    if sign_of(name) == LABEL and type(value) == 'string' and sign_of(value) == SUSPECT then return true end
  end
  return false
end

local function is_secret_variable(item)
  local name = item:match('^([%w_.-]+)=')
  return name and sign_of(name) == SUSPECT
end

-- What is known of the event that is visited: how many strings it holds, names included; and which texts in it have to be
-- looked at.
local strings, may_hold_user, may_hold_variable

-- The fewest bytes in which a number can be written, or less.
local function fewest_bytes(number)
  if number < 0 then return 1 + fewest_bytes(-number) end
  if number % 1 ~= 0 or number >= 1e14 then return 2 end
  local bytes = 1
  -- 5000 may be written as 5e3.
  if number % 1000 == 0 and number > 0 then
    bytes = 3
    repeat number = number / 10 until number % 10 ~= 0
  end
  while number >= 10 do bytes, number = bytes + 1, number / 10 end
  return bytes
end

local function holds_user(text) return text:find('@', 1, true) and text:find('://', 1, true) end

local visit

-- The fewest bytes of each kind of value in JSON; nil where it may hold something to mask. Texts are looked at only where
-- the event has the letters for it.
local function fewest_bytes_of(value)
  local form = type(value)
  if form == 'string' then
    strings = strings + 1
    if may_hold_user and holds_user(value) then return nil end
    return #value + 2
  end
  if form == 'table' then return visit(value) end
  if form ~= 'number' then return 4 end
  holds_number = true
  return fewest_bytes(value)
end

local function visit_list(list)
  local bytes = 1
  for i = 1, #list do
    local item = list[i]
    local least = fewest_bytes_of(item)
    if not least or (may_hold_variable and type(item) == 'string' and is_secret_variable(item)) then return nil end
    bytes = bytes + least + 1
  end
  return bytes
end

-- The fewest bytes of an object or list in JSON; nil where it may hold something to mask.
visit = function(object)
  if object[1] ~= nil then return visit_list(object) end
  local known, bytes, count, has_label, has_value = SIGNS.known, 1, 0, false, false
  for name, value in next, object do
    local sign = known[name]
    if sign == nil then sign = sign_of(name) end
    if sign then
      if sign == SUSPECT or (sign == KIND and (value == 'Secret' or value == 'SecretList')) then return nil end
      has_label, has_value = has_label or sign == LABEL, has_value or sign == VALUE
    end
    local least
    if type(value) == 'string' and not may_hold_user then
      count, least = count + 2, #value + 2
    else
      count, least = count + 1, fewest_bytes_of(value)
      if not least then return nil end
    end
    bytes = bytes + #name + least + 4
  end
  strings = strings + count
  if has_label and has_value and has_secret_label(object) then return nil end
  return bytes == 1 and 2 or bytes
end

-- How many quotes begin or end a string in a text. cjson puts a backslash before each quote, backslash and slash that
-- it writes, so the length of what it writes tells how many there are. It adds bytes for control characters too, so a
-- text with such a character seems to have more quotes.
local function count_quotes(text)
  local count = #json.encode(text) - #text - 2
  local at = slash_bytes > 0 and text:find('/', 1, true)
  while at do
    count = count - slash_bytes
    at = text:find('/', at + 1, true)
  end
  at = text:find('\\', 1, true)
  while at do
    local escaped = text:byte(at + 1)
    count = count - ((escaped == 34 or escaped == 92) and 2 or 1)
    at = text:find('\\', at + 2, true)
  end
  return count
end

-- The shortest field: an empty name, a colon, one digit and a comma.
local FIELD_BYTES = 5

-- Whether nothing in an event is masked. Then the event is valid JSON, except for numbers: `holds_number` says whether it
-- has any.
--
-- Of two fields with one name only the last is in the table. The text then has more bytes than the table takes, and more
-- strings, and has to be scanned. A text with spaces or escapes has more bytes as well, so there the strings are counted.
function holds_nothing_to_mask(event, text, is_printable)
  if type(event) ~= 'table' then return false end
  local has_escape = text:find('\\', 1, true)
  local is_escaped = has_escape and text:find('\\u', 1, true)
  strings, holds_number = 0, false
  may_hold_user = is_escaped or (text:find('@', 1, true) and (has_escape or text:find('://', 1, true)))
  may_hold_variable = is_escaped or text:find('=', 1, true)
  local bytes = visit(event)
  if not bytes then return false end
  return (is_printable and #text - bytes < FIELD_BYTES) or strings * 2 == count_quotes(text)
end

end
