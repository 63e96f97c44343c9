-- The hub that a call is about: what the keys and the channel are called that every publish uses, and where its log
-- ends.
local BEGIN, LOG, LAST, CHANNEL

-- The end of the log as this call knows it: the id of the last entry that was ever appended, and the bytes of JSON
-- that were ever appended. LAST holds both as `end_text`, with a space between them. `first` is the id before the first entry that
-- this call appends, and nil until there is one.
local previous, counted, end_text, first

-- Whether the log ended where it was known to end, when its end was read.
local was_alone

-- How many bytes publish-usual.lua has appended that are not in `end_text` yet.
local uncounted = 0

-- The hub with this prefix, which stands in braces at the beginning of each of its keys.
local function use_hub(prefix)
  BEGIN = '{' .. prefix .. '}:'
  LOG, LAST, CHANNEL = BEGIN .. 'log', BEGIN .. 'last', prefix .. ':log'
end
