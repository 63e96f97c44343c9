import {
  compareCursors,
  cursorAt,
  cursorIn,
  cursorMs,
  isCursor,
  sequenceOf,
  shardOfCursor,
  type Cursor,
} from './cursor.ts';

/**
 * How far a client was given the log: the text that the hub hands out beside events, and that clients hand back to go on.
 * Clients must treat it as opaque. In a log of one shard it is a cursor. In a log of several shards it holds a cursor of
 * each, see {@link PositionVector}. The id of an event is a position too: after that event in its own shard, and from its
 * time on in the others.
 */
export type Position = string;

/** The text of a vector begins with it, and so is no cursor and no time. */
const MARK = 'v';
const DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
/** Each digit holds five bits of a number, the lowest first, and a sixth bit that says whether more follow. */
const DIGIT_BASE = 32;
/**
 * The known shards, the base, and for each shard its number, time and sequence. A hub that has used 1,023 numbers of shards has
 * grown more often than any will.
 */
export const VECTOR_FORM =
  /^v[g-z\d_-]?[A-Za-f][g-z\d_-]{0,9}[A-Za-f](?:[g-z\d_-]{0,2}[A-Za-f](?:[g-z\d_-]{0,10}[A-Za-f]){2}){0,512}$/;
const MAX_NUMBER = 999_999_999_999_999;

/** A position in a log of several shards. */
export class PositionVector {
  /** Where the shards go on that the node followed when it made the position. */
  readonly cursors: ReadonlyMap<number, Cursor>;
  /** The other shards go on from this time, in milliseconds since 1970. */
  readonly baseMs: number;
  /**
   * How many numbers of shards the hub had used, or 0 where that is not known. Shards with higher numbers began later, and
   * so go on from their start.
   */
  readonly known: number;

  constructor(cursors: ReadonlyMap<number, Cursor>, baseMs: number, known = 0) {
    this.cursors = cursors;
    this.baseMs = baseMs;
    this.known = known;
  }

  /** Where a shard goes on. */
  in(shard: number): Cursor {
    return this.cursors.get(shard) ?? cursorAt(this.#isLater(shard) ? 0 : this.baseMs, shard);
  }

  /** Whether the hub handed out where this shard goes on. Otherwise it was made of a time. */
  isExactIn(shard: number): boolean {
    return this.cursors.has(shard) || this.#isLater(shard);
  }

  /** The same, but for these shards. */
  with(cursors: ReadonlyMap<number, Cursor>): PositionVector {
    const inOrder = [...this.cursors, ...cursors].toSorted(([a], [b]) => a - b);
    return new PositionVector(new Map(inOrder), this.baseMs, this.known);
  }

  get text(): Position {
    return textOf(this.cursors, this.baseMs, this.known);
  }

  #isLater(shard: number): boolean {
    return this.known > 0 && shard >= this.known;
  }
}

/** The text of the vector with these parts, with the cursors in the order of their shards. */
export function textOf(
  cursors: Iterable<readonly [shard: number, Cursor]>,
  baseMs: number,
  known: number,
): Position {
  let text = MARK + digitsOf(known) + digitsOf(baseMs);
  let next = 0;
  for (const [shard, cursor] of cursors) {
    const behindMs = baseMs - cursorMs(cursor);
    // An even number is a time up to the base, and an odd one is a time after it.
    const time = behindMs >= 0 ? 2 * behindMs : -2 * behindMs - 1;
    text += digitsOf(shard - next) + digitsOf(time) + digitsOf(sequenceOf(cursor));
    next = shard + 1;
  }
  return text;
}

function digitsOf(number: number): string {
  let text = '';
  while (number >= DIGIT_BASE) {
    text += DIGITS[DIGIT_BASE + (number % DIGIT_BASE)] ?? '';
    number = Math.floor(number / DIGIT_BASE);
  }
  return text + (DIGITS[number] ?? '');
}

function numbersIn(digits: string): number[] {
  const numbers: number[] = [];
  let number = 0;
  let factor = 1;
  for (const digit of digits) {
    const value = DIGITS.indexOf(digit);
    number += (value % DIGIT_BASE) * factor;
    factor *= DIGIT_BASE;
    if (value >= DIGIT_BASE) continue;
    numbers.push(number);
    [number, factor] = [0, 1];
  }
  return numbers;
}

