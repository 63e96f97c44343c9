-- Decides quickly, for most events, that nothing in them is masked. It visits the fields that cjson has parsed, so it
-- costs the more the more fields there are, however long their texts are. Where anything could be masked it answers
-- no, and redact.lua scans the text. redact-names.lua stands before it, and SIGNS, where it caches what names mean.

-- What the name of a field means here: it may be masked; or it is one of the fields by which an object says that
-- another of its fields is secret; false for every other name.
local SUSPECT, LABEL, VALUE, KIND = 'suspect', 'label', 'value', 'kind'
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

local function sign_of(name)
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

-- What is known of the event that is visited: how many strings it holds, names included; whether it holds a number;
-- and which texts in it have to be looked at.
local strings, holds_number, may_hold_user, may_hold_variable

local visit

local function holds_user(text) return text:find('@', 1, true) and text:find('://', 1, true) end

local function visit_list(list)
  for i = 1, #list do
    local item = list[i]
    local form = type(item)
    if form == 'string' then
      strings = strings + 1
      if (may_hold_user and holds_user(item)) or (may_hold_variable and is_secret_variable(item)) then return true end
    elseif form == 'table' then
      if visit(item) then return true end
    elseif form == 'number' then
      holds_number = true
    end
  end
  return false
end

-- Whether an object or list may hold something to mask. Texts are looked at only where the event has the letters for it.
visit = function(object)
  if object[1] ~= nil then return visit_list(object) end
  local known, count, has_label, has_value = SIGNS.known, 0, false, false
  for name, value in next, object do
    local sign, form = known[name], type(value)
    if sign == nil then sign = sign_of(name) end
    if sign then
      if sign == SUSPECT or (sign == KIND and (value == 'Secret' or value == 'SecretList')) then return true end
      has_label, has_value = has_label or sign == LABEL, has_value or sign == VALUE
    end
    count = count + 1
    if form == 'string' then
      count = count + 1
      if may_hold_user and holds_user(value) then return true end
    elseif form == 'table' then
      if visit(value) then return true end
    elseif form == 'number' then
      holds_number = true
    end
  end
  strings = strings + count
  return has_label and has_value and has_secret_label(object)
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

-- Whether nothing in an event is masked; and whether it holds numbers, if nothing is masked.
--
-- Of two fields with one name only the last is in the table. The text then has more strings, and has to be scanned.
local function holds_nothing_to_mask(event, text)
  if type(event) ~= 'table' then return false end
  local is_escaped = text:find('\\u', 1, true)
  strings, holds_number = 0, false
  may_hold_user = is_escaped or text:find('@', 1, true)
  may_hold_variable = is_escaped or text:find('=', 1, true)
  if visit(event) or strings * 2 ~= count_quotes(text) then return false end
  return true, holds_number
end
