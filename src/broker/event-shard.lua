-- Finds the shard of an event as model/shards.ts does. Before this file stand MAX_KNOWN and MAX_KNOWN_LENGTH; and SHARDS, the
-- shards of the hub where it has several.
local spread_of, shard_of
do

local hashes, hash_count = {}, 0

-- Types and most keys come again and again, and a look-up takes a quarter of the time.
local function hash_of(text)
  local known = hashes[text]
  if known then return known end
  if hash_count >= MAX_KNOWN then hashes, hash_count = {}, 0 end
  known = tonumber(sub(redis.sha1hex(text), 1, 8), 16)
  if #text <= MAX_KNOWN_LENGTH then hashes[text], hash_count = known, hash_count + 1 end
  return known
end

-- How the events of a type are spread: over `fan` shards by their keys, from the place `begin` on.
function spread_of(kind)
  return { begin = hash_of(kind), fan = math.min(SHARDS.fans[kind] or 1, SHARDS.count) }
end

function shard_of(spread, key)
  local place = spread.fan > 1 and hash_of(key) % spread.fan or 0
  return SHARDS.first + (spread.begin + place) % SHARDS.count
end

end
