/* Finds one whole reply at the beginning of some bytes. The result is how many bytes it takes, or 0 while its end is
   missing; `accepts` says whether the reply accepts. */
typedef size_t Find(const uint8_t *bytes, size_t length, bool *accepts);

/* The number after this name in the head of an answer, or -1 where it has none. */
static long header_number(const uint8_t *head, size_t length, const char *name) {
  size_t name_length = strlen(name);
  for (size_t at = 0; at + name_length < length; at++)
    if (strncasecmp((const char *)head + at, name, name_length) == 0) return strtol((const char *)head + at + name_length, NULL, 10);
  return -1;
}

static size_t find_http(const uint8_t *bytes, size_t length, bool *accepts) {
  const uint8_t *head_end = memmem(bytes, length, "\r\n\r\n", 4);
  if (head_end == NULL) return 0;
  size_t head = head_end - bytes, end = head + 4;
  long body = header_number(bytes, head, "\r\ncontent-length:");
  if (body >= 0) {
    end += body;
  } else if (memmem(bytes, head, "chunked", 7) != NULL) {
    const uint8_t *last = memmem(head_end + 2, length - head - 2, "\r\n0\r\n\r\n", 7);
    if (last == NULL) return 0;
    end = last + 7 - bytes;
  }
  if (end > length) return 0;
  *accepts = memcmp(bytes, "HTTP/1.1 2", 10) == 0 && memmem(head_end, end - head, "\"error\":", 8) == NULL;
  return end;
}

static size_t find_websocket(const uint8_t *bytes, size_t length, bool *accepts) {
  uint64_t payload;
  size_t head = frame_head(bytes, length, &payload);
  if (head == 0) return 0;
  if (length - head < payload) return 0;
  *accepts = memmem(bytes + head, payload, "\"action\":\"error\"", 16) == NULL;
  return head + payload;
}

static size_t find_resp(const uint8_t *bytes, size_t length, bool *accepts) {
  const uint8_t *line_end = memmem(bytes, length, "\r\n", 2);
  if (line_end == NULL) return 0;
  size_t end = line_end + 2 - bytes;
  if (bytes[0] == '-') *accepts = false;
  long count = strtol((const char *)bytes + 1, NULL, 10);
  if (bytes[0] == '$' && count >= 0) end += count + 2;
  for (long item = 0; bytes[0] == '*' && item < count; item++) {
    bool inner = true;
    size_t taken = end < length ? find_resp(bytes + end, length - end, &inner) : 0;
    if (taken == 0) return 0;
    end += taken;
  }
  return end <= length ? end : 0;
}
