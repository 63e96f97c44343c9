/* One client on a raw socket: its handshake, its frames, and what it answers. Everything that it sends was prepared. */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { READ_BYTES = 4 << 20, REASONS_MAX = 16, REASON_BYTES = 400 };
enum { BINARY = 2, TEXT = 1, CLOSE = 8, PING = 9, PONG = 10 };

/* A mark is "@@" and 15 digits of microseconds of the monotonic clock. */
enum { MARK_DIGITS = 15, MARK_BYTES = 2 + MARK_DIGITS };

typedef struct {
  const uint8_t *at;
  uint32_t length;
} Bytes;

/* A client that receives a message which begins so and contains this sends the reply, or counts as open from then on. */
typedef struct {
  Bytes begins, contains, reply;
  bool stands;
} Rule;

typedef struct {
  enum { CLOSED, CONNECTING, SHAKING, OPEN } phase;
  int fd;
  bool stands, stalls, waits, batches;
  bool streams; /* whether it asks for an event stream in place of a WebSocket */
  uint16_t port;
  Bytes handshake, hello;
  uint8_t *rest; /* the beginning of a frame or of a head whose end has not come yet */
  uint32_t rest_length;
  uint32_t mark_from_end;
} Connection;

static int epoll;
static Tally tally;
static Rule *rules;
static uint32_t rule_count;
static uint32_t standing, opening;
static uint8_t buffer[READ_BYTES];
static char failure[REASON_BYTES]; /* why a connection ended before it was open */
static struct {
  char why[REASON_BYTES];
  uint32_t count;
} ended[REASONS_MAX];

static bool is_mark(const uint8_t *at) { return at[0] == '@' && at[1] == '@'; }

static void count_event(Tally *tally, const uint8_t *mark) {
  int64_t sent = 0;
  for (int digit = 2; digit < MARK_BYTES; digit++) sent = sent * 10 + (mark[digit] - '0');
  record(tally, tally->now - sent);
}

/* Counts the events in one frame. The result is the number of events, which is 0 for a frame that holds no event.
   `from_end` remembers how far before the end of a frame the mark stood, since that is mostly the same. */
static uint32_t count_frame(Tally *tally, const uint8_t *payload, uint64_t length, bool batches, uint32_t *from_end) {
  uint32_t found = 0;
  const uint8_t *end = payload + length;
  if (!batches && *from_end >= MARK_BYTES && *from_end <= length && is_mark(end - *from_end)) {
    count_event(tally, end - *from_end);
    found = 1;
  } else {
    const uint8_t *at = payload;
    while ((at = memmem(at, end - at, "@@", 2)) != NULL && at + MARK_BYTES <= end) {
      count_event(tally, at);
      *from_end = end - at;
      at += MARK_BYTES;
      found++;
      if (!batches) break;
    }
  }
  if (found > 0) tally->frames++;
  return found;
}

static void end(Connection *connection, const char *why) {
  if (connection->phase == CLOSED) return;
  /* A reset leaves no port in TIME_WAIT. */
  struct linger none = {.l_onoff = 1, .l_linger = 0};
  setsockopt(connection->fd, SOL_SOCKET, SO_LINGER, &none, sizeof none);
  close(connection->fd);
  free(connection->rest);
  connection->rest = NULL;
  connection->rest_length = 0;
  connection->phase = CLOSED;
  if (!connection->stands) {
    opening--;
    if (failure[0] == 0) snprintf(failure, sizeof failure, "%s", why);
    return;
  }
  connection->stands = false;
  standing--;
  for (int reason = 0; reason < REASONS_MAX; reason++) {
    if (ended[reason].count > 0 && strcmp(ended[reason].why, why) != 0) continue;
    snprintf(ended[reason].why, REASON_BYTES, "%s", why);
    ended[reason].count++;
    return;
  }
}

/* What a client sends is small, so a socket that does not take it at once is broken. */
static void put(Connection *connection, const void *bytes, uint32_t length) {
  if (length > 0 && send(connection->fd, bytes, length, MSG_NOSIGNAL) != (ssize_t)length) end(connection, "a write failed");
}

static void stand(Connection *connection) {
  if (connection->phase != OPEN || connection->stands) return;
  connection->stands = true;
  standing++;
  opening--;
  if (connection->stalls) epoll_ctl(epoll, EPOLL_CTL_DEL, connection->fd, NULL);
}

