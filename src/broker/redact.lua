-- Masks what nobody may see in the text of an event, before anything of it is stored. Except for the masked values
-- the text stays as it was written: if cjson encoded it anew, an empty list would become an object, and numbers would
-- change. It agrees to the byte with model/redact-json.ts. Before it stand redact-names.lua, redact-urls.lua, and
-- from the node: REDACTIONS, the layers of rules; VALUE_FIELDS and ENVELOPE_FIELDS, which formats write at the root;
-- and ROLES, the fields by which an object says what another of its fields holds.

-- How one field of an object gives a hint about another: `about` collects the hints of the object.
local hint_by = {}

function hint_by.label(about, masking, at)
  local text = masking.text
  if text:byte(at) ~= 34 then return end
  local mode, may_be_directory = meaning_of(masking.layers, unquoted(text, at, skip_string(text, at)))
  about.mode = math.max(about.mode, mode)
  about.may_be_directory = about.may_be_directory or may_be_directory
end

function hint_by.sensitive(about, masking, at)
  if masking.is_usual and masking.text:sub(at, at) == 't' then about.mode = TOLD end
end

function hint_by.kind(about, masking, at)
  local text = masking.text
  if masking.is_usual and text:byte(at) == 34 then
    local kind = unquoted(text, at, skip_string(text, at))
    about.is_secret = about.is_secret or kind == 'Secret'
    about.is_secret_list = about.is_secret_list or kind == 'SecretList'
  end
end

local function may_hold_hints(text, folded)
  return text:find('\\u', 1, true) or folded:find('value"', 1, true) or folded:find('"secret"', 1, true)
    or folded:find('"secretlist"', 1, true)
end

