import { describe, expect, it } from 'vitest';
import { valueOf } from '../../src/model/json.ts';
import type { Interest, InterestLimits, InterestStats } from '../../src/registry/interest.ts';
import type { Recorder } from '../broker/recorder.ts';
import { PLENTY, topics } from './contract.ts';

/** Limits that no test reaches unless it says so, and a short hold for those that wait in real time. */
export const INTEREST_LIMITS: InterestLimits = { holdMs: 300, maxTopics: 10_000, quota: PLENTY };

/** One node of a test, with the broker to whose log its events go. */
export interface InterestWorld {
  readonly recorder: Recorder;
  node(limits?: Partial<InterestLimits>): Promise<Interest>;
  /** Lets time pass, where it does not pass by itself. */
  pass(ms: number): void;
  /** The keys of the retained values. */
  retained(): Promise<string[]>;
}

/** The contract of every interest, for the clients of one node. */
export function describeInterest(name: string, makeWorld: () => Promise<InterestWorld>): void {
  /** All topics, once there are so many; time passes meanwhile. */
  const told = async (world: InterestWorld, count: number): Promise<string[]> => {
    await expect
      .poll(
        () => {
          world.pass(1_000);
          return world.recorder.events.length;
        },
        { timeout: 10_000 },
      )
      .toBeGreaterThanOrEqual(count);
    return topics(world.recorder.events);
  };

  const statsOf = async (
    world: InterestWorld,
    node: Interest,
    stats: Partial<InterestStats>,
  ): Promise<void> => {
    await expect
      .poll(() => {
        world.pass(50);
        return node.stats;
      })
      .toMatchObject(stats);
  };

  describe(`the ${name} interest`, () => {
    it('tells that somebody begins to listen to a topic, and that nobody does any more, once each', async () => {
      const world = await makeWorld();
      const node = await world.node();
      node.set('container.log.42', true);
      node.set('container.log.42', true);
      await told(world, 1);
      expect(node.stats).toMatchObject({ topics: 1, untold: 0, begun: 1, ended: 0 });
      node.set('container.log.42', false);
      node.set('container.log.42', false);
      expect(await told(world, 2)).toEqual([
        'interest.begin.container.log.42',
        'interest.end.container.log.42',
      ]);
      expect(world.recorder.events.map(({ object }) => valueOf(object))).toEqual([
        { type: 'container', action: 'log', key: '42' },
        { type: 'container', action: 'log', key: '42' },
      ]);
      expect(world.recorder.events.every(({ id }) => id !== undefined)).toBe(true);
      await statsOf(world, node, { topics: 0, untold: 0, begun: 1, ended: 1 });
    });

    it('tells nothing of a listener that comes back within the hold', async () => {
      const world = await makeWorld();
      const node = await world.node({ holdMs: 600 });
      node.set('a.b.held', true);
      await told(world, 1);
      node.set('a.b.held', false);
      await new Promise(setImmediate);
      world.pass(400);
      node.set('a.b.held', true);
      await new Promise(setImmediate);
      world.pass(5_000);
      node.set('a.b.other', true);
      expect(await told(world, 2)).toEqual(['interest.begin.a.b.held', 'interest.begin.a.b.other']);
      node.set('a.b.other', false);
      expect((await told(world, 3))[2]).toBe('interest.end.a.b.other');
    });

    it('tells nothing of a listener that is gone in the same turn', async () => {
      const world = await makeWorld();
      const node = await world.node();
      node.set('a.b.short', true);
      node.set('a.b.short', false);
      node.set('a.b.long', true);
      expect(await told(world, 1)).toEqual(['interest.begin.a.b.long']);
    });

    it('keeps what is wanted now, and nothing that has ended', async () => {
      const world = await makeWorld();
      const node = await world.node();
      for (const key of ['1', '2', '3']) node.set(`a.b.${key}`, true);
      await told(world, 3);
      expect(await world.retained()).toEqual(['a.b.1', 'a.b.2', 'a.b.3']);
      node.set('a.b.2', false);
      await told(world, 4);
      expect(await world.retained()).toEqual(['a.b.1', 'a.b.3']);
    });

    it('writes the parts of a topic into the object as they are, and null for any value', async () => {
      const world = await makeWorld();
      const node = await world.node();
      const all = ['metrics.sample.*', 'a.b.x.y "z" \u2028 é🦉\\1', 'a\\1b.c.\\3', 'a.b.'];
      for (const topic of all) node.set(topic, true);
      await told(world, 4);
      expect(world.recorder.events.map(({ key, object }) => [key, valueOf(object)])).toEqual([
        ['metrics.sample.*', { type: 'metrics', action: 'sample', key: null }],
        ['a.b.x.y "z" \u2028 é🦉\\1', { type: 'a', action: 'b', key: 'x.y "z" \u2028 é🦉.' }],
        ['a\\1b.c.\\3', { type: 'a.b', action: 'c', key: '*' }],
        ['a.b.', { type: 'a', action: 'b', key: '' }],
      ]);
    });

    it('tells a topic for which there is no room once another one has ended', async () => {
      const world = await makeWorld();
      const node = await world.node({ maxTopics: 2 });
      for (const key of ['1', '2', '3']) node.set(`a.b.${key}`, true);
      await told(world, 2);
      await statsOf(world, node, { topics: 3, untold: 1 });
      node.set('a.b.1', false);
      expect((await told(world, 4)).slice(2)).toEqual(['interest.end.a.b.1', 'interest.begin.a.b.3']);
      expect(node.stats).toMatchObject({ topics: 2, untold: 0 });
    });

    it('forgets a topic for which there was no room when its listener is gone', async () => {
      const world = await makeWorld();
      const node = await world.node({ maxTopics: 1 });
      node.set('a.b.1', true);
      await told(world, 1);
      node.set('a.b.2', true);
      await statsOf(world, node, { untold: 1 });
      node.set('a.b.2', false);
      node.set('a.b.1', false);
      await told(world, 2);
      node.set('a.b.3', true);
      expect((await told(world, 3))[2]).toBe('interest.begin.a.b.3');
      expect(node.stats.untold).toBe(0);
    });

    it('takes no more of the log than its quota, and has room for the end of all that it began', async () => {
      const world = await makeWorld();
      const node = await world.node({ quota: { burst: 5, perMs: 0 } });
      for (const key of ['1', '2', '3']) node.set(`a.b.${key}`, true);
      await told(world, 2);
      for (const key of ['1', '2', '3']) node.set(`a.b.${key}`, false);
      expect((await told(world, 4)).toSorted()).toEqual(
        ['begin', 'end'].flatMap((action) => ['1', '2'].map((key) => `interest.${action}.a.b.${key}`)),
      );
      node.set('a.b.4', true);
      await statsOf(world, node, { untold: 1 });
    });
  });
}
