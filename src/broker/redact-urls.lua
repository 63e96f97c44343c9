-- Masks passwords in URLs, exactly as model/redact-urls.ts does; the comments there explain each step.

local REDACTED = '[redacted]'
local NO_PASSWORD, MAX_BEFORE = 'x-oauth-basic', 64

-- A quick check, since most texts hold no at sign at all.
local function may_hold_user(text)
  return text:find('@', 1, true) and text:find(':\\?/\\?/[^/"]*@') ~= nil
end

local function with_plain_letters(written)
  return (written:gsub('\\(.)(%x?%x?%x?%x?)', function(kind, digits)
    local code = kind == 'u' and tonumber(digits, 16) or 0
    if code < 32 or code > 126 then return nil end
    local letter = string.char(code)
    return (letter == '"' or letter == '\\') and '\\' .. letter or letter
  end))
end

local function is_escaped_letter(text, at)
  return text:find('^\\\\', at) or (text:find('^\\u', at) and not text:find('^\\u00[01]', at))
end

-- The end of the user, password and host that begin at this place.
local function authority_end(text, at)
  while true do
    local found = text:find("[ '`<>/?#\\]", at)
    if not found then return #text + 1 end
    if not is_escaped_letter(text, found) then return found end
    at = found + 2
  end
end

-- Where the secret in `user:password` begins, and how long it is.
local function secret_of(user, before)
  local colon = user:find(':', 1, true)
  local password = colon and user:sub(colon + 1) or ''
  if password ~= '' and password ~= NO_PASSWORD then return colon + 1, #password end
  local is_token = user ~= '' and colon ~= 1 and before:find('https?$') and not before:find('[?&][^?&= ]*=https?$')
  if is_token then return 1, colon and colon - 1 or #user end
end

local function mask_urls(written)
  if not written:find('\\u', 1, true) and not may_hold_user(written) then return written end
  local text, pieces, done = with_plain_letters(written), {}, 1
  local mark, begin = text:match('():\\?/\\?/()')
  while mark do
    local user = text:sub(begin, authority_end(text, begin) - 1):match('^(.*)@') or ''
    local from, length = secret_of(user, text:sub(math.max(mark - MAX_BEFORE, 1), mark - 1):lower())
    if from then
      pieces[#pieces + 1] = text:sub(done, begin + from - 2)
      pieces[#pieces + 1] = REDACTED
      done = begin + from - 1 + length
    end
    mark, begin = text:match('():\\?/\\?/()', begin)
  end
  return done == 1 and written or table.concat(pieces) .. text:sub(done)
end

