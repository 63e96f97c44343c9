import { describe, expect, it } from 'vitest';
import { START } from '../../src/model/cursor.ts';
import { REDACTED } from '../../src/model/redact-names.ts';
import { Redaction } from '../../src/model/redaction.ts';
import { DEFAULT_REDACTION } from '../../src/model/redaction-rules.ts';
import { commandScripts, ingressScripts } from '../../src/broker/redis-scripts.ts';
import { Retention } from '../../src/model/retention.ts';
import { HAS_REDIS_SERVER, startRedisServer } from '../support/redis.ts';
import { RedisWorld, type StartedNode } from './redis-world.ts';
import { FORMATS } from './samples.ts';
import { parseEvent } from '../support/formats.ts';

const E = (key: number | string, type = 'profiles'): string =>
  JSON.stringify({ type, action: 'save', key: `${key}`, object: { key } });

const LIMITS = {
  bounds: { maxEvents: 1, maxBytes: 268_435_456, maxAgeMs: 1 },
  maxEventBytes: 1,
  retention: Retention.none,
};

/** The contents of the entries that ingress-take.lua has answered, each after its id. */
const textsIn = (taken: unknown): unknown[] => (taken as unknown[]).filter((_, i) => i % 2 === 1);

const numbers = (count: number, from = 0): string[] => Array.from({ length: count }, (_, i) => `${from + i}`);

/** The ingress of a world: its keys, its entries and who holds them. */
class Ingress {
  readonly world: RedisWorld;
  readonly key: string;
  readonly deadLetters: string;

  constructor(world: RedisWorld) {
    this.world = world;
    this.key = `{${world.prefix}}:ingress`;
    this.deadLetters = `{${world.prefix}}:dead-letters`;
  }

  async add(...texts: (string | Buffer)[]): Promise<void> {
    const pipeline = this.world.redis.pipeline();
    for (const text of texts) pipeline.xadd(this.key, '*', 'event', text);
    await pipeline.exec();
  }

  /** How many entries are pending, and how many there are. */
  async state(): Promise<[held: number, length: number]> {
    const [held] = (await this.world.redis.xpending(this.key, 'belfry')) as [number];
    return [held, await this.world.redis.xlen(this.key)];
  }

  /** Plays a node that takes this many entries and then crashes. */
  async crash(count: number, node = 'crashed'): Promise<void> {
    await this.world.redis.xreadgroup('GROUP', 'belfry', node, 'COUNT', count, 'STREAMS', this.key, '>');
  }

  async create(): Promise<void> {
    await this.world.redis.xgroup('CREATE', this.key, 'belfry', '0', 'MKSTREAM');
  }

  async consumers(): Promise<string[]> {
    const found = (await this.world.redis.xinfo('CONSUMERS', this.key, 'belfry')) as string[][];
    return found.map(([, name = '']) => name);
  }

  async deadLetterFields(): Promise<Record<string, string>[]> {
    const found = await this.world.redis.xrange(this.deadLetters, '-', '+');
    return found.map(([, fields]) =>
      Object.fromEntries(fields.flatMap((name, i) => (i % 2 === 0 ? [[name, fields[i + 1] ?? '']] : []))),
    );
  }
}

async function start(nodes = 1, options: Parameters<RedisWorld['start']>[0] = {}) {
  const world = new RedisWorld();
  const started: StartedNode[] = [];
  for (let i = 0; i < nodes; i++) started.push(await world.start(options));
  const [first, second = first] = started as [StartedNode, StartedNode?];
  return { world, ingress: new Ingress(world), first, second };
}

/** The events in the log, as soon as the node can ask Redis for them. */
async function logged({ broker }: StartedNode): Promise<string[]> {
  await expect.poll(() => broker.ready().then(() => true, () => false)).toBe(true); // prettier-ignore
  const keys: string[] = [];
  for await (const event of broker.after(START)) keys.push(event.key);
  return keys;
}

