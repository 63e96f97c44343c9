-- Finds the shard of an event as model/shards.ts does. SHARDS, the shards of the hub where it has several, stands before this
-- file.
local spread_of, shard_of
do

local function hash_of(text) return tonumber(sub(redis.sha1hex(text), 1, 8), 16) end

-- How the events of a type are spread: over `fan` shards by their keys, from the place `begin` on.
function spread_of(kind)
  return { begin = hash_of(kind), fan = math.min(SHARDS.fans[kind] or 1, SHARDS.count) }
end

function shard_of(spread, key)
  local place = spread.fan > 1 and hash_of(key) % spread.fan or 0
  return SHARDS.first + (spread.begin + place) % SHARDS.count
end

end
