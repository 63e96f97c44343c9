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

-- Masks the values whose JSON stands in texts of the event, as if they stood in the event itself.
local function with_masked_texts(text, fields, texts, topic)
  for name, root in next, texts do
    local value = fields[name]
    if value then
      local begin = '{"' .. root .. '":'
      local masked = redact(begin .. value .. '}', topic):sub(#begin + 1, -2)
      if masked ~= value then
        local from, to = find_field(text, text:find('{', 1, true), name)
        text = text:sub(1, from - 1) .. json.encode(masked) .. text:sub(to)
      end
    end
  end
  return text
end

local function check_shard(kind, key)
  local shard = shard_of(spread_of(kind), key)
  if shard == SHARDS.shard then return end
  refuse('wrong_shard', ('it belongs to shard %d, %s:%d}:log'):format(shard, BEGIN:match('^{[^:}]+'), shard))
end

-- The kind of an event, as publish takes it, and its masked text, which can be longer than the original.
local function check(text)
  check_size(text)
  text = without_mark(text)
  local event, is_printable = parse(text)
  local is_clean = holds_nothing_to_mask(event, text, is_printable)
  check_strictly(text, is_printable, is_clean)
  if not text:find('^%s*{') then no_event('it is not an object') end
  local format = format_of(event)
  local fields = checked_fields(event, format, text)
  local topic, kept = topic_by[format.topic.kind](fields, format.topic, text)
  if RESERVED[topic[1]] then refuse('type_reserved', 'the type "' .. topic[1] .. '" is reserved for the hub') end
  if SHARDS then check_shard(topic[1], topic[3]) end
  if is_clean and is_printable and not format.isOpen then learn_shape(text, format, topic) end
  local masked = is_clean and text or redact(text, topic, kept, format.restIn)
  if format.texts then masked = with_masked_texts(masked, fields, format.texts, topic) end
  if masked ~= text then
    check_size(masked)
    fields = checked_fields(json.decode(masked), format, masked)
  end
  local rule = rule_for(topic[1], topic[2])
  if rule then
    topic[5] = rule
    if rule.latest then topic[4] = says(topic[3], object_in(fields, format)) end
  end
  return topic, masked
end

local EXPECTED = {
  json_invalid = 'JSON in UTF-8, at most ' .. MAX_DEPTH .. ' levels deep, without the name __proto__',
  event_invalid = 'specversion, id, source, type; type, action, key; Type, Action; event_type; type, appId, payload; or type, data.name',
  event_too_big = function() return 'at most ' .. LIMITS.event_bytes .. ' bytes' end,
  type_reserved = 'any other type',
  wrong_shard = 'the log of its shard as the first key',
}

local function refusal(code, what, expected)
  if type(expected) == 'function' then expected = expected() end
  return redis.error_reply('BELFRY ' .. code .. ': ' .. what .. '; expected ' .. expected)
end

local function refusal_of_keys(keys)
  if keys[1] ~= LOG then
    local prefix = #keys > 0 and keys[1]:match('^{([^{}:%s]+:?%d*)}:log$')
    if not prefix then return refusal('not_found', 'the first key is no log', '{<prefix>}:log, as in {belfry}:log') end
    change_hub(prefix)
  end
  if #keys == 1 then return nil end
  local once = BEGIN .. 'once:'
  if #keys > 2 or keys[2] == once or keys[2]:sub(1, #once) ~= once then
    return refusal('idempotency_key_invalid', 'the second key is no idempotency key', once .. '<key>')
  end
end

local function refusal_of_event(found, i, count)
  if not found.code then error(found) end
  local which = count > 1 and 'event ' .. i .. ' of ' .. count .. ': ' or ''
  return refusal(found.code, which .. found.what, EXPECTED[found.code])
end

-- Validates and masks all events, and fills in the kinds that `publish` takes.
local function refusal_of_events(events, kinds)
  if #events == 0 then return refusal('event_invalid', 'no event is given', 'one or more') end
  for i = 1, #events do
    local kind = kind_by_shape(events[i])
    if not kind then
      local ok, found, masked = pcall(check, events[i])
      if not ok then return refusal_of_event(found, i, #events) end
      kind, events[i] = found, masked
    end
    kinds[i] = kind
  end
end

-- The digest of the events as they were sent, since their masked text may change with the rules.
local function digest_of(events)
  local parts = {}
  for i, text in ipairs(events) do parts[i] = #text .. ':' .. text end
  return redis.sha1hex(table.concat(parts))
end

-- What publish must not read before it, or write after it, is checked by Redis itself when it is read or written.
register('belfry_publish', function(keys, events)
  if not redis then take_globals() end
  local ids = publish_usual(keys, events)
  if ids then return ids end
  first = nil
  local once, kinds = keys[2], {}
  local by = once and { once = once, digest = digest_of(events) }
  local refusal = refusal_of_keys(keys) or refusal_of_moving() or refusal_of_hub()
    or refusal_of_events(events, kinds) or refusal_of_later_rights()
  if refusal then
    -- What this shard took before the hub was divided anew is known here.
    local may_be_known = by and refusal.err:find('^BELFRY wrong_shard') and not refusal_of_once(by.once)
    local ids = may_be_known and known_ids(by.once, by.digest)
    return ids and not ids.err and in_shard(ids) or refusal
  end
  local answer, is_new = publish(events, kinds, by)
  if is_new then
    conclude(events, kinds, answer)
    expect_usual()
  elseif answer.err then
    return refusal_of_rights() or answer
  end
  return answer.err and answer or in_shard(answer)
end)
