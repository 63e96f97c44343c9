import { expect, it } from 'vitest';
import { shardOfCursor } from '../../src/model/cursor.ts';
import { systemClock, type Clock } from '../../src/model/clock.ts';
import type { NewEvent } from '../../src/model/event.ts';
import { Layout } from '../../src/model/shards.ts';
import { until } from '../support/redis-server.ts';
import { all } from './contract.ts';
import { RedisWorld, type StartedNode } from './redis-world.ts';

const MINUTE_MS = 60_000;

/** A clock by which what is done each minute is done at once, and that can be set forward. */
class ForwardClock {
  readonly clock: Clock = {
    ...systemClock,
    elapsed: () => systemClock.elapsed() + this.#aheadMs,
    every: (ms, run) =>
      systemClock.every(Math.min(ms, 50), () => {
        if (ms === MINUTE_MS) this.minutes++;
        run();
      }),
  };
  /** How often something was done that is done each minute. */
  minutes = 0;
  #aheadMs = 0;

  forward(ms: number): void {
    this.#aheadMs += ms;
  }

  /** Resolves when each of two nodes has done several times what is done each minute. */
  async someMinutes(): Promise<void> {
    const before = this.minutes;
    await until('some minutes to pass', () => Promise.resolve(this.minutes > before + 12));
  }
}

const events = (count: number): NewEvent[] =>
  Array.from({ length: count }, (_, i) => ({ type: `type${i}`, action: 'save', key: 'k', object: i }));

/** Hears the shards of the newest layout, as a hub does whose clients want all events. */
function follow({ broker }: StartedNode): void {
  broker.onLayout((before) => {
    const { shards } = broker.layout;
    for (const shard of shards)
      if (!before.shards.includes(shard)) void broker.follow(shard, broker.layout.beginOf(shard));
    for (const shard of before.shards) if (!shards.includes(shard)) broker.unfollow(shard);
  });
}

const shardsOf = ({ broker }: StartedNode): number[] =>
  broker.brokerStats.shards.map(({ shard }) => shard).toSorted((a, b) => a - b);

it('all nodes let go of the shards before once their logs have run out, and not before a repeated publish is no longer looked for there', async () => {
  const world = RedisWorld.ofShards(2);
  const time = new ForwardClock();
  const nodes = [await world.start({ clock: time.clock }), await world.start({ clock: time.clock })] as [
    StartedNode,
    StartedNode,
  ];
  nodes.forEach(follow);
  const [a, b] = nodes;
  const [id = ''] = await a.broker.publish(events(20));
  await a.broker.reshard(3, {});
  await expect.poll(() => nodes.map(({ broker }) => broker.layout.newest.first)).toEqual([3, 3]);
  for (const shard of [1, 2]) await world.redis.xtrim(`{${world.prefix}:${shard}}:log`, 'MAXLEN', 0);
  await b.broker.publish(events(20));
  await time.someMinutes();
  expect(nodes.map(shardsOf)).toEqual([
    [0, 1, 2, 3, 4, 5],
    [0, 1, 2, 3, 4, 5],
  ]);
  time.forward(10 * MINUTE_MS);
  await expect
    .poll(() => nodes.map(shardsOf), { timeout: 10_000 })
    .toEqual([
      [0, 3, 4, 5],
      [0, 3, 4, 5],
    ]);
  // A count must not fall, and what is asked of a log that has run out is answered.
  expect(nodes.reduce((sum, { broker }) => sum + broker.brokerStats.published, 0)).toBe(40);
  expect(shardOfCursor(id)).toBeLessThan(3);
  expect(await all(a.broker.after(id))).toEqual([]);
  const later = await world.start({ clock: time.clock, layout: Layout.of(3) });
  expect(shardsOf(later)).toEqual([0, 3, 4, 5]);
  await later.broker.publish(events(20));
  await Promise.all(nodes.map(({ recorder }) => recorder.count(60)));
  await b.broker.reshard(1, {});
  expect(await b.broker.publish(events(1))).toHaveLength(1);
});

it('shards whose logs still have an event are kept', async () => {
  const world = RedisWorld.ofShards(2);
  const time = new ForwardClock();
  const node = await world.start({ clock: time.clock });
  follow(node);
  await node.broker.publish(events(20));
  await node.broker.reshard(3, {});
  await world.redis.xtrim(`{${world.prefix}:1}:log`, 'MAXLEN', 0);
  const left = await world.redis.xlen(`{${world.prefix}:2}:log`);
  expect(left).toBeGreaterThan(0);
  time.forward(10 * MINUTE_MS);
  const division = async (): Promise<string | null> => world.redis.get(`{${world.prefix}}:shards`);
  await time.someMinutes();
  expect(await division()).not.toContain('gone');
  await world.redis.xtrim(`{${world.prefix}:2}:log`, 'MAXLEN', 0);
  await expect.poll(division, { timeout: 10_000 }).toContain('gone');
});
