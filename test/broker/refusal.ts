import { expect } from 'vitest';

/**
 * Resolves to the refusal of a promise. It fails when that takes half as long as a command may take by default, so that
 * a busy machine is no failure.
 */
export async function publishRefusalOf(promise: Promise<unknown>, withinMs = 2_500): Promise<unknown> {
  const begun = performance.now();
  const refusal = await promise.then(
    () => 'accepted',
    (error: unknown) => error,
  );
  expect(performance.now() - begun).toBeLessThan(withinMs);
  return refusal;
}

/** Matches an error with this text in its message, or in that of its cause, which is for the log. */
export const unavailable = (words: string): unknown => {
  const message = expect.stringContaining(words) as string;
  return expect.toBeOneOf([
    expect.objectContaining({ code: 'unavailable', message }),
    expect.objectContaining({ code: 'unavailable', cause: expect.objectContaining({ message }) as unknown }),
  ]);
};

/** Matches an error for an unknown outcome. */
export const unknown: unknown = expect.objectContaining({ code: 'outcome_unknown' });
