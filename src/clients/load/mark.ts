/**
 * When an event was published, in its payload: `@@` and 15 digits of microseconds of the machine's monotonic clock. Of
 * fixed width, so that a reader finds it without parsing JSON, and so that every event of a size has that size.
 */
export const MARK = '@@';
const DIGITS = 15;
export const MARK_BYTES = MARK.length + DIGITS;
const AT = MARK.charCodeAt(0);
const ZERO = 48;

/** Readings of both clocks, of which the tightest counts: the first ones take a millisecond. */
const READINGS = 50;

/** `performance.now()` is the same clock for every process of the machine, but begins with the process. */
const STARTED_AT = startedAt();

/** Microseconds that every process of this machine agrees on. */
export function micros(): number {
  return STARTED_AT + performance.now() * 1_000;
}

export function markOf(at: number): string {
  return MARK + String(Math.floor(at)).padStart(DIGITS, '0');
}

/** Whether a mark begins here. */
export function isMark(bytes: Buffer, offset: number): boolean {
  return bytes[offset] === AT && bytes[offset + 1] === AT;
}

/** The time in the mark that begins here. */
export function readMark(bytes: Buffer, offset: number): number {
  let value = 0;
  for (let at = offset + MARK.length; at < offset + MARK_BYTES; at++)
    value = value * 10 + (bytes[at] ?? ZERO) - ZERO;
  return value;
}

/** When `performance.now()` was 0, in microseconds of the machine's monotonic clock. */
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
