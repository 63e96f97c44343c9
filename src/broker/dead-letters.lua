-- Adds a letter to the dead letters, and drops the oldest where there are too many. LIMITS stands before it. Scripts that
-- add dead letters begin with it.

-- Trims the dead letters by memory as well, since ten thousand large ones would fill Redis.
local function trim_dead_letters(dead_letters)
  local used = redis.pcall('MEMORY', 'USAGE', dead_letters)
  if type(used) ~= 'number' or used <= LIMITS.dead_letter_bytes then return end
  redis.pcall('XTRIM', dead_letters, 'MAXLEN', math.floor(redis.call('XLEN', dead_letters) / 2))
end

-- Answers the id of the letter.
local function add_dead_letter(dead_letters, ...)
  local id = redis.call('XADD', dead_letters, 'MAXLEN', '~', LIMITS.dead_letter_entries, '*', ...)
  trim_dead_letters(dead_letters)
  return id
end
