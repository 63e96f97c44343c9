import { describe, expect, it } from 'vitest';
import { ingressScripts } from '../../src/broker/redis-scripts.ts';
import { START } from '../../src/model/cursor.ts';
import { Retention } from '../../src/model/retention.ts';
import { HAS_REDIS_SERVER, startRedisServer } from '../support/redis.ts';
import { until } from '../support/redis-server.ts';
import { RedisWorld, type StartedNode } from './redis-world.ts';

const MAX_ID = '18446744073709551615-18446744073709551615';
const FAR_ID = '9000000000000000-0';
const LIMITS = {
  bounds: { maxEvents: 10_000, maxAgeMs: 86_400_000, maxBytes: 1_000_000_000 },
  maxEventBytes: 1,
  retention: Retention.none,
};
const { lua } = ingressScripts(LIMITS).belfryRepair;

const E = (key: number | string): string =>
  JSON.stringify({ type: 'profiles', action: 'save', key: `${key}`, object: {} });
const keysOf = (from: number, to: number): string[] =>
  Array.from({ length: to - from }, (_, i) => `${from + i}`);

type Held = [id: string, node: string, idle: number, deliveries: number];

/** The streams of a hub, and what another user of Redis does to them. */
class Streams {
  readonly world: RedisWorld;
  readonly ingress: string;
  readonly deadLetters: string;
  /** The bytes as of the last check. */
  bytes = { ingress: 0, log: 0 };

  constructor(world = new RedisWorld()) {
    this.world = world;
    this.ingress = `{${world.prefix}}:ingress`;
    this.deadLetters = `{${world.prefix}}:dead-letters`;
  }

  async add(...keys: (string | number)[]): Promise<void> {
    for (const key of keys) await this.world.redis.xadd(this.ingress, '*', 'event', E(key));
  }

  addAs(id: string, key: string, ...options: string[]): Promise<unknown> {
    return this.world.redis.call('XADD', this.ingress, ...options, id, 'event', E(key));
  }

  /** Adds like a service that retries until Redis accepts the entry. */
  addAtLast(key: string): Promise<void> {
    return until(`an ingress that takes ${key}`, () => this.add(key).then(() => true, () => false)); // prettier-ignore
  }

  /** Runs the check of a node. @returns what it found, with counts */
  async check(maxIngressBytes = 268_435_456): Promise<[what: string, count: number][]> {
    const { log, last } = this.world;
    const keys = [log, last, this.ingress, `${this.ingress}:settled`, this.deadLetters];
    const answer = await this.world.redis.eval(
      lua,
      5,
      ...keys,
      60_000,
      maxIngressBytes,
      100_000,
      10_000,
      5_000,
    );
    const [ingressBytes, logBytes, found] = answer as [number, number, [string, number, string][]];
    this.bytes = { ingress: ingressBytes, log: logBytes };
    return found.map(([what, count]) => [what, count]);
  }

  async take(count: number, node: string): Promise<void> {
    await this.world.redis.xreadgroup('GROUP', 'belfry', node, 'COUNT', count, 'STREAMS', this.ingress, '>');
  }

  async held(): Promise<Held[]> {
    return (await this.world.redis.xpending(this.ingress, 'belfry', '-', '+', 99)) as Held[];
  }

  async keys(): Promise<string[]> {
    const entries = await this.world.redis.xrange(this.ingress, '-', '+');
    return entries.map(([, [, text = '']]) => (JSON.parse(text) as { key: string }).key);
  }

  async ids(): Promise<string[]> {
    return (await this.world.redis.xrange(this.ingress, '-', '+')).map(([id]) => id);
  }
}

const mended = (nodes: StartedNode[], what: 'ingress_ids' | 'ingress_group' | 'ingress_type' | 'log_ids') =>
  nodes.reduce((sum, { broker }) => sum + (broker.brokerStats.streamsMended.get(what) ?? 0), 0);
const dropped = (nodes: StartedNode[]): number =>
  nodes.reduce((sum, { broker }) => sum + broker.brokerStats.ingressGone, 0);