/** The vector of a position; `undefined` for a text that is none. */
export function vectorOf(text: Position): PositionVector | undefined {
  if (isCursor(text)) {
    const baseMs = Math.min(cursorMs(text) + (isOfTime(text) ? 1 : 0), MAX_NUMBER);
    return new PositionVector(new Map([[shardOfCursor(text), text]]), baseMs);
  }
  if (!VECTOR_FORM.test(text)) return undefined;
  const [known = 0, base = 0, ...rest] = numbersIn(text.slice(MARK.length));
  const baseMs = usable(base);
  const cursors = new Map<number, Cursor>();
  let next = 0;
  for (let index = 0; index < rest.length; index += 3) {
    const [skipped = 0, time = 0, sequence = 0] = rest.slice(index, index + 3);
    const shard = next + skipped;
    const ms = time % 2 === 0 ? baseMs - time / 2 : baseMs + (time + 1) / 2;
    cursors.set(shard, cursorIn(shard, `${usable(ms)}-${usable(sequence)}`));
    next = shard + 1;
  }
  return new PositionVector(cursors, baseMs, known);
}

/** The nearest number that can stand in a cursor. The hub writes no other into a position. */
function usable(number: number): number {
  return Math.max(0, Math.min(number, MAX_NUMBER));
}

/** Whether a cursor was made from a time. It is then the last one before that time. */
export function isOfTime(cursor: Cursor): boolean {
  return sequenceOf(cursor) === MAX_NUMBER;
}

export function isPosition(text: string): boolean {
  return vectorOf(text) !== undefined;
}

/** Where a shard goes on after a position. */
export function cursorAfter(position: Position, shard: number): Cursor {
  return read(position).in(shard);
}

/** Whether an event of the log is still to come for a client with this position. */
export function isAfter(cursor: Cursor, position: Position): boolean {
  if (isCursor(position) && shardOfCursor(position) === shardOfCursor(cursor))
    return compareCursors(cursor, position) > 0;
  return compareCursors(cursor, cursorAfter(position, shardOfCursor(cursor))) > 0;
}

/** Whether a client with a position has everything that one with another position has. */
export function includes(position: Position, other: Position): boolean {
  return [...read(other).cursors.values()].every((cursor) => !isAfter(cursor, position));
}

/** The position at which a client has what clients with both of them have. */
export function earlierOf(a: Position, b: Position): Position {
  return joined(a, b, -1);
}

/** The position at which a client has what a client with either of them has. */
export function laterOf(a: Position, b: Position): Position {
  return joined(a, b, 1);
}

function joined(a: Position, b: Position, sign: 1 | -1): Position {
  if (a === b) return a;
  const pick = (x: Cursor, y: Cursor): Cursor => (compareCursors(x, y) * sign > 0 ? x : y);
  if (isCursor(a) && isCursor(b) && shardOfCursor(a) === shardOfCursor(b)) return pick(a, b);
  const [one, other] = [read(a), read(b)];
  const known = [one.known, other.known].filter((count) => count > 0);
  const shards = new Set([...one.cursors.keys(), ...other.cursors.keys()]);
  // Those that began after one of the two positions and before the other.
  const [fewest, most] = [Math.min(...known), Math.max(...known)];
  for (let shard = fewest; shard < most; shard++) shards.add(shard);
  const cursors = [...shards]
    .toSorted((x, y) => x - y)
    .map((shard) => [shard, pick(one.in(shard), other.in(shard))] as const);
  const bases = [one.baseMs, other.baseMs];
  if (known.length === 0) known.push(0);
  return sign < 0
    ? textOf(cursors, Math.min(...bases), Math.min(...known))
    : textOf(cursors, Math.max(...bases), Math.max(...known));
}

/** A client compares many events with one position, and a node many clients. */
let last: { readonly text: Position; readonly vector: PositionVector } | undefined;

/** @throws RangeError for a text that is no position, which the entry points have refused */
function read(text: Position): PositionVector {
  if (last?.text === text) return last.vector;
  const vector = vectorOf(text);
  if (vector === undefined) throw new RangeError(`"${text.slice(0, 50)}" is not a position.`);
  last = { text, vector };
  return vector;
}
