-- Masks what nobody may see in the text of an event, before any of it is kept. The text stays as it was written but for
-- the values that are masked: encoded anew by cjson, an empty list would become an object and a number another.
-- strict-json.lua stands before it and has taken the text, so it is known to be JSON; and so do REDACTIONS, the layers of
-- model/redaction.ts, with which this agrees to the byte.

local REDACTED = '"[redacted]"'

-- Where the spellings put what becomes object, original and metadata of an event; and what else they write at the root,
-- which no name masks there: it says what the event is.
local ROOTS = { object = 'object', payload = 'object', data = 'object', original = 'original', metadata = 'metadata' }
local ENVELOPE = {
  id = true, time = true, type = true, action = true, key = true, principal = true, appid = true, event_type = true,
  timestamp = true,
}

local NONE = {}

local function fold(name) return (name:lower():gsub('[-_]', '')) end

-- As `holds` in model/mask.ts.
local function holds(glob, name)
  local first, last = glob[1], glob[#glob]
  if #glob == 1 then return name == first end
  if name:sub(1, #first) ~= first or name:sub(#name - #last + 1) ~= last then return false end
  local at = #first + 1
  for i = 2, #glob - 1 do
    local _, found = name:find(glob[i], at, true)
    if not found then return false end
    at = found + 1
  end
  return at + #last <= #name + 1
end

local function any_holds(globs, name)
  local folded = fold(name)
  for _, glob in ipairs(globs) do
    if holds(glob, folded) then return true end
  end
  return false
end

-- Names come over and over, so each layer keeps what is known of them from call to call, within a bound.
local MAX_KNOWN, MAX_KNOWN_LENGTH = 10000, 100

local function is_hidden_in(layer, name)
  local known = layer.known[name]
  if known ~= nil then return known end
  known = any_holds(layer.names, name)
  if #name > MAX_KNOWN_LENGTH then return known end
  if layer.count >= MAX_KNOWN then layer.known, layer.count = {}, 0 end
  layer.known[name], layer.count = known, layer.count + 1
  return known
end

local function is_hidden(layers, name)
  for _, layer in ipairs(layers) do
    if is_hidden_in(layer, name) then return true end
  end
  return false
end

-- Each of the next three takes where something begins in the text and answers where it has ended.

local function skip_string(text, at)
  at = at + 1
  while true do
    at = text:find('["\\]', at)
    if text:sub(at, at) == '"' then return at + 1 end
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

-- What is left of the paths that lead through a name; true where one of them ends.
local function follow(paths, name)
  if #paths == 0 then return NONE end
  local folded, rest = fold(name), {}
  for _, path in ipairs(paths) do
    if holds(path.steps[path.at], folded) then
      if path.at == #path.steps then return true end
      rest[#rest + 1] = { steps = path.steps, at = path.at + 1 }
    end
  end
  return rest
end

local function is_told(text, at)
  local first = text:sub(at, at)
  return first ~= 't' and first ~= 'f' and first ~= 'n'
end

-- `paths` are those of the layers, which concern the event; `kept` are names right below the root that stay, since the
-- hub makes the key of them.
local function masked(text, layers, paths, kept)
  local pieces, done = {}, 1
  local scan

  local function mask(from, to)
    pieces[#pieces + 1] = text:sub(done, from - 1)
    pieces[#pieces + 1] = REDACTED
    done = to
    return to
  end

  -- The value of a field, at a depth where the root is 0.
  local function field(name, at, through, depth)
    if depth == 0 then
      local root = name:lower()
      -- A spelling that does not know the field may have anything in it.
      if ENVELOPE[root] then return scan(at, NONE, 2) end
      if ROOTS[root] then return scan(at, paths[ROOTS[root]], 1) end
    end
    local rest = follow(through, name)
    if not (depth == 1 and kept[name]) then
      if rest == true or (is_hidden(layers, name) and is_told(text, at)) then return mask(at, skip_value(text, at)) end
    end
    return scan(at, rest == true and NONE or rest, depth + 1)
  end

  local function scan_object(at, through, depth)
    at = text:find('[^%s]', at + 1)
    while text:sub(at, at) ~= '}' do
      local ended = skip_string(text, at)
      local name = text:sub(at + 1, ended - 2)
      if name:find('\\', 1, true) then name = json.decode('["' .. name .. '"]')[1] end
      at = field(name, text:find('[^%s:]', ended), through, depth)
      at = text:find('[^%s,]', at)
    end
    return at + 1
  end

  local function scan_list(at, through, depth)
    at = text:find('["%[%]{]', at + 1)
    while text:sub(at, at) ~= ']' do
      at = text:find('["%[%]{]', scan(at, through, depth))
    end
    return at + 1
  end

  scan = function(at, through, depth)
    local first = text:sub(at, at)
    if first == '{' then return scan_object(at, through, depth) end
    if first == '[' then return scan_list(at, through, depth) end
    return skip_value(text, at)
  end

  scan(text:find('{', 1, true), NONE, 0)
  return table.concat(pieces) .. text:sub(done)
end

local function concerns(layer, kind)
  if not kind[1] then return true end
  local types, actions, keys = layer.types, layer.actions, layer.keys
  return (types == true or types[kind[1]]) and (actions == true or actions[kind[2]]) and (keys == true or keys[kind[3]])
end

-- A quick look, since most events hold nothing to mask: whether any name in the text may be hidden, wherever it stands.
-- Each quote is tried as the first of a name, so none is missed; what cannot be read like that is suspect.
local function is_suspect(text, layers)
  local at = 1
  while true do
    local _, _, before, name, last = text:find('(.)"([^"]*)()"%s*:', at)
    if not name then return false end
    if before == '\\' or name:find('\\', 1, true) or is_hidden(layers, name) then return true end
    at = last - 1
  end
end

-- `kind` is the { type, action, key } of the event; where only the hub can tell it, every layer concerns it.
local function redact(text, kind, kept)
  local layers, paths, has_paths = {}, { object = {}, original = {}, metadata = {} }, false
  for _, layer in ipairs(REDACTIONS) do
    if concerns(layer, kind) then
      layers[#layers + 1] = layer
      for _, path in ipairs(layer.paths) do
        local from = paths[path.root]
        from[#from + 1], has_paths = { steps = path.steps, at = 1 }, true
      end
    end
  end
  if not has_paths and not is_suspect(text, layers) then return text end
  return masked(text, layers, paths, kept or NONE)
end