async function logged({ broker }: StartedNode): Promise<string[]> {
  const keys: string[] = [];
  for await (const event of broker.after(START)) keys.push(event.key);
  return keys;
}

async function startAll(streams: Streams, count: number): Promise<StartedNode[]> {
  return Promise.all(Array.from({ length: count }, () => streams.world.start({ claimAfterMs: 100 })));
}

describe('an ingress that was given an id that no clock gives', () => {
  it.each([
    ['the largest of all', MAX_ID, []],
    ['the largest, dropped at once', MAX_ID, ['MAXLEN', '0']],
    ['one of the far future', FAR_ID, []],
    ['one ten minutes ahead', `${Date.now() + 600_000}-0`, []],
  ])(
    'takes and gives again, once and in order, however many nodes there are: %s',
    async (_n, id, options) => {
      const streams = new Streams();
      const nodes = await startAll(streams, 3);
      await streams.add('before');
      for (const { recorder } of nodes) await recorder.key('before');
      await streams.addAs(id, 'odd', ...options);
      await streams.addAtLast('after');
      for (const { recorder } of nodes) await recorder.key('after');
      await streams.add('much later');
      const wanted = ['before', ...(options.length === 0 ? ['odd'] : []), 'after', 'much later'];
      for (const { recorder } of nodes) {
        await recorder.key('much later');
        expect(recorder.keys).toEqual(wanted);
      }
      expect(await logged(nodes[0] as StartedNode)).toEqual(wanted);
      await expect.poll(() => streams.held()).toEqual([]);
      await expect.poll(() => mended(nodes, 'ingress_ids'), { timeout: 5_000 }).toBe(1);
      // Entries that were dropped immediately are counted as well.
      expect(dropped(nodes)).toBe(options.length === 0 ? 0 : 1);
      expect(streams.world.said(50)).toHaveLength(1 + dropped(nodes));
      const newest = await streams.world.redis.xadd(streams.ingress, '*', 'event', E('last'));
      expect(Math.abs(Number.parseInt(newest ?? '', 10) - (await streams.world.now()))).toBeLessThan(60_000);
    },
  );

  it('loses and repeats nothing of a backlog of which crashed nodes hold a part', async () => {
    const streams = new Streams();
    await streams.check();
    await streams.add(...keysOf(0, 20));
    await streams.addAs(FAR_ID, '20');
    await streams.add(...keysOf(21, 40));
    await streams.addAs(MAX_ID, '40');
    await streams.take(5, 'crashed');
    await streams.take(20, 'crashed too');
    const nodes = await startAll(streams, 3);
    await streams.addAtLast('end');
    for (const { recorder } of nodes) {
      await recorder.key('end', 10_000);
      expect(recorder.keys).toEqual([...keysOf(0, 41), 'end']);
    }
    expect(await logged(nodes[0] as StartedNode)).toEqual([...keysOf(0, 41), 'end']);
    expect([mended(nodes, 'ingress_ids'), dropped(nodes)]).toEqual([1, 0]);
  });

  it('is repaired once when many nodes check at the same time, and the nodes keep what they hold', async () => {
    const streams = new Streams();
    await streams.check();
    await streams.add(0, 1, 2);
    await streams.take(2, 'a');
    await streams.take(1, 'b');
    await streams.add(3);
    const before = await streams.held();
    const ids = await streams.ids();
    await streams.addAs(FAR_ID, '4');
    await streams.addAs(MAX_ID, '5');
    const found = await Promise.all(Array.from({ length: 8 }, () => streams.check()));
    expect(found.flat()).toEqual([['ingress_ids', 2]]);
    expect(await streams.keys()).toEqual(keysOf(0, 6));
    expect((await streams.ids()).slice(0, 4)).toEqual(ids);
    const after = await streams.held();
    expect(after.map(([id, node, , deliveries]) => [id, node, deliveries])).toEqual(
      before.map(([id, node, , deliveries]) => [id, node, deliveries]),
    );
    expect(after.every(([, , idle], i) => idle >= (before[i]?.[2] ?? 0))).toBe(true);
    await streams.take(9, 'c');
    expect((await streams.held()).map(([, node]) => node)).toEqual(['a', 'a', 'b', 'c', 'c', 'c']);
    expect(await streams.check()).toEqual([]);
  });

  it('delivers the rest of its entries after earlier ones were settled under ids later than new ones', async () => {
    const streams = new Streams();
    await streams.check();
    await streams.addAs(`${(await streams.world.now()) + 50_000}-5`, 'settled');
    await streams.take(1, 'a');
    const [[id] = ['']] = await streams.held();
    const settle = streams.world.redis.multi().xack(streams.ingress, 'belfry', id).xdel(streams.ingress, id);
    await settle.incr(`${streams.ingress}:settled`).exec();
    await streams.addAs(MAX_ID, 'odd');
    expect(await streams.check()).toEqual([['ingress_ids', 1]]);
    const { recorder } = await streams.world.start();
    await recorder.key('odd');
  });

  it('is not moved while it holds more than one step can move', async () => {
    const streams = new Streams();
    await streams.check();
    const pipeline = streams.world.redis.pipeline();
    for (let i = 0; i < 100_000; i++) pipeline.xadd(streams.ingress, `1-${i}`, 'event', '');
    pipeline.xadd(streams.ingress, MAX_ID, 'event', '');
    await pipeline.exec();
    expect(await streams.check()).toEqual([]);
    await streams.take(2, 'a');
    const ids = (await streams.held()).map(([id]) => id);
    const settle = streams.world.redis.multi().xack(streams.ingress, 'belfry', ...ids);
    await settle
      .xdel(streams.ingress, ...ids)
      .incrby(`${streams.ingress}:settled`, 2)
      .exec();
    expect(await streams.check()).toEqual([['ingress_ids', 1]]);
    expect(await streams.world.redis.xlen(streams.ingress)).toBe(99_999);
  }, 20_000);

  it('accepts entries with more fields than a script can pass on', async () => {
    const streams = new Streams();
    await streams.check();
    const fields = keysOf(0, 20_000);
    await streams.world.redis.xadd(streams.ingress, FAR_ID, ...fields);
    await streams.add('after');
    expect(await streams.check()).toEqual([['ingress_ids', 2]]);
    const { recorder } = await streams.world.start();
    await recorder.key('after');
    // The node may hear the event before its answer from the script that moved both.
    await expect.poll(() => streams.world.reasons).toEqual(['ingress event_invalid']);
  });

  it('is not moved until the nodes have settled what they hold of dropped entries', async () => {
    const streams = new Streams();
    await streams.check();
    await streams.add('held');
    await streams.take(1, 'a');
    await streams.addAs(MAX_ID, 'odd', 'MAXLEN', '1');
    expect(await streams.check()).toEqual([]);
    const [[id] = ['']] = await streams.held();
    await streams.world.redis
      .multi()
      .xack(streams.ingress, 'belfry', id)
      .incr(`${streams.ingress}:settled`)
      .exec();
    expect(await streams.check()).toEqual([['ingress_ids', 1]]);
  });
});

