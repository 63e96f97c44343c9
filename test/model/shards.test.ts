import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RESERVED_TYPES } from '../../src/model/event.ts';
import { Pattern } from '../../src/model/pattern.ts';
import { Layout } from '../../src/model/shards.ts';
import { runs } from '../support/runs.ts';

const text = fc.string({ unit: 'binary', minLength: 1, maxLength: 12 });

function shardsOf(layout: Layout, type?: string, key?: string): readonly number[] {
  const { parts } = Pattern.of(type, undefined, key);
  if (parts === undefined) throw new Error('The pattern has no parts.');
  return layout.shardsOf(parts);
}

describe('a layout of one shard', () => {
  it('has every event in shard 0', () => {
    for (const layout of [Layout.single, Layout.of(1)]) {
      expect(layout.shards).toEqual([0]);
      expect(layout.isSingle).toBe(true);
      expect(['connections', 'orders'].map((type) => layout.shardOf(type, 'k'))).toEqual([0, 0]);
      expect(shardsOf(layout)).toEqual([0]);
      expect(shardsOf(layout, 'orders', 'k')).toEqual([0]);
    }
  });
});

describe('a layout of some shards', () => {
  it("keeps the hub's own events in shard 0, and the others out of it", () => {
    const layout = Layout.of(12);
    expect(layout.shards).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
    for (const type of RESERVED_TYPES) {
      expect(layout.shardOf(type, 'k')).toBe(0);
      expect(shardsOf(layout, type)).toEqual([0]);
    }
    fc.assert(
      fc.property(text, text, (type, key) => {
        expect(layout.shardOf(`of ${type}`, key)).toBeGreaterThan(0);
        expect(layout.shardOf(`of ${type}`, key)).toBeLessThanOrEqual(12);
      }),
      { numRuns: runs(500) },
    );
  });

  it('finds each event in the shards of every pattern that matches it', () => {
    const types = ['orders', 'logs', 'toString'];
    const layout = new Layout([
      { first: 0, count: 1, fans: {} },
      { first: 1, count: 5, fans: { logs: 3 } },
      { first: 6, count: 12, fans: { orders: 4, logs: 100 } },
    ]);
    fc.assert(
      fc.property(fc.constantFrom(...types), text, (type, key) => {
        const shard = layout.shardOf(type, key);
        expect(shard).toBeGreaterThanOrEqual(6);
        for (const shards of [
          shardsOf(layout, type, key),
          shardsOf(layout, type),
          shardsOf(layout),
          shardsOf(layout, undefined, key),
        ])
          expect(shards).toContain(shard);
      }),
      { numRuns: runs(500) },
    );
  });

  it('keeps the keys of a type in one shard, or in as many as its fan says, at most all', () => {
    const layout = Layout.of(12, { logs: 3, all: 100 });
    const used = (type: string) =>
      new Set(Array.from({ length: 300 }, (_, i) => layout.shardOf(type, `${i}`)));
    expect(used('orders').size).toBe(1);
    expect(used('logs')).toEqual(new Set(shardsOf(layout, 'logs')));
    expect(used('logs').size).toBe(3);
    expect(used('all').size).toBe(12);
    expect(shardsOf(layout, 'logs', 'one')).toHaveLength(1);
    expect(shardsOf(layout, 'orders')).toHaveLength(1);
  });

  it('looks for events in the shards of earlier epochs too, and puts none there', () => {
    const layout = new Layout([
      { first: 0, count: 1, fans: {} },
      { first: 1, count: 12, fans: {} },
      { first: 13, count: 1, fans: {} },
    ]);
    expect(layout.shardOf('orders', 'k')).toBe(13);
    expect(shardsOf(layout, 'orders')).toEqual([0, Layout.of(12).shardOf('orders', 'k'), 13]);
    expect(shardsOf(layout)).toHaveLength(14);
    expect(layout.isSingle).toBe(false);
  });

  it('does not look in the shards of an epoch whose logs have run out, and knows where they ended', () => {
    const layout = new Layout([
      { first: 1, count: 2, fans: {} },
      { first: 3, count: 2, fans: {}, after: { 1: '5-1', 2: '6-1' } },
      { first: 5, count: 2, fans: {}, after: { 3: '7-1', 4: '6-1' } },
    ]);
    const gone = layout.withoutOldest();
    const pattern = Pattern.parse('*.*.*').parts;
    if (pattern === undefined) throw new Error('The pattern has parts.');
    expect([layout.shards, gone.shards]).toEqual([
      [0, 1, 2, 3, 4, 5, 6],
      [0, 3, 4, 5, 6],
    ]);
    expect([layout.goneShardsOf(pattern), gone.goneShardsOf(pattern)]).toEqual([[], [1, 2]]);
    expect([1, 2, 3, 5].map((shard) => gone.isGone(shard))).toEqual([true, true, false, false]);
    expect([2, 4, 6].map((shard) => gone.endOf(shard))).toEqual(['2:6-1', '4:6-1', undefined]);
    expect([gone.used, gone.newest, gone.beginOf(3)]).toEqual([7, layout.newest, '3:6-1']);
    expect(gone.withoutOldest().oldest).toBeUndefined();
    expect([layout.hasMoreThan(gone), gone.hasMoreThan(layout)]).toEqual([true, false]);
  });

  it('spreads types evenly', () => {
    const layout = Layout.of(12);
    const counts = new Map<number, number>();
    for (let i = 0; i < 12_000; i++) {
      const shard = layout.shardOf(`type-${i}`, '');
      counts.set(shard, (counts.get(shard) ?? 0) + 1);
    }
    expect(counts.size).toBe(12);
    for (const count of counts.values()) expect(Math.abs(count - 1_000)).toBeLessThan(150);
  });
});