describe('the ingress', () => {
  it.each(FORMATS)('moves an event in the %s format into the log', async (_name, text) => {
    const { ingress, first } = await start();
    await ingress.add(text);
    await first.recorder.count(1);
    const { type, action, key } = parseEvent(JSON.parse(text) as never);
    expect(first.recorder.events).toMatchObject([
      { type, action, key, id: expect.stringMatching(/-/) as string },
    ]);
    expect(await logged(first)).toEqual([key]);
    await expect.poll(() => ingress.state()).toEqual([0, 0]);
  });

  it('accepts entries that were added before any node ran', async () => {
    const world = new RedisWorld();
    const ingress = new Ingress(world);
    await ingress.add(E(1), E(2));
    const node = await world.start();
    await node.recorder.count(2);
    expect(node.recorder.keys).toEqual(['1', '2']);
  });

  it('gives an event without a time the time of its entry', async () => {
    const { world, ingress, first } = await start();
    await ingress.create().catch(() => undefined);
    await world.redis.xadd(ingress.key, '1700000000000-0', 'event', E(1));
    await first.recorder.count(1);
    expect(first.recorder.events[0]?.time).toBe(new Date(1_700_000_000_000).toISOString());
  });

  it('gives each entry to one node, once and in order, however many nodes consume', async () => {
    const { ingress, first, second } = await start(2);
    const wanted = numbers(1_000);
    for (let at = 0; at < wanted.length; at += 50)
      await ingress.add(...wanted.slice(at, at + 50).map((key) => E(key)));
    for (const { recorder } of [first, second]) {
      await recorder.count(wanted.length);
      expect(recorder.keys).toEqual(wanted);
    }
    expect(await logged(first)).toEqual(wanted);
    await expect.poll(() => ingress.state()).toEqual([0, 0]);
    expect(first.broker.brokerStats.published + second.broker.brokerStats.published).toBe(wanted.length);
  });

  it('retains an event that a retention rule matches', async () => {
    const retention = new Retention([{ pattern: 'profiles.*.*', latest: true }]);
    const { ingress, first } = await start(1, { retention });
    await ingress.add(E('global'));
    await first.recorder.count(1);
    expect((await first.broker.latestOf('profiles', 'global'))?.object).toEqual({ key: 'global' });
  });

  it.each(['>', '0'])(
    'is taken in small batches, bounded by count and by bytes, each entry once (%s)',
    async (from) => {
      const world = new RedisWorld();
      const ingress = new Ingress(world);
      await ingress.create();
      await ingress.add(...numbers(10).map((n) => n.repeat(1_000)));
      if (from === '0') await ingress.crash(10, 'me');
      const { lua } = ingressScripts(LIMITS).belfryTake;
      const take = async (count: number, bytes: number): Promise<string[]> => {
        const found = await world.redis.eval(lua, 1, ingress.key, 'me', from, count, bytes, 9_999);
        return textsIn(found).map((text) => String(text).slice(0, 1));
      };
      expect(await take(2, 99_999)).toEqual(['0', '1']);
      expect(await take(99, 2_500)).toEqual(from === '0' ? ['0', '1', '2'] : ['2', '3', '4']);
      expect(await take(99, 99_999)).toHaveLength(from === '0' ? 10 : 5);
    },
  );

  it('stays with a node that has no room for it, and is taken by that node next', async () => {
    const world = new RedisWorld();
    const ingress = new Ingress(world);
    await ingress.create();
    await ingress.add(...numbers(10).map((n) => n.repeat(1_000)));
    const { lua } = ingressScripts(LIMITS).belfryTake;
    const take = async (from: string): Promise<unknown> =>
      textsIn(await world.redis.eval(lua, 1, ingress.key, 'me', from, 99, 4_500, 9_999)).length;
    // The third chunk has four entries, of which there is room for two.
    expect([await take('>'), await ingress.state()]).toEqual([5, [7, 10]]);
    expect([await take('0'), await ingress.state()]).toEqual([5, [7, 10]]);
    expect([await take('>'), await ingress.state()]).toEqual([3, [10, 10]]);
  });

  it('is moved in its order when there are more entries than a node takes at once, dead letters among them', async () => {
    const world = new RedisWorld();
    const ingress = new Ingress(world);
    await ingress.create();
    const bad = new Set([0, 100, 101, 500, 999]);
    await ingress.add(...numbers(1_000).map((n) => (bad.has(Number(n)) ? `bad ${n}` : E(n))));
    const node = await world.start();
    await node.recorder.key('998');
    const good = numbers(1_000).filter((n) => !bad.has(Number(n)));
    expect(await logged(node)).toEqual(good);
    await expect.poll(() => ingress.state()).toEqual([0, 0]);
    expect((await ingress.deadLetterFields()).map(({ event }) => event)).toEqual(
      [...bad].map((n) => `bad ${n}`),
    );
    expect(node.broker.brokerStats.published).toBe(good.length);
  });

  it('is taken within the room that a node has when entries are large, each once', async () => {
    const { ingress, first } = await start();
    await ingress.add(...numbers(8).map((n) => E(n).replace('}}', `,"x":"${'x'.repeat(900_000)}"}}`)));
    await ingress.add(E('end'));
    await first.recorder.key('end', 20_000);
    expect(await logged(first)).toEqual([...numbers(8), 'end']);
    await expect.poll(() => ingress.state()).toEqual([0, 0]);
  }, 30_000);
});

