-- What the functions of the library use of Lua and Redis. Redis does not offer it to a library that is being loaded, and
-- in a function every use of a global costs a look-up in two tables, so the first call keeps it.
local register = redis.register_function
local function globals()
  return redis, cjson, type, pcall, ipairs, pairs, next, unpack, tonumber, error, table, string, math,
    string.find, string.match, string.sub
end
local redis, cjson, type, pcall, ipairs, pairs, next, unpack, tonumber, error, table, string, math
local find, match, sub

local function take_globals()
  redis, cjson, type, pcall, ipairs, pairs, next, unpack, tonumber, error, table, string, math,
    find, match, sub = globals()
end
