-- The shard of a hub that a call is about: what the keys and the channel are called that every publish uses, and where
-- its log ends. The name of shard 3 of the hub `belfry` is `belfry:3`, and that of its shard 0 is `belfry`.
local BEGIN, LOG, LAST, CHANNEL

-- The command that tells the nodes of what is published. What every id begins with outside of the log of the shard: `3:`;
-- nil in shard 0.
local TELL, SHARD

-- The end of the log as this call knows it: the id of the last entry that was ever appended, and the bytes of JSON
-- that were ever appended. LAST holds both as `end_text`, with a space between them. `first` is the id before the first entry that
-- this call appends, and nil until there is one.
local previous, counted, end_text, first

-- What LAST says besides: nothing, or ` closed` where the hub was divided anew and the shard takes no more events of
-- publishers, with the events and bytes that its log may have nevertheless.
local closed = ''

-- Whether the log ended where it was known to end, when its end was read.
local was_alone

-- How many bytes publish-usual.lua has appended that are not in `end_text` yet.
local uncounted = 0

-- The shard with this name, which stands in braces at the beginning of each of its keys. A Cluster tells of what is
-- published in shard 0 at all its nodes, and of everything else only where the shard lies.
local function use_hub(name)
  BEGIN = '{' .. name .. '}:'
  LOG, LAST, CHANNEL, TELL, SHARD = BEGIN .. 'log', BEGIN .. 'last', name .. ':log', 'PUBLISH', nil
  local colon = name:find(':', 1, true)
  if colon then CHANNEL, TELL, SHARD = LOG, 'SPUBLISH', name:sub(colon + 1) .. ':' end
end
