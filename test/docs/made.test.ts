import { describe, expect, it } from 'vitest';
import { unexplained } from './alerts-part.ts';
import { disagreements } from './close-codes-part.ts';
import { fileAsItIs, MADE, MADE_FILES, pageAsItIs, pageAsMade } from './made.ts';
import { unknownMetrics } from './metrics-part.ts';

describe('the reference', () => {
  it.each(Object.keys(MADE))('has a page %s that agrees with the source and a running node', async (name) => {
    expect(pageAsItIs(name), 'npm run docs writes the page anew').toBe(await pageAsMade(name));
  });

  it.each(Object.entries(MADE_FILES))('has a file %s that agrees with the source', async (path, make) => {
    expect(fileAsItIs(path), 'npm run docs writes the file anew').toBe(await make());
  });

  it('explains every alert, and no alert that does not exist', () => {
    expect(unexplained()).toEqual([]);
  });

  it('explains no metric that does not exist', async () => {
    expect(await unknownMetrics()).toEqual([]);
  });

  it('agrees with the hub on the close codes after which a client may reconnect', () => {
    expect(disagreements()).toEqual([]);
  });
});
