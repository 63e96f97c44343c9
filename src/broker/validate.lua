-- The function belfry_publish, for every service that reaches Redis:
--
--   FCALL belfry_publish 1 {belfry}:log '<event>' ['<event>' …]
--   FCALL belfry_publish 2 {belfry}:log {belfry}:once:<key> '<event>' …
--
-- Answers the id of each event. It accepts exactly what a node would accept, in every format, and refuses everything
-- else with `BELFRY <code>: <what was wrong>; expected …`; then nothing was appended.

local function check_size(text)
  if #text > LIMITS.event_bytes then refuse('event_too_big', 'it is ' .. #text .. ' bytes') end
end

-- The { type, action, key, says } of an event with its retention rule, and its masked text, which can be longer than the original.
local function check(text)
  check_size(text)
  text = without_mark(text)
  local event, is_clean = parse(text)
  if text:byte() ~= 123 and not text:find('^%s*{') then no_event('it is not an object') end
  local format = format_of(event)
  local fields = checked_fields(event, format, text)
  local topic, kept = topic_by[format.topic.kind](fields, format.topic, text)
  if RESERVED[topic[1]] then refuse('type_reserved', 'the type "' .. topic[1] .. '" is reserved for the hub') end
  local masked = is_clean and text or redact(text, topic, kept)
  if masked ~= text then
    check_size(masked)
    fields = checked_fields(json.decode(masked), format, masked)
  end
  topic.rule = rule_for(topic[1], topic[2])
  if topic.rule and topic.rule.latest then topic[4] = says(topic[3], fields[format.object]) end
  return topic, masked
end

local EXPECTED = {
  json_invalid = 'JSON in UTF-8, at most ' .. MAX_DEPTH .. ' levels deep, without the name __proto__',
  event_invalid = 'type, action, key; Type, Action; event_type; type, appId, payload; or type, data.name',
  event_too_big = function() return 'at most ' .. LIMITS.event_bytes .. ' bytes' end,
  type_reserved = 'any other type',
}

local function refusal(code, what, expected)
  if type(expected) == 'function' then expected = expected() end
  return redis.error_reply('BELFRY ' .. code .. ': ' .. what .. '; expected ' .. expected)
end

local function prefix_of(keys) return #keys > 0 and keys[1]:match('^{([^{}:%s]+)}:log$') end

local function refusal_of_keys(keys, prefix)
  if not prefix then return refusal('not_found', 'the first key is no log', '{<prefix>}:log, as in {belfry}:log') end
  if #keys == 1 then return nil end
  local once = '{' .. prefix .. '}:once:'
  if #keys > 2 or keys[2] == once or keys[2]:sub(1, #once) ~= once then
    return refusal('idempotency_key_invalid', 'the second key is no idempotency key', once .. '<key>')
  end
end

-- Validates and masks all events, and fills in the kinds that `publish` takes.
local function refusal_of_events(events, kinds)
  if #events == 0 then return refusal('event_invalid', 'no event is given', 'one or more') end
  for i, text in ipairs(events) do
    local ok, found, masked = pcall(check, text)
    if ok then
      kinds[i], events[i] = found, masked
    else
      local which = #events > 1 and 'event ' .. i .. ' of ' .. #events .. ': ' or ''
      return refusal(found.code, which .. found.what, EXPECTED[found.code])
    end
  end
end

-- The digest of the events as they were sent, since their masked text may change with the rules.
local function digest_of(events)
  local parts = {}
  for i, text in ipairs(events) do parts[i] = #text .. ':' .. text end
  return redis.sha1hex(table.concat(parts))
end

redis.register_function('belfry_publish', function(keys, events)
  local prefix, once, kinds = prefix_of(keys), keys[2], {}
  local by = once and { once = once, digest = digest_of(events) }
  return refusal_of_keys(keys, prefix) or refusal_of_hub(prefix) or refusal_of_events(events, kinds)
    or publish(keys[1], events, kinds, by)
end)
