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
    belfryTakeBuffer(keyCount: 1, ...keysAndArguments: (string | number)[]): Result<RawEntry[], Context>;
    /** ingress-settle.lua */
    belfrySettle(keyCount: 4, ...keysAndArguments: (string | Buffer)[]): Result<(0 | 1)[], Context>;
  }
}

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
  const bounds = [MAX_TAKEN, MAX_TAKEN_BYTES, Math.max(MAX_DEAD_LETTER_BYTES, maxEventBytes)];
  const entries = await connection.ask((redis) => redis.belfryTakeBuffer(1, ingress, node, from, ...bounds));
  return { entries, mayBeMore: bytesOf(entries) >= MAX_TAKEN_BYTES };
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

/** Settles entries that a node holds. It answers for each, up to the first that has to wait, whether it was settled now. */
export function settleEntries(
  connection: RedisConnection,
  { log, ingress, deadLetters, settled }: RedisKeys,
  node: string,
  held: readonly Outcome[],
): Promise<(0 | 1)[]> {
  const entries = held.flatMap(({ id, becomes }) => [id, ...becomes]);
  return connection.ask((redis) =>
    redis.belfrySettle(4, log, ingress, deadLetters, settled, node, ...entries),
  );
}

/** The size of entries, as ingress-take.lua counts it. */
function bytesOf(entries: readonly RawEntry[]): number {
  let bytes = 0;
  for (const [, content] of entries)
    if (content !== null && typeof content !== 'number') for (const text of content) bytes += text.length;
  return bytes;
}
