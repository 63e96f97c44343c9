import { expect } from 'vitest';

/** Resolves to the refusal, and fails when it took as long as somebody might wait. */
export async function refusalOf(promise: Promise<unknown>, withinMs = 1_000): Promise<unknown> {
  const begun = performance.now();
  const refusal = await promise.then(
    () => 'accepted',
    (error: unknown) => error,
  );
  expect(performance.now() - begun).toBeLessThan(withinMs);
  return refusal;
}

export const unavailable = (words: string) =>
  expect.objectContaining({
    code: 'unavailable',
    message: expect.stringContaining(words) as string,
  }) as unknown;
