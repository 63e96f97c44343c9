/**
 * A mark in the payload of an event tells when the event was published: `@@` and 15 digits of microseconds of the
 * machine's monotonic clock. A mark has a fixed width, so that a reader finds it without parsing JSON and so that all
 * events have the size that was asked for.
 */
export const MARK = '@@';
const DIGITS = 15;
export const MARK_BYTES = MARK.length + DIGITS;
const AT = MARK.charCodeAt(0);
const ZERO = 48;

/** Both clocks are read this many times, and the fastest reading counts, since the first ones take a millisecond. */
const READINGS = 50;

/** `performance.now()` is the same clock for every process of the machine, but begins with the process. */
const STARTED_AT = startedAt();

/** The current time in microseconds of a clock that all processes of this machine share. */
export function micros(): number {
  return STARTED_AT + performance.now() * 1_000;
}

export function markOf(at: number): string {
  return MARK + String(Math.floor(at)).padStart(DIGITS, '0');
}

/** Whether a mark begins at this offset. */
export function isMark(bytes: Buffer, offset: number): boolean {
  return bytes[offset] === AT && bytes[offset + 1] === AT;
}

/** The time in the mark that begins at this offset. */
export function readMark(bytes: Buffer, offset: number): number {
  let value = 0;
  for (let at = offset + MARK.length; at < offset + MARK_BYTES; at++)
    value = value * 10 + (bytes[at] ?? ZERO) - ZERO;
  return value;
}

/** The time at which `performance.now()` was 0, in microseconds of the machine's monotonic clock. */
function startedAt(): number {
  let tightest = Number.POSITIVE_INFINITY;
  let found = 0;
  for (let reading = 0; reading < READINGS; reading++) {
    const before = process.hrtime.bigint();
    const now = performance.now() * 1_000;
    const after = process.hrtime.bigint();
    const took = Number(after - before);
    if (took < tightest) {
      tightest = took;
      found = Number(before) / 1_000 - now;
    }
  }
  return found;
}