-- The hints of all objects, by where the objects begin. One pass finds them all, at every level of nesting.
local function find_hints(masking)
  local text, hints, open, at = masking.text, {}, {}, 1
  while true do
    at = text:find('["{}]', at)
    if not at then return hints end
    local found = text:byte(at)
    if found == 123 then
      open[#open + 1] = at
      at = at + 1
    elseif found == 125 then
      open[#open] = nil
      at = at + 1
    else
      local ended = skip_string(text, at)
      local value = text:match('^%s*:%s*()', ended)
      local add_hint = value and hint_by[role_of(unquoted(text, at, ended))]
      if add_hint then
        local begin = open[#open]
        hints[begin] = hints[begin] or { mode = NONE }
        add_hint(hints[begin], masking, value)
      end
      at = ended
    end
  end
end

local function replace(masking, from, to, by)
  local pieces = masking.pieces
  pieces[#pieces + 1] = masking.text:sub(masking.done, from - 1)
  pieces[#pieces + 1] = by
  masking.done = to
end

local function mask_urls_at(masking, at, ended)
  local written = masking.may_hold_user and masking.text:sub(at + 1, ended - 2)
  local masked = written and mask_urls(written)
  if masked ~= written then replace(masking, at, ended, '"' .. masked .. '"') end
end

-- How much of a field is hidden because of the hints of its own object.
local function mode_by_hints(about, role, text, at)
  if role == 'data' then return about.is_secret and TOLD or NONE end
  if role ~= 'value' then return NONE end
  if about.may_be_directory and not is_directory_at(text, at) then return math.max(about.mode, SECRET) end
  return about.mode
end

-- How much of a field with this name is hidden, where `mode` holds in the object around it.
local function mode_of(masking, name, at, mode, about)
  local own, may_be_directory, is_no_secret = meaning_of(masking.layers, name)
  if may_be_directory and own < SECRET and not is_directory_at(masking.text, at) then own = SECRET end
  if about then own = math.max(own, mode_by_hints(about, role_of(name), masking.text, at)) end
  if own == NONE and mode == TEXTS and is_no_secret then return NONE end
  return math.max(own, mode)
end

-- An item of a list may be a variable or an option, like `PASSWORD=x` or `--password=x`: then the name in it counts.
local function scan_item(masking, at)
  local text = masking.text
  local ended = skip_string(text, at)
  local name, value = text:match('^"([%w_.-]+)=()', at)
  local item
  if not name and text:find('^"[%w_.-]*\\', at) then
    item = unquoted(text, at, ended)
    name = item:match('^([%w_.-]+)=')
  end
  local mode, may_be_directory = NONE, false
  if name then mode, may_be_directory = meaning_of(masking.layers, name) end
  if may_be_directory and mode < SECRET then
    item = item or unquoted(text, at, ended)
    if not is_directory(item:sub(#name + 2)) then mode = SECRET end
  end
  if mode < SECRET then
    mask_urls_at(masking, at, ended)
  else
    replace(masking, at, ended, '"' .. name .. '=' .. REDACTED .. '"')
  end
  return ended
end

-- Where a field stands: at the root, directly in `data`, or anywhere below.
local ROOT, DATA, BELOW = 0, 1, 2
local scan

-- A value that says which event this is must stay, if it is a text; an object or list there is scanned.
local function scan_said(masking, at, paths)
  if masking.text:byte(at) == 34 then return skip_string(masking.text, at) end
  return scan(masking, at, paths, NONE, BELOW)
end

-- Scans a field of the root, if formats write it there.
local function scan_root_field(masking, name, at)
  local root = name:lower()
  -- An event of a format without this field may hold anything in it.
  if ENVELOPE_FIELDS[root] then return scan_said(masking, at, NO_PATHS) end
  local value = VALUE_FIELDS[root]
  return value and scan(masking, at, masking.paths[value], NONE, name == 'data' and DATA or BELOW)
end

-- Scans a field, by where it stands. The field of `data` from which the key of the event comes stays as it is.
local function scan_field(masking, name, at, paths, mode, place, about)
  local ended = place == ROOT and scan_root_field(masking, name, at)
  if ended then return ended end
  local rest = follow(place == ROOT and masking.at_root or paths, name)
  if place == DATA and name == masking.kept then return scan_said(masking, at, rest == true and NO_PATHS or rest) end
  if rest == true then return scan(masking, at, NO_PATHS, ALL, BELOW) end
  if about and about.is_secret_list and role_of(name) == 'items' then masking.secrets_at = at end
  return scan(masking, at, rest, mode_of(masking, name, at, mode, about), BELOW)
end

local function scan_object(masking, at, paths, mode, place)
  local text, about = masking.text, masking.hints[at]
  at = text:find('[^%s]', at + 1)
  while text:byte(at) ~= 125 do
    local ended = skip_string(text, at)
    local name = unquoted(text, at, ended)
    at = scan_field(masking, name, text:find('[^%s:]', ended), paths, mode, place, about)
    at = text:find('[^%s,]', at)
  end
  return at + 1
end

-- Marks an item of a SecretList as a Secret, though the item does not say so.
local function mark_as_secret(masking, at)
  masking.hints[at] = masking.hints[at] or { mode = NONE }
  masking.hints[at].is_secret = true
end

-- Where no number, true, false or null is hidden, the search skips them.
local function scan_list(masking, at, paths, mode)
  local text, next_item = masking.text, mode < SECRET and '["%[%]{]' or '[^%s,]'
  local are_secrets = masking.secrets_at == at
  at = text:find(next_item, at + 1)
  while text:byte(at) ~= 93 do
    if mode == NONE and text:byte(at) == 34 then
      at = scan_item(masking, at)
    else
      if are_secrets then mark_as_secret(masking, at) end
      at = scan(masking, at, paths, mode, BELOW)
    end
    at = text:find(next_item, at)
  end
  return at + 1
end

local function is_hidden(first, mode)
  if first == '"' then return mode >= TEXTS end
  if first == 't' or first == 'f' or first == 'n' then return mode == ALL end
  return mode >= SECRET
end

scan = function(masking, at, paths, mode, place)
  local first = masking.text:sub(at, at)
  if first == '{' then return scan_object(masking, at, paths, WITHIN[mode], place) end
  if first == '[' then return scan_list(masking, at, paths, mode) end
  local ended = skip_value(masking.text, at)
  if is_hidden(first, mode) then
    replace(masking, at, ended, '"' .. REDACTED .. '"')
  elseif first == '"' then
    mask_urls_at(masking, at, ended)
  end
  return ended
end

local function concerns(layer, topic)
  local types, actions, keys = layer.types, layer.actions, layer.keys
  return (types == true or types[topic[1]]) and (actions == true or actions[topic[2]]) and (keys == true or keys[topic[3]])
end

-- A quick check, since most events hold nothing to mask: whether the text holds a user in a URL, or the letters of
-- any masked name. Letters that are escaped as `\u…` would not be found, so such a text is always scanned.
local function is_suspect(text, folded, layers, holds_user)
  if holds_user or text:find('\\u', 1, true) then return true end
  for _, layer in ipairs(layers) do
    for _, letters in ipairs(layer.letters) do
      if folded:find(letters, 1, true) then return true end
    end
  end
  return false
end

local function paths_of(layers)
  local paths = { object = {}, original = {}, metadata = {} }
  for _, layer in ipairs(layers) do
    for _, path in ipairs(layer.paths) do
      local from = paths[path.root]
      from[#from + 1] = { steps = path.steps, at = 1 }
    end
  end
  return paths
end

-- `topic` is the { type, action, key } of the event; `kept` is the field of `data` from which the key comes, `rest_in` the
-- field of the metadata in which other fields of the root will stand, if there are such fields.
local function redact(text, topic, kept, rest_in)
  local layers, is_usual = {}, false
  for _, layer in ipairs(REDACTIONS) do
    if concerns(layer, topic) then
      layers[#layers + 1] = layer
      is_usual = is_usual or layer.usual ~= nil
    end
  end
  local folded = #layers > 0 and fold(text)
  local holds_user = is_usual and may_hold_user(text)
  if not folded or not is_suspect(text, folded, layers, holds_user) then return text end
  local paths = paths_of(layers)
  local masking = { text = text, layers = layers, is_usual = is_usual, paths = paths, pieces = {}, done = 1, kept = kept }
  local rest = rest_in and follow(paths.metadata, rest_in)
  masking.at_root = rest ~= true and rest or NO_PATHS
  masking.may_hold_user = holds_user or (is_usual and text:find('\\u', 1, true))
  masking.hints = may_hold_hints(text, folded) and find_hints(masking) or {}
  scan(masking, text:find('{', 1, true), NO_PATHS, NONE, ROOT)
  return table.concat(masking.pieces) .. text:sub(masking.done)
end