it('settles under an id that was used twice only what its holder holds', async () => {
  const streams = new Streams();
  await streams.check();
  await streams.addAs('5-0', 'new');
  await streams.take(1, 'b');
  const settle = ingressScripts(LIMITS).belfrySettle.lua;
  const keys = [streams.world.log, streams.ingress, streams.deadLetters, `${streams.ingress}:settled`];
  const entry = ['1', 'event', '', '', '', '', '5-0', E('old'), '1'];
  expect(await streams.world.redis.eval(settle, 4, ...keys, 'a', ...entry)).toEqual([]);
  expect(await streams.world.redis.eval(settle, 4, ...keys, 'b', ...entry)).toEqual([1]);
});

describe('entries of the ingress that somebody dropped', () => {
  it.each([
    ['MAXLEN', ['MAXLEN', '2'], 4],
    ['MAXLEN 0', ['MAXLEN', '0'], 6],
    ['MINID', ['MINID', '99999999999999'], 6],
  ])('are counted once by nodes that race, and said in one line: %s', async (_name, options, count) => {
    const streams = new Streams();
    await streams.check();
    await streams.add(...keysOf(0, 5));
    await streams.addAs('*', 'hostile', ...options);
    const nodes = await startAll(streams, 3);
    await streams.add('end');
    for (const { recorder } of nodes) await recorder.key('end');
    await expect.poll(() => dropped(nodes)).toBe(count);
    const lines = streams.world.said(50);
    expect(lines).toHaveLength(1);
    expect((await Promise.all([1, 2].map(() => streams.check()))).flat()).toEqual([]);
  });

  it('are not counted when a node holds them and settles them all the same', async () => {
    const streams = new Streams();
    await streams.check();
    await streams.add('first', 'second');
    await streams.take(1, 'crashed');
    const node = await streams.world.start({ claimAfterMs: 3_600_000 });
    await expect.poll(() => streams.held()).toHaveLength(2);
    const [first] = await streams.ids();
    await streams.addAs('*', 'third', 'MAXLEN', '1');
    expect(await streams.check()).toEqual([]);
    await streams.world.redis
      .multi()
      .xack(streams.ingress, 'belfry', first ?? '')
      .incr(`${streams.ingress}:settled`)
      .exec();
    await node.recorder.count(2);
    expect(node.recorder.keys).toEqual(['second', 'third']);
    expect(await streams.check()).toEqual([]);
    expect(dropped([node])).toBe(0);
  });

  it('are counted when a node had taken them and does not hold them any more', async () => {
    const streams = new Streams();
    await streams.check();
    await streams.add('first', 'second');
    await streams.take(2, 'same');
    await streams.world.redis.xtrim(streams.ingress, 'MAXLEN', 1);
    const node = await streams.world.start({ node: 'same' });
    await node.recorder.key('second');
    // The node may hear the event before its answer from the script that counts.
    await expect.poll(() => dropped([node])).toBe(1);
    expect(await streams.check()).toEqual([]);
  });

  it('are none when every entry was settled', async () => {
    const streams = new Streams();
    const nodes = await startAll(streams, 2);
    await streams.add(...keysOf(0, 200));
    await streams.world.redis.xadd(streams.ingress, '*', 'event', 'rejected input');
    await nodes[0]?.broker.stop();
    await streams.add('end');
    await nodes[1]?.recorder.key('end');
    expect(await streams.check()).toEqual([]);
    expect(dropped(nodes)).toBe(0);
  });
});

