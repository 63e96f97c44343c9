-- Recognises events of a shape that is known: a publisher writes the same fields in the same order again and again, and
-- only texts and numbers in them differ. A close look at an event shows that it is valid and that nothing in it is
-- masked. If no text or number of it matters for that, the event becomes a pattern that holds for all events of its
-- shape, and one search then takes the place of the close look. Before this file stand event-fields.lua and
-- nothing-to-mask.lua; MAX_SHAPES and MAX_SHAPE_BYTES; and SHAPES, which keeps the pattern of each beginning of a text, up to its field `key`.

-- A pattern of MAX_SHAPE_BYTES has fewer than 200 parts that vary, which is the most that some versions of Lua take. A
-- chunk of Lua has up to 200 locals, so most names of this file hold in this block only.
local kind_by_shape, learn_shape
do

local UP_TO = '"key":"'
-- The printable ASCII of which a text in JSON consists, except for the quote and the backslash.
local LETTER = '[]-~#-[ !]'
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

-- The pattern of a field of the root, if its text is free: the parts of the topic are captured.
local function root_pattern(name, form, captured)
  if not form then return nil end
  local letters = LETTER .. (form:find('^filled') and '+' or '*')
  if name ~= 'type' and name ~= 'action' and name ~= 'key' then return form:find('^text') and letters end
  captured[#captured + 1] = name
  return '(' .. letters .. ')'
end

-- The shape of a text that was looked at closely; nil where it would be too long, or where the parts of the topic do not
-- stand in it in their usual order.
local function shape_of(text, fields)
  local pieces, captured, depth, name, done, has_items = { '^' }, {}, 0, nil, 1, false
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
      else
        local is_root = depth == 1
        if not name then has_items = true end
        if is_root and fields[name] ~= 'json?' then
          by = root_pattern(name, fields[name], captured)
          if not by then return nil end
        elseif not (name and has_meaning(name, holds_value)) then
          by = LETTER .. '*'
        end
        by, name = by and '"' .. by .. '"', nil
      end
    else
      ended = skip_scalar(text, at)
      by, name = number_pattern(text:sub(at, ended - 1)), nil
    end
    if by then
      pieces[#pieces + 1] = literal(text:sub(done, at - 1))
      pieces[#pieces + 1] = by
      done = ended
    end
    at = text:find('["{}%[%]%d%-]', ended)
  end
  -- Two more captures, so that the list of all captures has room for what publish adds to a topic.
  pieces[#pieces + 1] = literal(text:sub(done)) .. '()()$'
  local pattern = table.concat(pieces)
  if table.concat(captured, ' ') ~= 'type action key' or #pattern > MAX_SHAPE_BYTES then return nil end
  return { pattern = pattern, has_items = has_items }
end

-- The kind of an event of a known shape, as publish takes it; nil for any other event.
function kind_by_shape(text)
  local at = #text <= LIMITS.event_bytes and text:find(UP_TO, 1, true)
  local shape = at and at <= MAX_SHAPE_BYTES and SHAPES.known[text:sub(1, at)]
  if not shape or not shape.pattern then return nil end
  local kind = { text:match(shape.pattern) }
  if not kind[1] or RESERVED[kind[1]] then return nil end
  if (text:find('://', 1, true) and text:find('@', 1, true)) or (shape.has_items and text:find('=', 1, true)) then
    return nil
  end
  local rule = rule_for(kind[1], kind[2])
  if rule and rule.latest then return nil end
  kind[4], kind[5] = '', rule or false
  return kind
end

-- Takes an event that was looked at closely: it is valid and printable, and nothing in it is masked.
function learn_shape(text, fields)
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
  local learned = shape_of(text, fields) or {}
  shape.pattern, shape.has_items = learned.pattern, learned.has_items
end

end
