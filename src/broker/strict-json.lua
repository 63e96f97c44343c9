-- Parses JSON as strictly as the nodes do, for validate.lua. MAX_DEPTH, scan-json.lua and nothing-to-mask.lua stand
-- before it.

-- Throws a refusal, which refusal_of_events catches and answers.
local function refuse(code, what) error({ code = code, what = what }, 0) end

-- The cjson of Redis takes more than JSON. Forbidding invalid numbers stops NaN, Infinity, 0x10, 01 and +1; the rest
-- (raw control characters in strings, text after a NUL, and the numbers 1. and -.5) is checked below. This is a copy,
-- since all scripts share the settings of cjson. It is made at the first call, since Redis does not offer cjson to a
-- library that is being loaded.
local function make_strict_json()
  json = cjson.new()
  json.decode_invalid_numbers(false)
  json.decode_max_depth(MAX_DEPTH)
  slash_bytes = #json.encode('/') - 3
end

-- Skips the byte order mark that some shells and editors write first, as the nodes do.
local function without_mark(text) return text:find('^\239\187\191') and text:sub(4) or text end

-- A chunk of Lua has up to 200 locals, so most names of this file hold in this block only.
local parse, check_strictly
do

local REST = '[\128-\191]'
local UTF8_SEQUENCES = {
  '[\194-\223]' .. REST,
  '\224[\160-\191]' .. REST,
  '[\225-\236\238\239]' .. REST .. REST,
  '\237[\128-\159]' .. REST,
  '\240[\144-\191]' .. REST .. REST,
  '[\241-\243]' .. REST .. REST .. REST,
  '\244[\128-\143]' .. REST .. REST,
}

-- Most of a text is ASCII, so that is removed first.
local function is_utf8(text)
  text = text:gsub('[\1-\127]+', ' ')
  for _, sequence in ipairs(UTF8_SEQUENCES) do
    if not text:find('[\128-\255]') then return true end
    text = text:gsub(sequence, ' ')
  end
  return not text:find('[\128-\255]')
end

local function is_digit(byte) return byte and byte >= 48 and byte <= 57 end

-- Whether a point stands as in the numbers 1. and -.5. Only the points are visited: a pattern that is tried at every
-- byte costs 10 to 25 ms for a megabyte, a plain search 20 µs.
local function has_bare_point(text)
  local at = text:find('.', 2, true)
  while at do
    local before, _, after = text:byte(at - 1, at + 1)
    if before == 45 or (is_digit(before) and not is_digit(after)) then return true end
    at = text:find('.', at + 1, true)
  end
  return false
end

-- Checks text that cjson has parsed, so its quotes pair.
local function check_strings(text)
  for inside in text:gsub('\\.', ''):gmatch('"([^"]*)"') do
    if inside:find('[%z\1-\31]') then refuse('json_invalid', 'a string holds a raw control character') end
  end
end

local function check_numbers(text)
  if has_bare_point(text) and has_bare_point((text:gsub('\\.', ''):gsub('"[^"]*"', ''))) then
    refuse('json_invalid', 'a number has no digit beside its point')
  end
end

local function check_names(text)
  if (text:find('__proto__', 1, true) or text:find('\\u', 1, true)) and holds_name(text, '__proto__') then
    refuse('json_invalid', 'it holds the name __proto__')
  end
end

-- Parses JSON into a Lua value, and answers as well whether all of it is printable ASCII. A list is a table whose first
-- item is not nil; every other table is an object. An empty list and an empty object cannot be told apart.
function parse(text)
  local is_printable = text:find('^[ -~]*$')
  if not is_printable and not is_utf8(text) then refuse('json_invalid', 'the bytes are not UTF-8') end
  if not is_printable and text:find('\0', 1, true) then refuse('json_invalid', 'it holds a NUL') end
  if not json then make_strict_json() end
  local ok, value = pcall(json.decode, text)
  if not ok then refuse('json_invalid', value) end
  return value, is_printable
end

-- Checks what cjson takes though it is no JSON, in a text that cjson has parsed. A text that is clean holds no raw control
-- character and no forbidden name.
function check_strictly(text, is_printable, is_clean)
  if not is_clean and not is_printable then check_strings(text) end
  if not is_clean or holds_number then check_numbers(text) end
  if not is_clean then check_names(text) end
end

end

local function is_object(value) return type(value) == 'table' and value[1] == nil end
