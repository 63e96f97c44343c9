import { describe, expect, it } from 'vitest';
import { SUITES } from '../../../src/clients/conformance/index.ts';
import { FastClock } from '../../support/fast-clock.ts';
import { startFrameProxy } from '../../support/frame-proxy.ts';
import { startNode } from '../../support/node.ts';
import { BROKEN_HUBS, type BrokenHub } from './broken-hubs.ts';
import { namesOf, ORIGIN, runChecks } from './run-checks.ts';

const SETTINGS = { BELFRY_LISTEN: '127.0.0.1:0=native', NORN_ALLOWED_ORIGINS: ORIGIN };
/** Long enough for what comes, and short enough for what does not. */
const PATIENCE_MS = 2_000;
const DIALECTS = SUITES.map(({ dialect }) => dialect);

const isOf =
  (dialect: string) =>
  ({ finds }: BrokenHub): boolean =>
    finds[0]?.startsWith(`${dialect}.`) === true;

/** The checks that a broken hub fails, of those that are to find it or to pass. */
async function failedBy(hub: string, broken: BrokenHub): Promise<readonly string[]> {
  const { mangling, finds, passes = [], limits = false } = broken;
  const url = await startFrameProxy(hub, mangling);
  const names = [...finds, ...passes];
  const dialects = DIALECTS.filter((dialect) => names.some((name) => name.startsWith(`${dialect}.`)));
  const selects = (name: string): boolean => names.includes(name);
  // A flooded client has half a minute to be disconnected, which none of these does.
  const time = new FastClock(limits ? 10 : 1);
  const run = { url, hub, dialects, selects, limits, patienceMs: PATIENCE_MS, time };
  return namesOf(await runChecks(run), 'failed');
}

describe('a proxy that changes nothing', () => {
  it('passes the checks which find what the others break', async () => {
    const hub = await startNode(SETTINGS);
    const url = await startFrameProxy(hub.url);
    const names = new Set(BROKEN_HUBS.filter(({ limits }) => limits !== true).flatMap(({ finds }) => finds));
    const results = await runChecks({ url, hub: hub.url, selects: (name) => names.has(name) });
    expect(results.filter(({ state }) => state !== 'passed')).toEqual([]);
    expect(namesOf(results, 'passed').toSorted()).toEqual([...names].toSorted());
  }, 60_000);
});

describe('each broken hub', () => {
  it.each(DIALECTS)(
    'of %s fails the checks that are to find it',
    async (dialect) => {
      const hub = await startNode(SETTINGS);
      const broken = BROKEN_HUBS.filter(isOf(dialect));
      const found = await Promise.all(
        broken.map(async (each) => [each.what, (await failedBy(hub.url, each)).toSorted()]),
      );
      expect(Object.fromEntries(found)).toEqual(
        Object.fromEntries(broken.map(({ what, finds }) => [what, finds.toSorted()])),
      );
      expect(broken.length).toBeGreaterThan(4);
    },
    60_000,
  );
});