it('sends a node only the size of an entry that is far too large', async () => {
  const world = new RedisWorld();
  const ingress = new Ingress(world);
  await ingress.create();
  await ingress.add('x'.repeat(1_001), 'y'.repeat(1_000));
  const { lua } = ingressScripts(LIMITS).belfryTake;
  const taken = await world.redis.eval(lua, 1, ingress.key, 'me', '>', 9, 9_999, 1_000);
  expect(textsIn(taken)).toEqual([1_001, 'y'.repeat(1_000)]);
});

describe('what a crashed node holds of the ingress', () => {
  it('is claimed by another node, and enters the log before later entries', async () => {
    const world = new RedisWorld();
    const ingress = new Ingress(world);
    await ingress.create();
    await ingress.add(...numbers(10).map((key) => E(key)));
    await ingress.crash(5);
    const { recorder } = await world.start({ claimAfterMs: 100 });
    await ingress.add(E('last'));
    await recorder.key('last');
    expect(recorder.keys).toEqual([...numbers(10), 'last']);
    await expect.poll(() => ingress.state()).toEqual([0, 0]);
  });

  it('makes later entries wait until it is claimed', async () => {
    const world = new RedisWorld();
    const ingress = new Ingress(world);
    await ingress.create();
    await ingress.add(E('held'), E('waits'));
    await ingress.crash(1);
    const { broker, recorder } = await world.start({ claimAfterMs: 3_600_000 });
    await expect.poll(() => ingress.state()).toEqual([2, 2]);
    await broker.publish([{ type: 'profiles', action: 'save', key: 'by another entry point', object: null }]);
    await recorder.count(1);
    expect(recorder.keys).toEqual(['by another entry point']);
    await world.redis.xclaim(ingress.key, 'belfry', 'crashed', 0, (await world.redis.xrange(ingress.key, '-', '+'))[0]?.[0] ?? '', 'IDLE', 9_999_999); // prettier-ignore
    await recorder.count(3);
    expect(recorder.keys).toEqual(['by another entry point', 'held', 'waits']);
  });

  it('stays in order when several crashed nodes hold entries between those of a live node', async () => {
    const world = new RedisWorld();
    const ingress = new Ingress(world);
    await ingress.create();
    await ingress.add(...numbers(400).map((key) => E(key)));
    for (let i = 0; i < 8; i++) await ingress.crash(20, `crashed-${i % 3}`);
    // Both nodes run before either of them may claim, so that both hear everything.
    const nodes = [await world.start({ claimAfterMs: 2_000 }), await world.start({ claimAfterMs: 2_000 })];
    for (const { recorder } of nodes) {
      await recorder.count(400, 10_000);
      expect(recorder.keys).toEqual(numbers(400));
    }
    await expect.poll(() => ingress.state()).toEqual([0, 0]);
  });

  it('is taken over at once by a new node of the same name', async () => {
    const world = new RedisWorld();
    const ingress = new Ingress(world);
    await ingress.create();
    await ingress.add(E(1), E(2));
    await ingress.crash(2, 'same');
    const { recorder } = await world.start({ node: 'same', claimAfterMs: 3_600_000 });
    await recorder.count(2);
    expect(recorder.keys).toEqual(['1', '2']);
  });

  it('is settled and counted once when its node had not crashed after all', async () => {
    const world = new RedisWorld();
    const ingress = new Ingress(world);
    await ingress.create();
    await ingress.add(E('held'), 'rejected input', E('waits'));
    await ingress.crash(1);
    const slow = await world.start({ claimAfterMs: 3_600_000 });
    await expect.poll(() => ingress.state()).toEqual([3, 3]);
    const quick = await world.start({ claimAfterMs: 50 });
    await ingress.add(E('end'));
    for (const { recorder } of [slow, quick]) {
      await recorder.key('end');
      expect(recorder.keys).toEqual(['held', 'waits', 'end']);
    }
    // The slow node must drop what it holds before it can take this.
    await quick.broker.stop();
    await ingress.add(E('by the slow one'));
    await slow.recorder.key('by the slow one');
    expect(await logged(slow)).toEqual(['held', 'waits', 'end', 'by the slow one']);
    expect(world.reasons).toEqual(['ingress json_invalid']);
    expect(await ingress.deadLetterFields()).toHaveLength(1);
  });

  it('is skipped when somebody has removed it', async () => {
    const world = new RedisWorld();
    const ingress = new Ingress(world);
    await ingress.create();
    await ingress.add(E('removed'), E('stays'));
    await ingress.crash(2, 'same');
    await world.redis.xdel(ingress.key, (await world.redis.xrange(ingress.key, '-', '+'))[0]?.[0] ?? '');
    const { recorder } = await world.start({ node: 'same' });
    await recorder.count(1);
    expect(recorder.keys).toEqual(['stays']);
    await expect.poll(() => ingress.state()).toEqual([0, 0]);
  });
});

