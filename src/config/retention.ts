import { z } from 'zod';
import { count, record, text } from './forms.ts';
import { Pattern } from '../model/pattern.ts';
import { TAIL_MAX } from '../model/retention.ts';

const MAX_TTL_MS = 365 * 24 * 60 * 60_000;

/**
 * One rule of BELFRY_RETENTION. It keeps a tail with a length, a lifetime or both, or it keeps the latest event only.
 */
export const retentionRule = record({
  pattern: text().refine(isForEveryKey, {
    error: 'is not a pattern for every key. Expected type.action.*, with type and action * or a comma list',
  }),
  last: count(1, TAIL_MAX).exactOptional(),
  ttlMs: count(1_000, MAX_TTL_MS).exactOptional(),
  latest: z.literal(true, { error: 'is not true. Expected true, or no such field' }).exactOptional(),
}).refine(({ last, ttlMs, latest }) => (last !== undefined || ttlMs !== undefined) !== (latest === true), {
  error: 'keeps nothing, or two kinds of things. Expected last, ttlMs or both, or else latest',
});

function isForEveryKey(given: string): boolean {
  try {
    return Pattern.parse(given).parts?.[2] === '*';
  } catch {
    return false;
  }
}
