import { configureGlobal } from 'fast-check';

const SHARE = process.env['BELFRY_TEST_RUNS'] === 'few' ? 0.1 : 1;

/** How many examples a property is tried with: so many, or a tenth of them in `npm run test:quick`. */
export function runs(whole: number): number {
  return Math.ceil(whole * SHARE);
}

// Those that name no number: fast-check itself takes a hundred.
configureGlobal({ numRuns: runs(100) });
