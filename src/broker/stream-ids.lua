-- Whoever may add to a stream may name the id, and so leave no id for those who follow: `XADD … *` needs one that is
-- higher than the last. What is shared by the scripts that set this right.

-- Two ids as `<ms>-<seq>`. Their parts may be larger than a number of Lua is exact, so they are compared as texts.
local function is_after(id, other)
  local ms, seq = id:match('^(%d+)-(%d+)$')
  local other_ms, other_seq = other:match('^(%d+)-(%d+)$')
  local function compare(a, b)
    if #a ~= #b then return #a < #b and -1 or 1 end
    return a < b and -1 or (a > b and 1 or 0)
  end
  local order = compare(ms, other_ms)
  if order == 0 then order = compare(seq, other_seq) end
  return order > 0
end

-- What `XINFO` answers, by name.
local function by_name(found)
  local named = {}
  for i = 1, #found, 2 do named[found[i]] = found[i + 1] end
  return named
end

-- Takes out what has an id after `highest`, and lets the stream go on from the last one that stays, or from `otherwise`.
-- Answers the fields of what it took out, in order, and where the stream goes on.
local function take_back(stream, added, highest, otherwise)
  local taken = {}
  for i, entry in ipairs(redis.call('XRANGE', stream, '(' .. highest, '+')) do
    taken[i] = entry[2]
    redis.call('XDEL', stream, entry[1])
  end
  local last = redis.call('XREVRANGE', stream, '+', '-', 'COUNT', 1)[1]
  local from = last and is_after(last[1], otherwise) and last[1] or otherwise
  redis.call('XSETID', stream, from, 'ENTRIESADDED', added - #taken, 'MAXDELETEDID', from)
  return taken, from
end
