/* Reads where a WebSocket frame of a server begins and ends. */

/* The length of the head of a frame, with that of its payload in `payload`; 0 while the end of the head is missing. */
static size_t frame_head(const uint8_t *bytes, size_t length, uint64_t *payload) {
  if (length < 2) return 0;
  *payload = bytes[1] & 0x7f;
  size_t head = *payload < 126 ? 2 : *payload == 126 ? 4 : 10;
  if (length < head) return 0;
  if (head > 2) *payload = 0;
  for (size_t at = 2; at < head; at++) *payload = *payload << 8 | bytes[at];
  return head;
}
