import { setTimeout as pause } from 'node:timers/promises';

const LOOK_EVERY_MS = 25;

/** Waits for a condition, never for a time. Rejects, saying for what it waited, when that takes too long. */
export async function until(
  what: string,
  isMet: () => boolean | Promise<boolean>,
  withinMs = 30_000,
): Promise<void> {
  const late = performance.now() + withinMs;
  while (!(await isMet())) {
    if (performance.now() > late) throw new Error(`waited ${withinMs} ms in vain: ${what}`);
    await pause(LOOK_EVERY_MS);
  }
}

/** Doubles from a first wait up to a last one, less up to half of it by chance, as every client of ours does it. */
export async function backOff(attempt: number, random: () => number, maxMs = 1_000): Promise<void> {
  await pause(Math.min(maxMs, 50 * 2 ** Math.min(attempt, 10)) * (1 - random() / 2));
}