it('an ingress over its memory limit drops the entries that waited longest, and their number is counted once', async () => {
  const MIB = 1_048_576;
  const streams = new Streams();
  await streams.check(MIB);
  const { world, ingress } = streams;
  const pipeline = world.redis.pipeline();
  for (let i = 0; i < 800; i++) {
    const object = 'x'.repeat(i < 600 ? 10 : 20_000);
    pipeline.xadd(ingress, '*', 'event', JSON.stringify({ type: 'a', action: 'b', key: `${i}`, object }));
  }
  await pipeline.exec();
  // One node measures it every five seconds for all.
  expect(await streams.check(MIB)).toEqual([]);
  await world.redis.del(`${ingress}:bytes`);
  const found = await Promise.all([1, 2, 3].map(() => streams.check(MIB)));
  const left = await world.redis.xlen(ingress);
  expect(found.flat()).toEqual([['ingress_full', 800 - left]]);
  const memory = Number(await world.redis.call('MEMORY', 'USAGE', ingress, 'SAMPLES', 0));
  expect(memory).toBeLessThanOrEqual(MIB);
  expect(left).toBeGreaterThan(25);
  expect(streams.bytes.ingress).toBe(memory);
  const { broker, recorder } = await world.start({ maxIngressBytes: MIB });
  await recorder.count(left);
  expect(recorder.keys).toEqual(keysOf(800 - left, 800));
  expect(broker.brokerStats.ingressGone).toBe(0);
});

