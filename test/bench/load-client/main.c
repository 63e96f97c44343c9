/* A load client that is full long after the server is: one thread, raw sockets, nothing parsed, nothing allocated for an
   event. It is told by lines on stdin what to do, and answers each with a line of JSON:
     fill <file>                       opens the connections of the file (see `load` below) and waits until all are open
     clear                             sets all counts to zero
     settle <events> <within> <quiet>  waits for this many events, or until nothing comes (times in milliseconds)
     report                            what was counted
   It ends with its stdin. */
#define _GNU_SOURCE
#include "tally.h"
#include "frame.h"
#include "connection.h"
#include <inttypes.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>

/* As many handshakes are under way at once as with the Node client. The queue of a listener holds more. */
enum { OPENING_MAX = 200, EVENTS_MAX = 1024, TICK_MS = 5, LINE_BYTES = 4096 };

static Connection **connections; /* by their index; NULL where none was ever opened */
static uint32_t connection_count;
static uint32_t *wanted; /* the indexes that `fill` still has to open */
static uint32_t wanted_count, wanted_next;
static int64_t filling_since, cpu_cleared;

static enum { IDLE, FILLING, SETTLING } task = IDLE;
static struct {
  uint64_t events;
  int64_t deadline, quiet;
} settle;

static uint32_t number(const uint8_t **at) {
  uint32_t value;
  memcpy(&value, *at, 4);
  *at += 4;
  return value;
}

static Bytes bytes(const uint8_t **at) {
  Bytes found = {.length = number(at)};
  found.at = *at;
  *at += found.length;
  return found;
}

static Connection *at_index(uint32_t index) {
  if (index >= connection_count) {
    connections = realloc(connections, (index + 1) * sizeof *connections);
    memset(connections + connection_count, 0, (index + 1 - connection_count) * sizeof *connections);
    connection_count = index + 1;
  }
  if (connections[index] == NULL) connections[index] = calloc(1, sizeof(Connection));
  return connections[index];
}

/* Numbers have 32 bits in the order of this machine, and texts a number before them:
     number of rules, for each: begins, contains, reply, whether the client is open then
     number of connections, for each: index, port, flags (1 stalls, 2 waits for a rule, 4 batches, 8 streams), handshake, hello
   The file stays mapped, since the connections point into it. */
static bool load(const char *path) {
  int file = open(path, O_RDONLY);
  struct stat about;
  if (file < 0 || fstat(file, &about) < 0) return false;
  const uint8_t *at = mmap(NULL, about.st_size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, file, 0);
  close(file);
  if (at == MAP_FAILED) return false;
  rule_count = number(&at);
  rules = realloc(rules, (rule_count + 1) * sizeof *rules);
  for (uint32_t rule = 0; rule < rule_count; rule++) {
    rules[rule].begins = bytes(&at);
    rules[rule].contains = bytes(&at);
    rules[rule].reply = bytes(&at);
    rules[rule].stands = number(&at);
  }
  wanted_next = 0;
  wanted_count = number(&at);
  wanted = realloc(wanted, (wanted_count + 1) * sizeof *wanted);
  for (uint32_t next = 0; next < wanted_count; next++) {
    uint32_t index = wanted[next] = number(&at);
    Connection *connection = at_index(index);
    connection->port = number(&at);
    uint32_t flags = number(&at);
    connection->stalls = flags & 1;
    connection->waits = flags & 2;
    connection->batches = flags & 4;
    connection->streams = flags & 8;
    connection->handshake = bytes(&at);
    connection->hello = bytes(&at);
  }
  return true;
}

