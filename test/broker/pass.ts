import { expect } from 'vitest';

/** Waits in real time, since leases expire by the clock of Redis, which no test can move. */
export async function pass(ms: number): Promise<void> {
  const end = performance.now() + ms;
  await expect.poll(() => performance.now(), { interval: 5 }).toBeGreaterThan(end);
}