describe('an entry that cannot be accepted', () => {
  it.each([
    ['what is not JSON', ['event', 'hello'], 'json_invalid', 'hello'],
    ['nothing', ['event', ''], 'json_invalid', ''],
    ['no event', ['event', '{"type":"a","key":"c"}'], 'event_invalid', '{"type":"a","key":"c"}'],
    [
      'a reserved type',
      ['event', '{"type":"belfry","action":"gap","key":""}'],
      'type_reserved',
      '{"type":"belfry","action":"gap","key":""}',
    ],
    [
      'a forged presence',
      ['event', '{"Type":"presence","Action":"offline","Key":"user:ann"}'],
      'type_reserved',
      '{"Type":"presence","Action":"offline","Key":"user:ann"}',
    ],
    ['another field', ['evnt', E(1)], 'event_invalid', E(1)],
    ['two fields', ['event', E(1), 'trace', 'abc'], 'event_invalid', E(1)],
    ['only other fields', ['type', 'a', 'action', 'b'], 'event_invalid', '{"type":"a","action":"b"}'],
  ] as const)(
    '(%s) becomes a dead letter with the reason, is counted, and disturbs nobody',
    async (_name, fields, reason, text) => {
      const { world, ingress, first } = await start();
      const entry = await world.redis.xadd(ingress.key, '*', ...(fields as [string, string]));
      await ingress.add(E('still here'));
      await first.recorder.key('still here');
      expect(first.recorder.keys).toEqual(['still here']);
      const message = expect.stringContaining('Expected') as string;
      const time = expect.stringMatching(/^\d{4}-.*Z$/) as string;
      expect(await ingress.deadLetterFields()).toEqual([{ reason, message, event: text, time, entry }]);
      await expect.poll(() => world.reasons).toEqual([`ingress ${reason}`]);
      await expect.poll(() => ingress.state()).toEqual([0, 0]);
    },
  );

  it('tells in its dead letter which field was expected', async () => {
    const { world, ingress } = await start();
    await world.redis.xadd(ingress.key, '*', 'evnt', E(1), 'trace', 'abc');
    await expect
      .poll(() => ingress.deadLetterFields())
      .toMatchObject([{ message: 'The entry has the fields evnt, trace. Expected the one field event.' }]);
  });

  it('becomes a dead letter when it is larger than the limit, as written or once its time is filled in', async () => {
    const { ingress } = await start(1, { maxEventBytes: 1_000 });
    const big = JSON.stringify({ type: 'a', action: 'b', key: '', object: 'x'.repeat(1_000) });
    const grows = JSON.stringify({ type: 'a', action: 'b', key: '', object: 'x'.repeat(940) });
    await ingress.add(big, grows);
    await expect
      .poll(() => ingress.deadLetterFields())
      .toMatchObject([
        {
          reason: 'event_too_big',
          event: big,
          message: `The event is ${big.length} bytes. Expected at most 1000.`,
        },
        { reason: 'event_too_big', event: grows },
      ]);
  });

  it('becomes a dead letter without its text when it is far too large', async () => {
    const { world, ingress, first } = await start();
    const text = 'x'.repeat(9_000_000);
    await ingress.add(text);
    await expect.poll(() => ingress.deadLetterFields()).toHaveLength(1);
    await first.broker.stop();
    await ingress.add(text, E(1));
    const { recorder } = await world.start();
    await recorder.count(1);
    const message = 'The event is 9000000 bytes. Expected at most 1048576.';
    const told = { reason: 'event_too_big', message, event: '' };
    expect(await ingress.deadLetterFields()).toMatchObject([told, told]);
  });

  it('keeps its bytes in the dead letter, also when they are not text', async () => {
    const { world, ingress } = await start();
    const bytes = Buffer.from([0x7b, 0xff, 0xfe, 0x7d]);
    await ingress.add(bytes);
    await expect.poll(() => world.redis.xlen(ingress.deadLetters)).toBe(1);
    const [found] = await world.redis.xrangeBuffer(ingress.deadLetters, '-', '+');
    expect(found?.[1]).toContainEqual(bytes);
  });

  it.each([
    ['a name', '{"type":"a","object":{"password":"geheim"}}'],
    ['a name beside the event', '{"token":"geheim"}'],
    ['a path', '{"event_typ":"x","data":{"pin":"geheim"}}'],
    ['a rule for some events', '{"type":"a","payload":{"ssn":"geheim"}}'],
    ['a list', '[{"secret":"geheim"}]'],
    ['a name in what has an odd type', '{"type":{"secret":"geheim"},"action":"b"}'],
    ['a name in what no event may hold', '{"__proto__":{"secret":"geheim"}}'],
  ])('is kept without what nobody may see: %s', async (_name, text) => {
    const redaction = new Redaction([
      ...DEFAULT_REDACTION,
      { fields: ['object.pin'] },
      { fields: ['ssn'], events: 'people.*.*' },
    ]);
    const { ingress } = await start(1, { redaction });
    await ingress.add(text);
    await expect
      .poll(() => ingress.deadLetterFields())
      .toMatchObject([{ event: expect.stringContaining(REDACTED) as string }]);
    expect(JSON.stringify(await ingress.deadLetterFields())).not.toContain('geheim');
  });

  it('pushes out the oldest dead letters when there are too many', async () => {
    const { world, ingress, first } = await start();
    await ingress.add(...numbers(10_500));
    await ingress.add(E('end'));
    await first.recorder.key('end', 20_000);
    expect(await world.redis.xlen(ingress.deadLetters)).toBeLessThan(10_200);
    expect((await ingress.deadLetterFields()).at(-1)).toMatchObject({ event: '10499' });
  }, 30_000);

  it('pushes out the older half of the dead letters when they take too much memory', async () => {
    const { world, ingress, first } = await start(1, { maxEventBytes: 1_000 });
    for (const n of numbers(12)) await ingress.add(n + 'x'.repeat(7_000_000));
    await ingress.add(E('end'));
    await first.recorder.key('end', 20_000);
    expect(await world.redis.memory('USAGE', ingress.deadLetters)).toBeLessThan(64 * 1_024 * 1_024);
    expect((await ingress.deadLetterFields()).at(-1)?.['event']).toMatch(/^11x/);
  }, 30_000);
});

