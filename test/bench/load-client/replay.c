/* Sends the same request again and again on some connections and counts the answers, so that a server or Redis is full long
   before its publisher is. It is told by lines on stdin what to do, and answers each with a line of JSON:
     open <port> <connections> <window> <resp|http|websocket> <handshake> <request>   the last two are files; again for more
     run <requests> <ms> <rate>   until so many requests or so long; a rate of 0 sends whenever the window has room
     once <request>               sends another request once
   It ends with its stdin. */
#define _GNU_SOURCE
#include "tally.h"
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <fcntl.h>
#include <unistd.h>
#include "frame.h"
#include "replies.h"

enum { LINES_MAX = 256, WINDOW_MAX = 1024, BUFFER_BYTES = 1 << 20, TEXT_BYTES = 200, LINE_BYTES = 4096 };

typedef struct {
  uint8_t *at;
  size_t length;
} Text;

/* One connection, and when each of its requests that are under way was sent. */
typedef struct {
  int fd;
  Text burst; /* as many copies of the request as a window holds */
  size_t request_length;
  int64_t sent_at[WINDOW_MAX];
  uint32_t first, under_way;
  uint8_t *rest;
  size_t rest_length;
} Line;

static Line lines[LINES_MAX];
static int line_count, window, epoll;
static Find *find;
static uint64_t sent, limit, accepted, refusals;
static char refused[TEXT_BYTES];
static Tally tally;
static uint8_t buffer[BUFFER_BYTES];

static void fail(const char *why) {
  printf("{\"error\":\"%s%s%s\"}\n", why, refused[0] == 0 ? "" : " after ", refused);
  exit(1);
}

static Text file_text(const char *path) {
  Text text = {0};
  int file = open(path, O_RDONLY);
  struct stat about;
  if (file < 0 || fstat(file, &about) < 0) fail("a file cannot be read");
  text.at = malloc(about.st_size + 1);
  text.length = read(file, text.at, about.st_size);
  close(file);
  return text;
}

static void put(int fd, const uint8_t *bytes, size_t length) {
  while (length > 0) {
    ssize_t written = send(fd, bytes, length, MSG_NOSIGNAL);
    if (written <= 0) fail("a write failed");
    bytes += written;
    length -= written;
  }
}

static void push(Line *line, const uint8_t *bytes, size_t length, uint32_t requests) {
  for (uint32_t next = 0; next < requests; next++)
    line->sent_at[(line->first + line->under_way + next) % WINDOW_MAX] = micros(CLOCK_MONOTONIC);
  line->under_way += requests;
  put(line->fd, bytes, length);
}

static void fill(Line *line, uint64_t most) {
  uint64_t room = window - line->under_way;
  if (limit - sent < room) room = limit - sent;
  if (most < room) room = most;
  if (room == 0) return;
  sent += room;
  push(line, line->burst.at, room * line->request_length, room);
}

static void receive(Line *line) {
  memcpy(buffer, line->rest, line->rest_length);
  ssize_t got = recv(line->fd, buffer + line->rest_length, BUFFER_BYTES - line->rest_length, 0);
  if (got <= 0) fail("the entry point closed a connection");
  size_t length = line->rest_length + got, start = 0;
  int64_t now = micros(CLOCK_MONOTONIC);
  for (;;) {
    bool accepts = true;
    size_t taken = find(buffer + start, length - start, &accepts);
    if (taken == 0) break;
    if (accepts) accepted++;
    else if (refusals++ == 0) plain(refused, TEXT_BYTES, (const char *)buffer + start, taken);
    record(&tally, now - line->sent_at[line->first]);
    line->first = (line->first + 1) % WINDOW_MAX;
    line->under_way--;
    start += taken;
  }
  line->rest_length = length - start;
  line->rest = realloc(line->rest, line->rest_length + 1);
  memcpy(line->rest, buffer + start, line->rest_length);
}

static uint32_t under_way(void) {
  uint32_t sum = 0;
  for (int at = 0; at < line_count; at++) sum += lines[at].under_way;
  return sum;
}

/* Waits for answers, a millisecond at most, and reads them. */
static void turn(void) {
  struct epoll_event events[LINES_MAX];
  int count = epoll_wait(epoll, events, LINES_MAX, 1);
  for (int at = 0; at < count; at++) receive(events[at].data.ptr);
}

