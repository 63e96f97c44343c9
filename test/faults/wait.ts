import { setTimeout as pause } from 'node:timers/promises';

const LOOK_EVERY_MS = 25;

/** Waits for a condition, never for a time. When this takes too long, it rejects and says which condition was not met. */
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

/** Waits as the clients of the hub do: the time doubles up to a maximum, and chance shortens it by up to half. */
export async function backOff(attempt: number, random: () => number, maxMs = 1_000): Promise<void> {
  await pause(Math.min(maxMs, 50 * 2 ** Math.min(attempt, 10)) * (1 - random() / 2));
}
