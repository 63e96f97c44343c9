import { RETRIES, type Retry } from '../../model/retries.ts';

/** How to reconnect after a close code. A code that no hub sends, such as 1006, means that the network broke. */
export function retryOf(code: number): Retry {
  return (RETRIES as Readonly<Record<number, Retry>>)[code] ?? 'backoff';
}

/** How long to wait before an attempt. The first attempt has the number 0. */
export function delayMs(retry: Exclude<Retry, false>, attempt: number, random: () => number): number {
  const upTo = (mostMs: number, firstMs: number): number =>
    random() * Math.min(mostMs, firstMs * 2 ** attempt);
  if (retry === 'later') return 5_000 + upTo(60_000, 5_000);
  if (attempt === 0 && retry !== 'backoff') return retry === 'spread' ? random() * 2_000 : 0;
  return upTo(30_000, 500);
}