it('the log knows how many bytes it holds, to within a 64th of its limit', async () => {
  const streams = new Streams();
  const { world } = streams;
  const bounds = { maxEvents: 10_000, maxAgeMs: 86_400_000, maxBytes: 1_048_576 };
  const { broker } = await world.start({ bounds });
  const large = { type: 'a', action: 'b', key: 'c', object: 'x'.repeat(10_000) };
  await streams.check();
  expect(streams.bytes.log).toBe(0);
  for (let i = 0; i < 4; i++) {
    await broker.publish(Array.from({ length: 40 }, () => large));
    await world.redis.xtrim(world.log, 'MAXLEN', 90);
    const kept = (await world.redis.xrange(world.log, '-', '+')).map(([, [, , , json = '']]) => json);
    const bytes = kept.reduce((sum, json) => sum + json.length, 0);
    await streams.check();
    expect(streams.bytes.log).toBeGreaterThanOrEqual(bytes);
    expect(streams.bytes.log).toBeLessThan(bytes + bounds.maxBytes / 64 + 10_200);
  }
  await world.redis.del(`${world.log}:marks`);
  await world.redis.set(`${world.log}:bytes`, 1_000_000_000_000);
  await streams.check();
  expect(streams.bytes.log).toBeLessThanOrEqual(LIMITS.bounds.maxBytes);
});

describe('an ingress that is missing or not a stream', () => {
  it.each([
    ['deleted', 'ingress_group', (s: Streams) => s.world.redis.del(s.ingress)],
    [
      'without its group',
      'ingress_group',
      (s: Streams) => s.world.redis.xgroup('DESTROY', s.ingress, 'belfry'),
    ],
    ['a text', 'ingress_type', (s: Streams) => s.world.redis.set(s.ingress, 'x')],
    [
      'a list',
      'ingress_type',
      (s: Streams) => s.world.redis.multi().del(s.ingress).rpush(s.ingress, E('x')).exec(),
    ],
  ] as const)('is made anew, once, and told: %s', async (_name, what, harm) => {
    const streams = new Streams();
    const nodes = await startAll(streams, 3);
    await streams.add('before');
    for (const { recorder } of nodes) await recorder.key('before');
    await harm(streams);
    await streams.addAtLast('after');
    for (const { recorder } of nodes) {
      await recorder.key('after', 10_000);
      expect(recorder.keys).toEqual(['before', 'after']);
    }
    await expect.poll(() => mended(nodes, what)).toBe(1);
    expect(dropped(nodes)).toBe(0);
    expect(streams.world.said(50)).toHaveLength(1);
  });

  it('delivers once what it held before it had a group', async () => {
    const streams = new Streams();
    await streams.check();
    await streams.add('held', 'unread');
    await streams.take(1, 'crashed');
    await streams.world.redis.xgroup('DESTROY', streams.ingress, 'belfry');
    const node = await streams.world.start();
    await node.recorder.count(2);
    expect(node.recorder.keys).toEqual(['held', 'unread']);
  });

  it('renames what held its key', async () => {
    const streams = new Streams();
    await streams.world.redis.rpush(streams.ingress, 'x', 'y');
    expect(await streams.check()).toEqual([['ingress_type', 1]]);
    expect(await streams.world.redis.lrange(`${streams.ingress}:displaced`, 0, -1)).toEqual(['x', 'y']);
  });

  it('is made without a log line where there was none', async () => {
    expect(await new Streams().check()).toEqual([]);
  });
});

