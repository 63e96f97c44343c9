/* What all connections received together: counts, and a histogram of latencies that is the same as that of the Node client. */
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

enum { STEP_BITS = 5, STEPS = 1 << STEP_BITS, BUCKETS = (32 - STEP_BITS + 1) * STEPS };

typedef struct {
  int64_t now;     /* the time of the last read, in microseconds */
  int64_t cleared; /* since when the rest is counted */
  uint64_t frames, events, bytes;
  int64_t longest;
  uint64_t counts[BUCKETS];
} Tally;

static int64_t micros(clockid_t clock) {
  struct timespec time;
  clock_gettime(clock, &time);
  return time.tv_sec * 1000000LL + time.tv_nsec / 1000;
}

/* Each value below 32 has a bucket of its own; above that, each power of two has 32 buckets. */
static uint32_t bucket_of(uint32_t value) {
  if (value < STEPS) return value;
  uint32_t exponent = 31 - __builtin_clz(value) - STEP_BITS;
  return (exponent + 1) * STEPS + (value >> exponent) - STEPS;
}

static int64_t upper_end_of(uint32_t bucket) {
  if (bucket < STEPS) return bucket;
  uint32_t exponent = bucket / STEPS - 1;
  return ((int64_t)(bucket % STEPS + STEPS + 1) << exponent) - 1;
}

static void record(Tally *tally, int64_t took) {
  if (took < 0) took = 0;
  if (took > UINT32_MAX) took = UINT32_MAX;
  if (took > tally->longest) tally->longest = took;
  tally->counts[bucket_of((uint32_t)took)]++;
  tally->events++;
}

/* Writes text so that it can stand between quotes in JSON. */
static void plain(char *to, size_t size, const char *from, size_t length) {
  size_t written = 0;
  for (size_t at = 0; at < length && written + 1 < size; at++)
    if (from[at] >= ' ' && from[at] < 127) to[written++] = from[at] == '"' || from[at] == '\\' ? '\'' : from[at];
  to[written] = 0;
}

/* The latency in milliseconds that this share of all events does not exceed. */
static double percentile(const Tally *tally, double share) {
  uint64_t seen = 0;
  double wanted = share * tally->events;
  for (uint32_t bucket = 0; bucket < BUCKETS; bucket++) {
    seen += tally->counts[bucket];
    if (seen == 0 || seen < wanted) continue;
    int64_t end = upper_end_of(bucket);
    return (end < tally->longest ? end : tally->longest) / 1000.0;
  }
  return tally->longest / 1000.0;
}

static void clear(Tally *tally) {
  int64_t last_read = tally->now;
  memset(tally, 0, sizeof *tally);
  tally->now = last_read;
  tally->cleared = micros(CLOCK_MONOTONIC);
}