static void other(Connection *connection, int opcode, const uint8_t *payload, uint64_t length) {
  if (opcode == PING && length < 126) {
    uint8_t pong[6 + 125] = {0x80 | PONG, 0x80 | (uint8_t)length}; /* a mask of zeros leaves the payload as it is */
    memcpy(pong + 6, payload, length);
    put(connection, pong, 6 + (uint32_t)length);
  } else if (opcode == CLOSE) {
    char why[REASON_BYTES], text[REASON_BYTES - 32];
    plain(text, sizeof text, (const char *)payload + 2, length < 2 ? 0 : length - 2);
    snprintf(why, sizeof why, "closed with %d %s", length < 2 ? 1005 : payload[0] << 8 | payload[1], text);
    end(connection, why);
  } else if (opcode == TEXT || opcode == BINARY) {
    for (uint32_t at = 0; at < rule_count; at++) {
      const Rule *rule = &rules[at];
      if (length < rule->begins.length || memcmp(payload, rule->begins.at, rule->begins.length) != 0) continue;
      if (memmem(payload, length, rule->contains.at, rule->contains.length) == NULL) continue;
      put(connection, rule->reply.at, rule->reply.length);
      if (rule->stands) stand(connection);
      return;
    }
  }
}

/* Reads the head of the answer to the handshake. The result is how many bytes it takes, or 0 while its end is missing. */
static size_t read_head(Connection *connection, const uint8_t *bytes, size_t length) {
  const uint8_t *head_end = memmem(bytes, length, "\r\n\r\n", 4);
  if (head_end == NULL) return 0;
  if (length < 12 || memcmp(bytes, connection->streams ? "HTTP/1.1 200" : "HTTP/1.1 101", 12) != 0) {
    char why[REASON_BYTES], status[REASON_BYTES / 4], text[REASON_BYTES / 2];
    size_t line = (const uint8_t *)memchr(bytes, '\r', length) - bytes, body = head_end + 4 - bytes;
    plain(status, sizeof status, (const char *)bytes, line);
    plain(text, sizeof text, (const char *)bytes + body, length - body);
    snprintf(why, sizeof why, "refused: %s %s", status, text);
    end(connection, why);
    return 0;
  }
  connection->phase = OPEN;
  put(connection, connection->hello.at, connection->hello.length);
  if (!connection->waits) stand(connection);
  return head_end + 4 - bytes;
}

/* Reads one frame. The result is how many bytes it takes, or 0 while its end is missing. */
static size_t read_frame(Connection *connection, const uint8_t *bytes, size_t length) {
  uint64_t payload;
  size_t head = frame_head(bytes, length, &payload);
  if (head == 0) return 0;
  if (length - head < payload) {
    if (payload + head > READ_BYTES) end(connection, "a frame is too large for this client");
    return 0;
  }
  if (count_frame(&tally, bytes + head, payload, connection->batches, &connection->mark_from_end) == 0)
    other(connection, bytes[0] & 0x0f, bytes + head, payload);
  return head + payload;
}

/* Reads one message of an event stream, which an empty line ends; what HTTP says of the length of a chunk stands in it or
   between messages and holds no mark. The result is how many bytes it takes, or 0 while its end is missing. */
static size_t read_message(Connection *connection, const uint8_t *bytes, size_t length) {
  const uint8_t *message_end = memmem(bytes, length, "\n\n", 2);
  if (message_end == NULL) {
    if (length == READ_BYTES) end(connection, "a message is too large for this client");
    return 0;
  }
  count_frame(&tally, bytes, message_end - bytes, true, &connection->mark_from_end);
  return message_end + 2 - bytes;
}

static void receive(Connection *connection) {
  size_t had = connection->rest_length;
  if (had > 0) memcpy(buffer, connection->rest, had);
  ssize_t got = recv(connection->fd, buffer + had, READ_BYTES - had, 0);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (got <= 0) return end(connection, "connection lost");
  tally.now = micros(CLOCK_MONOTONIC);
  tally.bytes += got;
  size_t length = had + got, start = 0, taken = 1;
  while (taken > 0 && start < length && connection->phase != CLOSED) {
    taken = (connection->phase != OPEN      ? read_head
             : connection->streams ? read_message
                                   : read_frame)(connection, buffer + start, length - start);
    start += taken;
  }
  if (connection->phase == CLOSED) return;
  connection->rest_length = length - start;
  connection->rest = realloc(connection->rest, connection->rest_length + 1);
  memcpy(connection->rest, buffer + start, connection->rest_length);
}

static void dial(Connection *connection) {
  connection->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  connection->phase = CONNECTING;
  opening++;
  int on = 1;
  setsockopt(connection->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(connection->port)};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(connection->fd, (struct sockaddr *)&address, sizeof address) < 0 && errno != EINPROGRESS)
    return end(connection, strerror(errno));
  struct epoll_event event = {.events = EPOLLOUT, .data.ptr = connection};
  epoll_ctl(epoll, EPOLL_CTL_ADD, connection->fd, &event);
}

/* The socket is connected or failed to. */
static void greet(Connection *connection) {
  int error = 0;
  socklen_t size = sizeof error;
  getsockopt(connection->fd, SOL_SOCKET, SO_ERROR, &error, &size);
  if (error != 0) return end(connection, strerror(error));
  connection->phase = SHAKING;
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = connection};
  epoll_ctl(epoll, EPOLL_CTL_MOD, connection->fd, &event);
  put(connection, connection->handshake.at, connection->handshake.length);
}