static void run(uint64_t requests, int64_t ms, double rate) {
  clear(&tally);
  uint64_t before_sent = sent, before_accepted = accepted, before_refusals = refusals;
  int64_t started = micros(CLOCK_MONOTONIC), elapsed;
  int first = 0;
  for (;;) {
    elapsed = micros(CLOCK_MONOTONIC) - started;
    bool is_over = elapsed >= ms * 1000;
    uint64_t due = requests;
    /* Without a rate, what was not sent in time is not sent at all. */
    if (rate == 0 && is_over) due = sent - before_sent;
    else if (rate > 0 && (is_over ? ms / 1e3 : elapsed / 1e6) * rate < requests)
      due = (is_over ? ms / 1e3 : elapsed / 1e6) * rate;
    limit = before_sent + due;
    /* At a rate the lines take what is due in turn, or else the first one would take all of it. */
    uint64_t open = limit - sent, share = rate == 0 ? open : (open + line_count - 1) / line_count;
    for (int at = 0; at < line_count; at++) fill(&lines[(first + at) % line_count], share);
    if (rate > 0) first = (first + open) % line_count;
    if ((is_over || due == requests) && sent >= limit && under_way() == 0) break;
    turn();
  }
  printf("{\"accepted\":%lu,\"refusals\":%lu", accepted - before_accepted, refusals - before_refusals);
  if (refused[0] != 0) printf(",\"refused\":\"%s\"", refused);
  printf(",\"ms\":%f,\"p50\":%f,\"p99\":%f}\n", elapsed / 1000.0, percentile(&tally, 0.5), percentile(&tally, 0.99));
}

static void dial(Line *line, int port, Text handshake) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  line->fd = socket(AF_INET, SOCK_STREAM, 0);
  int on = 1;
  setsockopt(line->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (connect(line->fd, (struct sockaddr *)&address, sizeof address) < 0) fail("the entry point takes no connection");
  put(line->fd, handshake.at, handshake.length);
  size_t length = 0;
  while (handshake.length > 0 && memmem(buffer, length, "\r\n\r\n", 4) == NULL) {
    ssize_t got = recv(line->fd, buffer + length, BUFFER_BYTES - length, 0);
    if (got <= 0) fail("the entry point closed a connection");
    length += got;
  }
  if (handshake.length > 0 && memcmp(buffer, "HTTP/1.1 101", 12) != 0) {
    plain(refused, TEXT_BYTES, (const char *)buffer, length);
    fail("the handshake failed");
  }
  line->rest = malloc(1);
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = line};
  epoll_ctl(epoll, EPOLL_CTL_ADD, line->fd, &event);
}

static void command(const char *text) {
  char protocol[16], first[LINE_BYTES], second[LINE_BYTES];
  uint64_t requests;
  int64_t ms;
  double rate;
  int port, count;
  if (sscanf(text, "open %d %d %d %15s %4095s %4095s", &port, &count, &window, protocol, first, second) == 6) {
    if (line_count + count > LINES_MAX || window > WINDOW_MAX) fail("there are too many connections or requests at once");
    find = protocol[0] == 'r' ? find_resp : protocol[0] == 'h' ? find_http : find_websocket;
    Text handshake = file_text(first), request = file_text(second);
    Text burst = {malloc(window * request.length), window * request.length};
    for (int copy = 0; copy < window; copy++) memcpy(burst.at + copy * request.length, request.at, request.length);
    for (; count > 0; count--) {
      Line *line = &lines[line_count++];
      line->burst = burst;
      line->request_length = request.length;
      dial(line, port, handshake);
    }
    printf("{}\n");
  } else if (sscanf(text, "run %lu %ld %lf", &requests, &ms, &rate) == 3) {
    run(requests, ms, rate);
  } else if (sscanf(text, "once %4095s", first) == 1) {
    Text request = file_text(first);
    push(&lines[0], request.at, request.length, 1);
    while (under_way() > 0) turn();
    printf("{}\n");
  } else {
    fail("there is no such command");
  }
}

int main(void) {
  char line[2 * LINE_BYTES];
  setvbuf(stdout, NULL, _IOLBF, 0);
  epoll = epoll_create1(0);
  while (fgets(line, sizeof line, stdin) != NULL) command(line);
  return 0;
}