describe('the log and the dead letters, given an id that no clock gives', () => {
  it('go on: the log accepts events, and no reader is told a gap without a loss', async () => {
    const streams = new Streams();
    const nodes = await startAll(streams, 2);
    const [first] = nodes as [StartedNode];
    const publish = (key: string): Promise<unknown> =>
      first.broker.publish([{ type: 'a', action: 'b', key, object: null }]);
    await publish('before');
    await streams.world.redis.xadd(streams.world.log, MAX_ID, 'e', E('forged'));
    await expect(publish('refused')).rejects.toMatchObject({ code: 'unavailable' });
    await expect.poll(() => publish('after').then(() => 'taken', String), { timeout: 5_000 }).toBe('taken');
    for (const { recorder } of nodes) {
      await recorder.key('after');
      expect(recorder.keys).toEqual(['before', 'forged', 'after']);
    }
    expect(await logged(first)).toEqual(['before', 'forged', 'after']);
    expect(mended(nodes, 'log_ids')).toBe(1);
  });

  it('go on when the key of the last entry holds no id', async () => {
    const streams = new Streams();
    const { world } = streams;
    const { broker } = await world.start();
    await world.redis.xadd(world.log, MAX_ID, 'p', 'x', 'e', E('forged'));
    await world.redis.set(world.last, 'x');
    await expect.poll(() => mended([{ broker } as StartedNode], 'log_ids'), { timeout: 5_000 }).toBe(1);
    await broker.publish([{ type: 'a', action: 'b', key: 'after', object: null }]);
    expect(await world.redis.exists(`${world.log}:moving`)).toBe(0);
    expect(await world.redis.xlen(world.log)).toBe(2);
  });

  it.each([
    ['the first part is too long', () => '99999999999999999-0'],
    ['the second part is too long', (now: number) => `${now + 30_000}-9999999999999999`],
  ])(
    'go on: what was published under ids that are no cursors is heard once, and no gap is told: %s',
    async (_name, idAt) => {
      const streams = new Streams();
      await streams.world.start().then(({ broker }) => broker.stop());
      const { world } = streams;
      const ids = async (from: number, to: number): Promise<void> => {
        for (const key of keysOf(from, to)) await world.fcall(E(key));
      };
      await ids(0, 2);
      const nodes = await startAll(streams, 2);
      await ids(2, 4);
      for (const { recorder } of nodes) await recorder.key('3');
      await world.redis.xadd(world.log, idAt(await world.now()), 'e', E('forged'));
      await ids(4, 8);
      await expect.poll(() => mended(nodes, 'log_ids'), { timeout: 5_000 }).toBe(1);
      await ids(8, 9);
      for (const { recorder } of nodes) {
        await recorder.key('8');
        expect(recorder.keys.filter((key) => key !== 'forged')).toEqual(keysOf(2, 9));
      }
      expect(await logged(nodes[0] as StartedNode)).toEqual([...keysOf(0, 4), 'forged', ...keysOf(4, 9)]);
    },
  );

  it('go on: dead letters are kept, and the ingress does not wait', async () => {
    const streams = new Streams();
    const node = await streams.world.start();
    await streams.world.redis.xadd(streams.ingress, '*', 'event', 'rejected input');
    await expect.poll(() => streams.world.redis.xlen(streams.deadLetters)).toBe(1);
    await streams.world.redis.xadd(streams.deadLetters, MAX_ID, 'event', 'odd', 'reason', 'x');
    await streams.world.redis.xadd(streams.ingress, '*', 'event', 'more rejected input');
    await streams.add('after');
    await node.recorder.key('after', 10_000);
    const { entries } = await node.broker.deadLetters.list(0, 9);
    expect(entries.map(({ event }) => event)).toEqual(['rejected input', 'odd', 'more rejected input']);
  });
});

describe.skipIf(!HAS_REDIS_SERVER)('a node without the rights to repair a stream', () => {
  it.each(['-rename', '-xsetid', '-xclaim', '-xadd'])('changes nothing of the stream: %s', async (right) => {
    const server = await startRedisServer();
    const streams = new Streams(new RedisWorld(server.url));
    const { redis } = streams.world;
    await streams.check();
    await streams.add(0, 1);
    await streams.take(1, 'a');
    await streams.addAs(MAX_ID, '2');
    const ids = await streams.ids();
    await redis.call('ACL', 'SETUSER', 'hub', 'on', '>pass', '~*', '&*', '+@all', right);
    await redis.auth('hub', 'pass');
    await expect(streams.check()).rejects.toThrow(/BELFRY forbidden/);
    expect(await streams.ids()).toEqual(ids);
    expect(await redis.exists(`${streams.ingress}:moving`)).toBe(0);
  });
});
