import { expect } from 'vitest';

/** Resolves to the refusal, and fails when it took as long as somebody might wait. */
export async function publishRefusalOf(promise: Promise<unknown>, withinMs = 1_000): Promise<unknown> {
  const begun = performance.now();
  const refusal = await promise.then(
    () => 'accepted',
    (error: unknown) => error,
  );
  expect(performance.now() - begun).toBeLessThan(withinMs);
  return refusal;
}

/** Says such words, or was caused by a Redis that said them: those are for the log. */
export const unavailable = (words: string): unknown => {
  const message = expect.stringContaining(words) as string;
  return expect.toBeOneOf([
    expect.objectContaining({ code: 'unavailable', message }),
    expect.objectContaining({ code: 'unavailable', cause: expect.objectContaining({ message }) as unknown }),
  ]);
};

/** Nobody can tell what became of it. */
export const unknown: unknown = expect.objectContaining({ code: 'outcome_unknown' });