describe('a dead letter', () => {
  it('is listed oldest first, shown, retried and removed', async () => {
    const { world, ingress, first } = await start();
    const { deadLetters } = first.broker;
    await world.redis.xadd(ingress.key, '*', 'evnt', E('by mistake'));
    await ingress.add('rejected input', 'more');
    await expect.poll(async () => (await deadLetters.list(0, 10)).total).toBe(3);
    const { entries } = await deadLetters.list(0, 10);
    expect(entries.map(({ event }) => event)).toEqual([E('by mistake'), 'rejected input', 'more']);
    expect((await deadLetters.list(1, 1)).entries).toEqual([entries[1]]);
    expect(await deadLetters.list(3, 1)).toEqual({ entries: [], total: 3 });
    const [mistake, rejected] = entries.map(({ id }) => id) as [string, string];
    expect(await deadLetters.get(rejected)).toEqual(entries[1]);

    expect(await deadLetters.retry(mistake)).toBe(true);
    await first.recorder.count(1);
    expect(first.recorder.keys).toEqual(['by mistake']);
    expect(await deadLetters.remove(rejected)).toBe(true);
    expect((await deadLetters.list(0, 10)).entries).toEqual([entries[2]]);
    for (const id of [mistake, rejected, '*', '-', 'x']) {
      expect([await deadLetters.get(id), await deadLetters.retry(id), await deadLetters.remove(id)]).toEqual([
        undefined,
        false,
        false,
      ]);
    }
  });

  it('becomes a dead letter once more when it is retried and still cannot be accepted', async () => {
    const { ingress, first } = await start();
    await ingress.add('rejected input');
    await expect.poll(() => ingress.deadLetterFields()).toHaveLength(1);
    const [entry] = (await first.broker.deadLetters.list(0, 1)).entries;
    await first.broker.deadLetters.retry(entry?.id ?? '');
    await expect
      .poll(async () => (await first.broker.deadLetters.list(0, 9)).entries)
      .toMatchObject([
        { event: 'rejected input', entry: expect.not.stringContaining(entry?.entry ?? '') as string },
      ]);
  });
});

