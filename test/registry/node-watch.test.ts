import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { NodeWatch } from '../../src/registry/node-watch.ts';
import type { NodeRecord } from '../../src/registry/node-directory.ts';
import { ManualClock } from '../support/clock.ts';
import { aReport } from './records.ts';

const TWIN = 'Another node is named "one" as well. Expected another BELFRY_NODE for each.';

/** The watch of the node `one/a` over the nodes that each check finds, and what it logged. */
function watching(
  hasShards = false,
  clockSpreadMs = 0,
): {
  look: (others: readonly NodeRecord[]) => Promise<string[]>;
  othersAreReady: () => boolean;
  log: string[];
} {
  const clock = new ManualClock();
  const log: string[] = [];
  let found: readonly NodeRecord[] = [];
  const watch = new NodeWatch({
    directory: {
      id: 'one/a',
      nodes: async () => found,
      settingsOf: async () => ({ BELFRY_ONE: 'x', BELFRY_NEW: 'y' }),
      redisFacts: async () => ({ evictionPolicy: 'noeviction' }),
    },
    own: aReport({}, { BELFRY_ONE: 'a', BELFRY_OLD: 'b' }),
    hasShards: () => hasShards,
    clockSpreadMs: () => clockSpreadMs,
    clock,
    log: pino(
      { level: 'info' },
      { write: (line) => void log.push((JSON.parse(line) as { msg: string }).msg) },
    ),
  });
  watch.start();
  return {
    log,
    othersAreReady: () => watch.othersAreReady,
    look: async (others) => {
      found = others;
      clock.advance(2_500);
      await new Promise(setImmediate);
      return watch.warnings.map(({ message }) => message);
    },
  };
}

function aNode(
  id: string,
  leaseEndsAt: number,
  digest = aReport({}, { BELFRY_ONE: 'a', BELFRY_OLD: 'b' }).digest,
): NodeRecord {
  return { ...aReport({ name: id.split('/')[0] ?? '', digest }).report(), id, leaseEndsAt };
}

describe('the watch of a node over the others', () => {
  it('tells whether another node is ready that has renewed its lease', async () => {
    const { look, othersAreReady } = watching();
    const two = (leaseEndsAt: number, ready: boolean): NodeRecord => ({
      ...aNode('two/b', leaseEndsAt),
      ready,
    });
    await look([two(10_000, true)]);
    expect(othersAreReady()).toBe(false);
    await look([two(15_000, true)]);
    expect(othersAreReady()).toBe(true);
    await look([two(20_000, false)]);
    expect(othersAreReady()).toBe(false);
  });

  it('warns of masters whose clocks differ by more than a second', async () => {
    const warning = expect.stringContaining('clocks of the masters of Redis differ') as string;
    expect(await watching(true, 1_001).look([])).toEqual([warning]);
    expect(await watching(true, 1_000).look([])).toEqual([]);
  });

  it('warns of a node whose version knows no shards, in a hub that has several', async () => {
    const other = (leaseEndsAt: number): NodeRecord => aNode('two/b', leaseEndsAt, 'another');
    const older = expect.stringMatching(
      /^two runs a version without shards: .* stop it at once\.$/,
    ) as string;
    for (const [hasShards, expected] of [
      [true, [older, expect.stringContaining('BELFRY_ONE is different on two') as string]],
      [false, [expect.stringContaining('BELFRY_ONE is different on two') as string]],
    ] as const) {
      const { look } = watching(hasShards);
      await look([other(10_000)]);
      expect(await look([other(15_000)])).toEqual(expected);
    }
  });

  it('does not take an earlier process of the node, whose lease is never renewed, for a twin', async () => {
    const { look } = watching();
    expect(await look([aNode('one/b', 10_000)])).toEqual([]);
    expect(await look([aNode('one/b', 10_000)])).toEqual([]);
  });

  it('warns of a twin that has renewed its lease, logs that once, and logs when it is over', async () => {
    const { look, log } = watching();
    await look([aNode('one/b', 10_000)]);
    expect(await look([aNode('one/b', 15_000)])).toEqual([TWIN]);
    expect(await look([aNode('one/b', 20_000)])).toEqual([TWIN]);
    expect(await look([])).toEqual([]);
    expect(log).toEqual([TWIN, `no more: ${TWIN}`]);
  });

  it('names a setting that differs, but none that only one of two versions has', async () => {
    const { look } = watching();
    await look([aNode('two/b', 10_000, 'other'), aNode('three/c', 10_000, 'other')]);
    expect(await look([aNode('two/b', 15_000, 'other'), aNode('three/c', 15_000, 'other')])).toEqual([
      'BELFRY_ONE is different on three, two. Expected the same on all nodes of one Redis.',
    ]);
  });
});
