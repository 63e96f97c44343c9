-- What the name of a field means for masking, as in model/redact-names.ts. scan-json.lua stands before it.

-- How much of a value is hidden, each mode more than the one before: nothing; the texts in it; the value itself if it
-- is a text or number, and the texts in it; all texts and numbers; everything. WITHIN says which mode then holds in
-- the fields of an object.
local NONE, TEXTS, SECRET, TOLD, ALL = 0, 1, 2, 3, 4
local WITHIN = { [NONE] = NONE, [TEXTS] = TEXTS, [SECRET] = TEXTS, [TOLD] = TOLD, [ALL] = ALL }

-- What else a name may mean: NO_SECRET, though it stands within a secret; DIRECTORY, a secret unless the value is the
-- path of a directory.
local NO_SECRET, DIRECTORY = -1, -2

local NO_PATHS = {}

local function fold(name) return (name:lower():gsub('[-_]', '')) end

-- As `holds` in model/redact-names.ts.
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

-- Nearly all globs are whole names or endings of names: those are looked up in a table by their length.
local function any_holds(globs, name)
  for _, endings in ipairs(globs.endings) do
    local is_whole = #name == endings.length
    local what = #name >= endings.length and endings.of[name:sub(#name - endings.length + 1)]
    if what == 'ending' or (what and is_whole) then return true end
  end
  for _, glob in ipairs(globs.others) do
    if holds(glob, name) then return true end
  end
  return false
end

local function find_meaning(layer, name)
  local folded, usual = fold(name), layer.usual
  if any_holds(layer.names, folded) then return TOLD end
  if not usual then return NONE end
  if any_holds(usual.noSecrets, folded) then return NO_SECRET end
  if any_holds(usual.directories, folded) then return DIRECTORY end
  return any_holds(usual.names, folded) and SECRET or NONE
end

-- The same names come again and again, so their meaning is cached between calls, within MAX_KNOWN and
-- MAX_KNOWN_LENGTH.

local roles, role_count = {}, 0

-- The role of a field: whether it says something about another field of its object, or another says something about
-- it; false for none.
local function role_of(name)
  local role = roles[name]
  if role ~= nil then return role end
  role = ROLES[fold(name)] or false
  if #name > MAX_KNOWN_LENGTH then return role end
  if role_count >= MAX_KNOWN then roles, role_count = {}, 0 end
  roles[name], role_count = role, role_count + 1
  return role
end

local function meaning_in(layer, name)
  local known = layer.known[name]
  if known then return known end
  known = find_meaning(layer, name)
  if #name > MAX_KNOWN_LENGTH then return known end
  if layer.count >= MAX_KNOWN then layer.known, layer.count = {}, 0 end
  layer.known[name], layer.count = known, layer.count + 1
  return known
end

-- The strongest mode of a name over all layers, whether its value may be a directory, and whether it is no secret.
local function meaning_of(layers, name)
  local mode, may_be_directory, is_no_secret = NONE, false, false
  for _, layer in ipairs(layers) do
    local meaning = meaning_in(layer, name)
    if meaning > mode then mode = meaning end
    may_be_directory = may_be_directory or meaning == DIRECTORY
    is_no_secret = is_no_secret or meaning == NO_SECRET
  end
  return mode, may_be_directory, is_no_secret
end

local function is_directory(text)
  return text:find('^[/~]') ~= nil or text:find('^%.%.?/') ~= nil or text:find('^%a:[/\\]') ~= nil
end

local function is_directory_at(text, at)
  return text:byte(at) == 34 and is_directory(unquoted(text, at, skip_string(text, at)))
end

-- The rest of the paths that lead through a name; true where one of them ends there.
local function follow(paths, name)
  if #paths == 0 then return NO_PATHS end
  local folded, rest = fold(name), {}
  for _, path in ipairs(paths) do
    if holds(path.steps[path.at], folded) then
      if path.at == #path.steps then return true end
      rest[#rest + 1] = { steps = path.steps, at = path.at + 1 }
    end
  end
  return rest
end

