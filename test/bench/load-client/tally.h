/* What all connections received together: counts, and a histogram of latencies that is the same as that of the Node client. */
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

enum { STEP_BITS = 5, STEPS = 1 << STEP_BITS, BUCKETS = (32 - STEP_BITS + 1) * STEPS };

/* A mark is "@@" and 15 digits of microseconds of the monotonic clock. */
enum { MARK_DIGITS = 15, MARK_BYTES = 2 + MARK_DIGITS };

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

static bool is_mark(const uint8_t *at) { return at[0] == '@' && at[1] == '@'; }

static void count_event(Tally *tally, const uint8_t *mark) {
  int64_t sent = 0;
  for (int digit = 2; digit < MARK_BYTES; digit++) sent = sent * 10 + (mark[digit] - '0');
  int64_t took = tally->now - sent;
  if (took < 0) took = 0;
  if (took > UINT32_MAX) took = UINT32_MAX;
  if (took > tally->longest) tally->longest = took;
  tally->counts[bucket_of((uint32_t)took)]++;
  tally->events++;
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
