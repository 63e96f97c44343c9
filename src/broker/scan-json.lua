-- Walks through the text of JSON that cjson has parsed before, so that nothing here has to be checked again.

-- The strict cjson, which strict-json.lua makes at the first call; and how many bytes more it writes for a slash.
local json, slash_bytes

-- Each of these functions takes where a value begins in the text, and answers the place after its end.

local function skip_string(text, at)
  at = at + 1
  while true do
    at = text:find('["\\]', at)
    if text:byte(at) == 34 then return at + 1 end
    at = at + 2
  end
end

local function skip_scalar(text, at) return text:find('[,%]}%s]', at) or #text + 1 end

local function skip_value(text, at)
  local first = text:sub(at, at)
  if first == '"' then return skip_string(text, at) end
  if first ~= '{' and first ~= '[' then return skip_scalar(text, at) end
  local depth = 0
  repeat
    at = text:find('["%[%]{}]', at)
    local found = text:sub(at, at)
    if found == '"' then
      at = skip_string(text, at)
    else
      depth = depth + ((found == '{' or found == '[') and 1 or -1)
      at = at + 1
    end
  until depth == 0
  return at
end

-- The value of the string between two places; the quotes stand within them.
local function unquoted(text, at, ended)
  local inside = text:sub(at + 1, ended - 2)
  if not inside:find('\\', 1, true) then return inside end
  return json.decode('[' .. text:sub(at, ended - 1) .. ']')[1]
end

-- Where the value of a field begins and ends, in the object that begins at this place. Of several fields of one name
-- the last one counts, as in every reader of JSON.
local function find_field(text, at, wanted)
  local from, to
  at = text:find('[^%s]', at + 1)
  while text:byte(at) ~= 125 do
    local ended = skip_string(text, at)
    local name = unquoted(text, at, ended)
    local begin = text:find('[^%s:]', ended)
    at = skip_value(text, begin)
    if name == wanted then from, to = begin, at end
    at = text:find('[^%s,]', at)
  end
  return from, to
end

-- Whether any object has a field of this name, escaped or not.
local function holds_name(text, wanted)
  local at = text:find('"', 1, true)
  while at do
    local ended = skip_string(text, at)
    if text:find('^%s*:', ended) and unquoted(text, at, ended) == wanted then return true end
    at = text:find('"', ended, true)
  end
  return false
end