describe('a node that stops', () => {
  it('stops at once, and leaves no consumer in the group', async () => {
    const { ingress, first } = await start();
    await expect.poll(() => ingress.consumers()).toHaveLength(1);
    const begun = performance.now();
    await first.broker.stop();
    expect(performance.now() - begun).toBeLessThan(1_000);
    expect(await ingress.consumers()).toEqual([]);
  });

  it('releases what it holds, so that other nodes take it without waiting', async () => {
    const world = new RedisWorld();
    const ingress = new Ingress(world);
    await ingress.create();
    await ingress.add(E('held'), E('mine'));
    await ingress.crash(1);
    const first = await world.start({ claimAfterMs: 3_600_000 });
    await expect.poll(() => ingress.state()).toEqual([2, 2]);
    await first.broker.stop();
    const pending = (await world.redis.xpending(ingress.key, 'belfry', '-', '+', 9)) as [
      string,
      string,
      number,
    ][];
    expect(pending.map(([, , idle]) => idle >= 3_600_000)).toEqual([false, true]);
  });

  it('deletes consumers that were not seen for long, unless they hold entries', async () => {
    const world = new RedisWorld();
    const ingress = new Ingress(world);
    await ingress.create();
    await ingress.add(E('held'));
    await ingress.crash(1, 'holding');
    await world.redis.xgroup('CREATECONSUMER', ingress.key, 'belfry', 'long gone');
    const { lua } = commandScripts(LIMITS).belfryLeave;
    await world.redis.eval(lua, 1, ingress.key, 'me', 0, 3_600_000);
    expect(await ingress.consumers()).toEqual(['holding', 'long gone']);
    await world.redis.eval(lua, 1, ingress.key, 'me', 0, -1);
    expect(await ingress.consumers()).toEqual(['holding']);
  });
});