static void report(void) {
  double busy = (micros(CLOCK_PROCESS_CPUTIME_ID) - cpu_cleared) / (double)(micros(CLOCK_MONOTONIC) - tally.cleared);
  printf("{\"frames\":%" PRIu64 ",\"events\":%" PRIu64 ",\"bytes\":%" PRIu64, tally.frames, tally.events, tally.bytes);
  printf(",\"p50\":%f,\"p99\":%f,\"p999\":%f,\"max\":%f", percentile(&tally, 0.5), percentile(&tally, 0.99),
         percentile(&tally, 0.999), tally.longest / 1000.0);
  printf(",\"open\":%u,\"busy\":%f,\"ended\":{", standing, busy);
  for (int reason = 0; reason < REASONS_MAX && ended[reason].count > 0; reason++)
    printf("%s\"%s\":%u", reason == 0 ? "" : ",", ended[reason].why, ended[reason].count);
  printf("}}\n");
}

static void command(char *line) {
  char path[LINE_BYTES];
  int64_t within, quiet;
  if (sscanf(line, "fill %4095s", path) == 1) {
    failure[0] = 0;
    if (!load(path)) snprintf(failure, sizeof failure, "the file cannot be read");
    filling_since = micros(CLOCK_MONOTONIC);
    task = FILLING;
  } else if (sscanf(line, "settle %" SCNu64 " %" SCNd64 " %" SCNd64, &settle.events, &within, &quiet) == 3) {
    settle.deadline = micros(CLOCK_MONOTONIC) + within * 1000;
    settle.quiet = quiet * 1000;
    task = SETTLING;
  } else if (strcmp(line, "clear") == 0) {
    clear(&tally);
    cpu_cleared = micros(CLOCK_PROCESS_CPUTIME_ID);
    memset(ended, 0, sizeof ended);
    printf("{}\n");
  } else if (strcmp(line, "report") == 0) {
    report();
  } else {
    printf("{\"error\":\"there is no such command\"}\n");
  }
}

/* Goes on with the command that is not answered yet. */
static void proceed(void) {
  int64_t now = micros(CLOCK_MONOTONIC);
  if (task == FILLING) {
    while (failure[0] == 0 && opening < OPENING_MAX && wanted_next < wanted_count) dial(connections[wanted[wanted_next++]]);
    if (failure[0] != 0) printf("{\"error\":\"%s\"}\n", failure);
    else if (opening == 0 && wanted_next == wanted_count) printf("{\"opened\":%u,\"ms\":%f,\"beganMs\":%f}\n", wanted_count, (now - filling_since) / 1000.0,
                                                              (filling_since - tally.cleared) / 1000.0);
    else return;
    task = IDLE;
  } else if (task == SETTLING) {
    if (tally.events < settle.events && now < settle.deadline && now - tally.now <= settle.quiet) return;
    printf("{\"ms\":%f}\n", (tally.now - tally.cleared) / 1000.0);
    task = IDLE;
  }
}

/* Reads what came on stdin. The commands come one at a time, each after the answer to the one before. */
static void listen_to_stdin(void) {
  static char line[LINE_BYTES];
  static size_t length = 0;
  ssize_t got = read(STDIN_FILENO, line + length, sizeof line - length - 1);
  if (got <= 0) exit(0);
  length += got;
  if (line[length - 1] != '\n') return;
  line[length - 1] = 0;
  length = 0;
  command(line);
}

int main(void) {
  struct rlimit files;
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  setvbuf(stdout, NULL, _IOLBF, 0);
  clear(&tally);
  epoll = epoll_create1(0);
  struct epoll_event stdin_event = {.events = EPOLLIN, .data.ptr = NULL};
  epoll_ctl(epoll, EPOLL_CTL_ADD, STDIN_FILENO, &stdin_event);
  for (;;) {
    struct epoll_event events[EVENTS_MAX];
    int count = epoll_wait(epoll, events, EVENTS_MAX, task == IDLE ? -1 : TICK_MS);
    for (int at = 0; at < count; at++) {
      Connection *connection = events[at].data.ptr;
      if (connection == NULL) listen_to_stdin();
      else if (connection->phase == CONNECTING) greet(connection);
      else if (connection->phase != CLOSED) receive(connection);
    }
    proceed();
  }
}
