-- Recognises events of a shape that is known: a publisher writes the same fields in the same order again and again, and
-- only texts and numbers in them differ. A close look at an event shows that it is valid and that nothing in it is
-- masked. If no text or number of it matters for that, the event becomes a pattern that holds for all events of its
-- shape, and one search then takes the place of the close look. Before this file stand event-fields.lua, event-shard.lua and
-- nothing-to-mask.lua; MAX_SHAPES and MAX_SHAPE_BYTES; and SHAPES, which keeps the shape of each beginning of a text, up to
-- its field `key`. The beginning holds the type and the action.

-- A pattern of MAX_SHAPE_BYTES has fewer than 200 parts that vary, which is the most that some versions of Lua take. A
-- chunk of Lua has up to 200 locals, so most names of this file hold in this block only.
local known_shape, key_by_shape, kind_by_shape, learn_shape
do

local UP_TO = '"key":"'
-- A text in an event that holds no backslash, with its quotes. Lua finds its end faster than that of any other pattern.
local TEXT = '%b""'
-- An event that fits no pattern makes a new one only now and then, since that takes longer than to look closely.
local LEARNS_EACH = 8

local function literal(text) return (text:gsub('[%^%$%(%)%%%.%[%]%*%+%-%?]', '%%%0')) end

-- The pattern for a number and those like it: no others are written with the same characters.
local function number_pattern(number)
  local whole, fraction = number:match('^%-?(%d+)(.*)$')
  local digits = whole == '0' and '0' or '[1-9]%d*'
  if fraction == '' and whole ~= '0' then return '%-?' .. digits end
  if fraction:find('^%.%d+$') then return '%-?' .. digits .. '%.%d+' end
  return literal(number)
end

-- Whether the value of a field could say that another field of its object is secret.
local function has_meaning(name, holds_value)
  local sign = sign_of(name)
  return sign == KIND or (sign == LABEL and holds_value)
end

-- The pattern of a text of the root, if it is free. The key is captured, without its quotes.
local function root_pattern(name, form)
  if name == 'key' then return '"([^"]' .. (form:find('^filled') and '+' or '*') .. ')"' end
  return form and form:find('^text') and TEXT
end

-- The pattern of a text that was looked at closely, from its field `key` on, which begins at this place; nil where it would
-- be too long, or where the type or the action comes later. The second value is whether a list holds a text.
local function pattern_of(text, fields, key_at)
  local pieces, depth, name, done, has_items, seen = { '^' }, 0, nil, key_at, false, {}
  local holds_value = text:find('"[vV][aA][lL][uU][eE]"') ~= nil
  local at = text:find('["{}%[%]%d%-]')
  while at do
    local byte, ended, by = text:byte(at), at + 1, nil
    if byte == 123 or byte == 91 then
      depth, name = depth + 1, nil
    elseif byte == 125 or byte == 93 then
      depth = depth - 1
    elseif byte == 34 then
      ended = skip_string(text, at)
      if text:find('^%s*:', ended) then
        name = text:sub(at + 1, ended - 2)
        if depth == 1 then seen[name] = at end
      else
        local is_root = depth == 1
        if not name then has_items = true end
        if at < key_at then
          by = nil
        elseif is_root and fields[name] ~= 'json?' then
          by = root_pattern(name, fields[name])
          if not by then return nil end
        elseif not (name and has_meaning(name, holds_value)) then
          by = TEXT
        end
        name = nil
      end
    else
      ended = skip_scalar(text, at)
      by, name = at > key_at and number_pattern(text:sub(at, ended - 1)), nil
    end
    if by then
      pieces[#pieces + 1] = literal(text:sub(done, at - 1))
      pieces[#pieces + 1] = by
      done = ended
    end
    at = text:find('["{}%[%]%d%-]', ended)
  end
  pieces[#pieces + 1] = literal(text:sub(done)) .. '$'
  local pattern = table.concat(pieces)
  local is_usual = seen.key == key_at and (seen.type or key_at) < key_at and (seen.action or key_at) < key_at
  if not is_usual or #pattern > MAX_SHAPE_BYTES then return nil end
  return pattern, has_items
end

-- The shape that an event may have, and where its field `key` begins; nil where none is known.
function known_shape(text)
  if #text > LIMITS.event_bytes then return nil end
  local begin = SHAPES.begin
  -- Mostly several events of one shape come one after the other.
  if begin and find(text, begin, 1, true) == 1 then return SHAPES.shape, #begin end
  local at = find(text, UP_TO, 1, true)
  if not at or at > MAX_SHAPE_BYTES then return nil end
  begin = sub(text, 1, at)
  local shape = SHAPES.known[begin]
  if not shape or not shape.pattern then return nil end
  SHAPES.begin, SHAPES.shape = begin, shape
  return shape, at
end

-- The key of an event that may have this shape; nil where it does not.
function key_by_shape(text, shape, at)
  local key = match(text, shape.pattern, at)
  if not key or not find(text, '^[ -~]*$', at) or find(text, '\\', at, true) then return nil end
  if find(text, '://', at, true) and find(text, '@', at, true) then return nil end
  if shape.has_items and find(text, '=', at, true) then return nil end
  if shape.spread and shard_of(shape.spread, key) ~= SHARDS.shard then return nil end
  return key
end

-- The kind of an event of a known shape, as publish takes it; nil for any other event.
function kind_by_shape(text)
  local shape, at = known_shape(text)
  local key = shape and key_by_shape(text, shape, at)
  return key and { shape.type, shape.action, key, '', shape.rule }
end

-- Takes an event that was looked at closely: it is valid and printable, and nothing in it is masked.
function learn_shape(text, format, topic)
  local at = text:find(UP_TO, 1, true)
  if not at or at > MAX_SHAPE_BYTES or text:find('\\', 1, true) then return end
  local begin = text:sub(1, at)
  local shape = SHAPES.known[begin]
  if not shape then
    if SHAPES.count >= MAX_SHAPES then SHAPES.known, SHAPES.count = {}, 0 end
    SHAPES.known[begin], SHAPES.count = { looks = 0 }, SHAPES.count + 1
    return
  end
  shape.looks = shape.looks + 1
  if shape.looks % LEARNS_EACH ~= 1 then return end
  shape.pattern, SHAPES.begin = nil, nil
  local by, rule = format.topic, rule_for(topic[1], topic[2])
  if by.type ~= 'type' or by.action ~= 'action' or by.key ~= 'key' then return end
  -- What is kept as the latest of its key depends on what else the event says.
  if rule and rule.latest then return end
  shape.pattern, shape.has_items = pattern_of(text, format.fields, at)
  shape.type, shape.action, shape.rule = topic[1], topic[2], rule or false
  local spread = SHARDS and spread_of(topic[1])
  shape.spread = spread and spread.fan > 1 and spread
end

end
