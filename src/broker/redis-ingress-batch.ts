import type { Result } from 'ioredis';
import { bound } from '../model/bound.ts';
import type { RedisConnection } from './redis-connection.ts';
import { MAX_DEAD_LETTER_BYTES, type Outcome, type RawContent } from './redis-ingress-decoder.ts';
import { INGRESS_GROUP, type RedisKeys } from './redis-keys.ts';

/** Both bounds limit what a node holds at once; a single entry may be larger than the second. */
const STAY = 'the others stay in the ingress';
export const MAX_HELD = bound('ingress entries that a node holds at once', 768, 'entries', STAY);
const MAX_HELD_BYTES = bound('bytes of ingress entries that a node holds', 6_291_456, 'bytes', STAY);
/** So one part is settled while another one is decoded and a third one is taken. */
export const MAX_TAKEN = MAX_HELD / 3;
const MAX_TAKEN_BYTES = MAX_HELD_BYTES / 3;
export const MAX_SETTLED = MAX_TAKEN / 2;
declare module 'ioredis' {
  interface RedisCommander<Context> {
    /** ingress-take.lua */
    belfryTakeBuffer(
      keyCount: 1,
      ...keysAndArguments: (string | number)[]
    ): Result<(Buffer | RawContent)[], Context>;
    /** ingress-look.lua */
    belfryLook(
      keyCount: 1,
      ...keysAndArguments: string[]
    ): Result<[found: (0 | 1)[], waiting: number[]], Context>;
    /** ingress-settle.lua */
    belfrySettle(keyCount: 4, ...keysAndArguments: (string | number | Buffer)[]): Result<Settled[], Context>;
  }
}

/** What became of an entry: 1 settled now, 0 settled before, 2 from now on it waits for its shard. */
export type Settled = 0 | 1 | 2;

export type RawEntry = [id: Buffer, content: RawContent];

export interface Taken {
  readonly entries: readonly RawEntry[];
  /** Whether Redis may have assigned entries after these to the node as well, for which there was no room. */
  readonly mayBeMore: boolean;
}

/** Takes entries for a node: new ones (`>`), or from the beginning those that are assigned to it already (`0`). */
export async function takeEntries(
  connection: RedisConnection,
  ingress: string,
  { node, maxEventBytes }: { readonly node: string; readonly maxEventBytes: number },
  from: '0' | '>',
): Promise<Taken> {
  const bounds = [MAX_TAKEN, MAX_TAKEN_BYTES, largest(maxEventBytes)];
  const taken = await connection.ask((redis) => redis.belfryTakeBuffer(1, ingress, node, from, ...bounds));
  const entries = entriesOf(taken);
  const bytes = entries.reduce((sum, [, content]) => sum + bytesOf(content), 0);
  return { entries, mayBeMore: bytes >= MAX_TAKEN_BYTES };
}

/** Takes the next entry, for which it waits for a while. */
export async function takeNextEntry(
  connection: RedisConnection,
  ingress: string,
  node: string,
  blockMs: number,
): Promise<readonly RawEntry[]> {
  const streams = ['STREAMS', ingress, '>'] as const;
  const found = await connection.ask((redis) =>
    redis.xreadgroupBuffer('GROUP', INGRESS_GROUP, node, 'COUNT', 1, 'BLOCK', blockMs, ...streams),
  );
  const [stream] = (found ?? []) as [name: Buffer, entries: RawEntry[]][];
  return stream?.[1] ?? [];
}

/**
 * Takes entries that wait for a shard, and a part of what a node may hold at once. Nothing is taken where a node began to move
 * them less than so many milliseconds ago.
 */
export async function takeWaiting(
  connection: RedisConnection,
  ingress: string,
  consumer: string,
  { maxEventBytes, part, idleMs }: Record<'maxEventBytes' | 'part' | 'idleMs', number>,
): Promise<readonly RawEntry[]> {
  const bounds = [Math.ceil(MAX_TAKEN * part), Math.ceil(MAX_TAKEN_BYTES * part), largest(maxEventBytes)];
  const taken = await connection.ask((redis) =>
    redis.belfryTakeBuffer(1, ingress, consumer, '0', ...bounds, idleMs),
  );
  return entriesOf(taken);
}

/** Looks which entries a consumer may settle now, up to the first that has to wait, and for which shards entries wait. */
export async function lookAt(
  connection: RedisConnection,
  ingress: string,
  consumer: string,
  entries: readonly Outcome[],
): Promise<{ readonly found: readonly (0 | 1)[]; readonly waiting: ReadonlySet<number> }> {
  const ids = entries.map(({ id }) => id);
  const [found, waiting] = await connection.ask((redis) => redis.belfryLook(1, ingress, consumer, ...ids));
  return { found, waiting: new Set(waiting) };
}

/** Settles entries that a consumer holds. It answers for each, up to the first that has to wait, what became of it. */
export function settleEntries(
  connection: RedisConnection,
  { log, ingress, deadLetters, settled }: RedisKeys,
  consumer: string,
  held: readonly Outcome[],
): Promise<Settled[]> {
  const treatments: string[] = [];
  const numbers = new Map<string, number>();
  const entries: (string | number | Buffer)[] = [];
  for (const { id, becomes } of held) {
    const [what, text, a, b, c, d] = becomes;
    // The lengths keep apart what would be one text otherwise.
    const name = `${what} ${a.length} ${b.length} ${c.length} ${a}${b}${c}${d}`;
    let number = numbers.get(name);
    if (number === undefined) {
      treatments.push(what, a, b, c, d);
      number = numbers.size + 1;
      numbers.set(name, number);
    }
    entries.push(id, text, number);
  }
  const values = [consumer, numbers.size, ...treatments, ...entries];
  return connection.ask((redis) => redis.belfrySettle(4, log, ingress, deadLetters, settled, ...values));
}

function entriesOf(taken: readonly (Buffer | RawContent)[]): RawEntry[] {
  const entries: RawEntry[] = [];
  for (let i = 1; i < taken.length; i += 2) entries.push([taken[i - 1] as Buffer, taken[i] ?? null]);
  return entries;
}

/** A text of more bytes is not sent. */
function largest(maxEventBytes: number): number {
  return Math.max(MAX_DEAD_LETTER_BYTES, maxEventBytes);
}

/** The size of the content of an entry, as ingress-take.lua counts it. */
function bytesOf(content: RawContent): number {
  if (content === null || typeof content === 'number') return 0;
  return Buffer.isBuffer(content) ? content.length : content.reduce((sum, { length }) => sum + length, 0);
}
