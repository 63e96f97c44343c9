import { describe, expect, it } from 'vitest';
import { unexplained } from './alerts-part.ts';
import { disagreements } from './close-codes-part.ts';
import { MADE, pageAsItIs, pageAsMade } from './made.ts';
import { unknownMetrics } from './metrics-part.ts';

describe('the reference', () => {
  it.each(Object.keys(MADE))(
    'has a page %s that says what the source and a running node say',
    async (name) => {
      expect(pageAsItIs(name), 'npm run docs writes the page anew').toBe(await pageAsMade(name));
    },
  );

  it('explains every alert, and none that there is not', () => {
    expect(unexplained()).toEqual([]);
  });

  it('tells of no metric that there is not', async () => {
    expect(await unknownMetrics()).toEqual([]);
  });

  it('agrees with the hub on who may come back after which close code', () => {
    expect(disagreements()).toEqual([]);
  });
});