describe.skipIf(!HAS_REDIS_SERVER)('the ingress of a Redis', () => {
  async function own(options: { keeps?: boolean; commandTimeoutMs?: number } = {}) {
    const { keeps = false, ...rest } = options;
    const server = await startRedisServer({ keeps });
    const world = new RedisWorld(server.url);
    return { server, world, ingress: new Ingress(world), node: await world.start(rest) };
  }

  it('that hangs is waited for: no entry is lost or repeated', async () => {
    const { server, world, ingress, node } = await own({ commandTimeoutMs: 200 });
    await ingress.add(E('before'));
    await node.recorder.count(1);
    server.freeze();
    const added = ingress.add(...numbers(10).map((key) => E(key)));
    await expect.poll(() => world.said(40)).toContain('cannot take from the ingress; trying again');
    server.thaw();
    await added;
    await node.recorder.key('9', 10_000);
    expect(await logged(node)).toEqual(['before', ...numbers(10)]);
  }, 20_000);

  it('that was killed and keeps its data loses and repeats no entry', async () => {
    const { server, world, ingress, node } = await own({ keeps: true });
    await ingress.add(...numbers(500).map((key) => E(key)));
    await node.recorder.count(1);
    await server.kill();
    await server.restart();
    await expect.poll(() => world.redis.status).toBe('ready');
    await ingress.add(E('end'));
    await node.recorder.key('end', 20_000);
    expect(node.recorder.keys).toEqual([...numbers(500), 'end']);
    expect(await logged(node)).toEqual([...numbers(500), 'end']);
  }, 30_000);

  it('that comes back empty is consumed again', async () => {
    const { server, world, ingress, node } = await own();
    await ingress.add(E(1));
    await node.recorder.count(1);
    await server.kill();
    await server.restart();
    await expect.poll(() => world.redis.status).toBe('ready');
    await ingress.add(E('after'));
    await node.recorder.key('after', 10_000);
    expect(await logged(node)).toEqual(['after']);
  }, 20_000);

  it('that was emptied while the node ran is consumed again', async () => {
    const { world, ingress, node } = await own();
    await world.redis.flushall();
    await ingress.add(E('after'));
    await node.recorder.key('after', 10_000);
    expect(await logged(node)).toEqual(['after']);
  }, 20_000);

  it('that has no memory left keeps its entries in order until it has', async () => {
    const { world, ingress, node } = await own();
    await ingress.create().catch(() => undefined);
    await world.redis
      .multi()
      .xadd(ingress.key, '*', 'event', E(1))
      .xadd(ingress.key, '*', 'event', E(2))
      .config('SET', 'maxmemory', '1')
      .exec();
    await expect.poll(() => world.said(40)).toContain('cannot take from the ingress; trying again');
    expect(node.recorder.keys).toEqual([]);
    await world.redis.config('SET', 'maxmemory', '0');
    await node.recorder.count(2, 10_000);
    expect(node.recorder.keys).toEqual(['1', '2']);
    await expect.poll(() => ingress.state()).toEqual([0, 0]);
  }, 20_000);

  it('whose user may not retain an event moves the events before it, and the others once the user may', async () => {
    const server = await startRedisServer();
    const world = new RedisWorld(server.url);
    const ingress = new Ingress(world);
    const allow = (...rights: string[]): Promise<unknown> =>
      world.redis.call('ACL', 'SETUSER', 'hub', ...rights);
    await allow('on', '>pass', '~*', '+@all', 'allchannels', '-hset');
    await ingress.create();
    await ingress.add(E(1), E(2), E('kept', 'kept'), E(3));
    const retention = new Retention([{ pattern: 'kept.*.*', latest: true }]);
    const node = await world.start({ retention, url: `redis://hub:pass@127.0.0.1:${server.port}` });
    await node.recorder.key('2');
    await expect.poll(() => world.said(40)).toContain('cannot take from the ingress; trying again');
    expect([await logged(node), await ingress.state()]).toEqual([['1', '2'], [2, 2]]); // prettier-ignore
    await allow('+hset');
    await node.recorder.key('3');
    expect(await logged(node)).toEqual(['1', '2', 'kept', '3']);
  }, 20_000);

  it('that cannot write the log keeps the entry until it can', async () => {
    const { world, ingress, node } = await own();
    await world.redis.set(world.log, 'no stream');
    await ingress.add(E(1));
    await expect.poll(() => world.said(40)).toContain('cannot take from the ingress; trying again');
    expect(await ingress.state()).toEqual([1, 1]);
    await world.redis.del(world.log);
    await node.recorder.count(1, 10_000);
  }, 20_000);

  it('that cuts connections over and over loses and repeats no entry', async () => {
    const { world, ingress, node } = await own();
    for (let round = 0; round < 10; round++) {
      await ingress.add(...numbers(100, round * 100).map((key) => E(key)));
      await world.cut('NORMAL');
    }
    await ingress.add(E('end'));
    await node.recorder.key('end', 20_000);
    expect(await logged(node)).toEqual([...numbers(1_000), 'end']);
  }, 30_000);
});
