import { configureGlobal } from 'fast-check';

const SHARE = process.env['BELFRY_TEST_RUNS'] === 'few' ? 0.1 : 1;

/** The number of examples that a property is tried with. In `npm run test:quick` this is a tenth of the whole number. */
export function runs(whole: number): number {
  return Math.ceil(whole * SHARE);
}

// Properties that name no number get the hundred examples of fast-check, or the same share of them.
configureGlobal({ numRuns: runs(100) });
