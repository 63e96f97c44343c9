import { array, assert, asyncProperty } from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import {
  readRetained,
  type Broker,
  type History,
  type Retained,
  type Shards,
} from '../../src/broker/broker.ts';
import { startOf, type Cursor } from '../../src/model/cursor.ts';
import type { HubEvent, NewEvent } from '../../src/model/event.ts';
import { valueOf } from '../../src/model/json.ts';
import { REMOVING_ACTIONS, Retention, type RetentionRule } from '../../src/model/retention.ts';
import { anyEvent } from './any-event.ts';
import { all } from './contract.ts';
import { Recorder } from './recorder.ts';
import { once } from '../support/once.ts';
import { runs } from '../support/runs.ts';

export type RetainingNode = Broker & Shards & History & Retained;

interface Made {
  readonly node: RetainingNode;
  /** Lets this many milliseconds pass for retained values. */
  readonly pass: (ms: number) => Promise<void>;
}

const LINES = 2_000;

export const RULES: readonly RetentionRule[] = [
  { pattern: 'container.log.*', last: 3 },
  { pattern: 'container.status,stats.*', last: 1 },
  { pattern: 'deployment.log.*', ttlMs: 60_000 },
  { pattern: 'machines.log.*', last: 2 },
  { pattern: 'machines,cluster.*.*', latest: true },
];

/** The contract of every broker for what the retention rules keep. */
export function describeRetained(name: string, make: (retention: Retention) => Made): void {
  const start = async (rules = RULES): Promise<Made & { recorder: Recorder }> => {
    const { node, pass } = make(new Retention(rules));
    onTestFinished(() => node.stop());
    const recorder = new Recorder();
    await node.start(recorder.hear);
    for (const shard of node.layout.shards) await node.follow(shard);
    return { node, pass, recorder };
  };

  describe(`what the ${name} broker retains`, () => {
    it('is the last events of a type, action and key, oldest first, as they were delivered', async () => {
      const { node, recorder } = await start();
      await node.publish(lines('web', 1, 6));
      await node.publish([line('db', 1)]);
      const delivered = (await recorder.count(6)).slice(2, 5).map(withoutPrevious);
      const { events, cursor } = await read(node, [query('container.log', 'web', 10)]);
      expect(events.map(withoutPrevious)).toEqual(delivered);
      expect(cursor).toBe(recorder.events.at(-1)?.id);
    });

    it('is answered in the order of the queries, each with its own count', async () => {
      const { node } = await start();
      await node.publish([...lines('web', 1, 4), status('web', 'up'), ...lines('db', 1, 4)]);
      const queries = [
        query('container.log', 'db', 1),
        query('container.status', 'web', 5),
        query('container.log', 'web', 2),
        query('container.log', 'web', 0),
      ];
      const { events } = await read(node, queries);
      expect(events.map(({ object }) => object)).toEqual([3, 'up', 2, 3]);
    });

    it('holds the status of a key, however many log lines the key has', async () => {
      const { node } = await start();
      await node.publish([status('web', 'up'), ...lines('web', 1, 50)]);
      expect(await objects(node, query('container.status', 'web', 1))).toEqual(['up']);
    });

    it('is empty where nothing was published, no rule matches or the count is zero', async () => {
      const { node } = await start();
      expect(await read(node, [query('container.log', 'web', 9)])).toEqual({
        events: [],
        cursor: startOf(node.layout.shardOf('container', '')),
      });
      expect(await read(node, [])).toEqual({ events: [], cursor: undefined });
      const ids = await node.publish([{ ...line('web', 1), action: 'end' }]);
      const queries = [query('container.end', 'web', 1), query('container.*', 'web', 1)];
      expect(await read(node, queries)).toEqual({ events: [], cursor: ids[0] });
    });

    it('is every event within the TTL where a rule states no length', async () => {
      const { node } = await start();
      await node.publish(lines('7', 1, 501).map((event) => ({ ...event, type: 'deployment' })));
      expect(await objects(node, query('deployment.log', '7', 1_000))).toHaveLength(500);
    });

    it('is not kept twice when an idempotency key is repeated', async () => {
      const { node } = await start();
      await node.publish([line('web', 1)], once('once'));
      await node.publish([line('web', 1)], once('once'));
      expect(await objects(node, query('container.log', 'web', 9))).toEqual([1]);
    });

    it('is decided by the first rule that matches', async () => {
      const { node } = await start([{ pattern: 'container.*.*', last: 1 }, ...RULES]);
      await node.publish(lines('web', 1, 4));
      expect(await objects(node, query('container.log', 'web', 9))).toEqual([3]);
    });

    it('distinguishes types, actions and keys that hold the separators', async () => {
      const { node } = await start([{ pattern: '*.*.*', last: 9 }]);
      const parts: [string, string, string][] = [
        ['a.b', 'c', 'd'],
        ['a', 'b.c', 'd'],
        ['a', 'b', 'c:d'],
        ['a', 'b:c', 'd'],
        ['a%2Eb', 'c', 'd'],
        ['A', 'b', 'c:d'],
      ];
      await node.publish(parts.map(([type, action, key], object) => ({ type, action, key, object })));
      const queries = parts.map(([type, action, key]) => ({ type, action, key, count: 9 }));
      const { events } = await read(node, queries);
      expect(events.map(({ object }) => object)).toEqual([0, 1, 2, 3, 4, 5]);
    });

    it.each(['it\'s "odd"\\', ']]--\n\0', '漢🦀', 'true = nil', 'a\\1b'])(
      'follows a rule for the type %j',
      async (type) => {
        const escaped = type.replaceAll('\\1', '.');
        const { node } = await start([{ pattern: `${type}.save.*`, last: 1 }]);
        await node.publish([{ type: escaped, action: 'save', key: 'k', object: 1 }]);
        const { events } = await read(node, [{ type: escaped, action: 'save', key: 'k', count: 1 }]);
        expect(events.map(({ object }) => object)).toEqual([1]);
      },
    );

    it('is every event unchanged, whatever it holds', async () => {
      const { node } = await start([{ pattern: '*.*.*', last: 1 }]);
      await assert(
        asyncProperty(array(anyEvent(), { minLength: 1, maxLength: 5 }), async (list) => {
          const ids = await node.publish(list);
          const { events, cursor } = await read(
            node,
            list.map(({ type, action, key }) => ({ type, action, key, count: 1 })),
          );
          expect(cursor).toBe(ids.at(-1));
          expect(events.at(-1)).toMatchObject({ ...list.at(-1), id: cursor });
        }),
        { numRuns: runs(100) },
      );
    });

    it('continues in the log without a missing or repeated event, while events are published all the time', async () => {
      const { node } = await start([{ pattern: 'container.log.*', last: LINES }]);
      const shard = node.layout.shardOf('container', '');
      const publish = async (events: readonly NewEvent[]): Promise<void> => {
        for (const event of events) await node.publish([event]);
      };
      const end = new AbortController();
      const published = Promise.all(
        [0, 1, 2, 3].map((i) => publish(lines('web', i * 500, i * 500 + LINES / 4))),
      ).finally(() => end.abort());
      const joined: (string | undefined)[][] = [];
      while (!end.signal.aborted) {
        const { events, cursor } = await read(node, [query('container.log', 'web', LINES)]);
        expect(events.at(-1)?.id ?? startOf(shard)).toBe(cursor);
        joined.push([...events, ...(await all(node.after(cursor ?? '')))].map(({ id }) => id));
      }
      await published;
      const log = (await all(node.after(startOf(shard)))).map(({ id }) => id);
      expect(log).toHaveLength(LINES);
      for (const ids of joined) expect(ids).toEqual(log.slice(0, ids.length));
      expect(joined.filter(({ length }) => length > 0 && length < LINES).length).toBeGreaterThan(20);
    });
  });

  describe(`the latest that the ${name} broker retains`, () => {
    it('is the newest event of each key, whatever its action', async () => {
      const { node, recorder } = await start();
      await node.publish([value('create', 'a', 1), value('create', 'b', 1), value('update', 'a', 2)]);
      const [, b, a] = (await recorder.count(3)).map(withoutPrevious);
      const { events, total } = await node.latest('machines');
      expect([events.map(withoutPrevious), total]).toEqual([[a, b], 2]);
      expect((await node.latestOf('machines', 'a'))?.object).toEqual(2);
    });

    it('is kept for the types of its rules only', async () => {
      const { node } = await start();
      const types = ['machines', 'cluster', 'container', 'deploy'];
      await node.publish(types.map((type, i) => ({ ...line('a', i), type })));
      await node.publish([value('save', 'a', 0)]);
      expect(types.map((type) => node.keeps(type))).toEqual([true, true, true, false]);
      const latest = await Promise.all(types.map((type) => listed(node, type)));
      expect(latest).toEqual([['a: 0'], ['a: 1'], ['a: 2'], []]);
      expect(await node.latestOf('deploy', 'a')).toBeUndefined();
    });

    it.each(REMOVING_ACTIONS)('is removed by the action %s', async (action) => {
      const { node } = await start();
      await node.publish([value('save', 'a', 1), value('save', 'b', 1), value(action, 'a', 1)]);
      expect(await listed(node, 'machines')).toEqual(['b: 1']);
      expect(await node.latestOf('machines', 'a')).toBeUndefined();
      await node.publish([value('save', 'a', 3)]);
      expect((await node.latestOf('machines', 'a'))?.object).toEqual(3);
    });

    it.each([[{ name: 'a' }], [{ Uuid: 'a', Name: 'a' }], [{}], [null], [['a']]])(
      'is kept when an event comes that only names its object: %j',
      async (object) => {
        const { node } = await start();
        const whole = { spec: { environment: 'prod' } };
        await node.publish([{ type: 'machines', action: 'added', key: 'a', object: whole }]);
        await node.publish([{ type: 'machines', action: 'updated', key: 'a', object }]);
        expect(await objects(node, query('machines.*', 'a', 1))).toEqual([whole]);
        expect((await node.latestOf('machines', 'a'))?.action).toBe('added');
        await node.publish([{ type: 'machines', action: 'deleted', key: 'a', object }]);
        expect(await listed(node, 'machines')).toEqual([]);
      },
    );

    it('is an event that only names its object, as long as nothing more is known', async () => {
      const { node } = await start();
      const named = (key: string, object: object): NewEvent => ({
        ...value('updated', key, 0),
        object: { ...object },
      });
      await node.publish([named('a', { name: 'a' }), named('b', { name: 'b' }), named('b', { name: 'a' })]);
      expect(await listed(node, 'machines')).toEqual(['a: {"name":"a"}', 'b: {"name":"a"}']);
    });

    it('includes the last change of a type, of any key, also when it was a removal', async () => {
      const { node } = await start();
      const last: Query = { type: 'machines', action: '*', count: 1 };
      const changed = async (): Promise<string[]> =>
        (await read(node, [last])).events.map(({ action, key }) => `${action} ${key}`);
      expect(await changed()).toEqual([]);
      await node.publish([
        value('save', 'b', 1),
        value('save', 'a', 1),
        { ...value('save', 'c', 1), type: 'cluster' },
      ]);
      expect(await changed()).toEqual(['save a']);
      await node.publish([{ ...value('update', 'b', 1), object: { name: 'b' } }]);
      expect(await changed()).toEqual(['update b']);
      await node.publish([value('delete', 'a', 1), line('web', 1)]);
      expect(await changed()).toEqual(['delete a']);
      expect(await listed(node, 'machines')).toEqual(['b: 1']);
    });

    it('includes no last change where only tails are kept', async () => {
      const { node } = await start();
      await node.publish([line('web', 1)]);
      expect(await objects(node, { type: 'container', action: '*', count: 1 })).toEqual([]);
    });

    it('leaves an event to a tail when an earlier rule matches it', async () => {
      const { node } = await start();
      await node.publish([value('save', 'a', 1), value('log', 'a', 'line')]);
      expect((await node.latestOf('machines', 'a'))?.object).toEqual(1);
      expect(await objects(node, query('machines.log', 'a', 9))).toEqual(['line']);
    });

    it('is found by a query for any action, or for its own action', async () => {
      const { node } = await start();
      await node.publish([value('save', 'a.b', 1)]);
      expect(await objects(node, query('machines.*', 'a.b', 1))).toEqual([1]);
      expect(await objects(node, query('machines.save', 'a.b', 1))).toEqual([1]);
      expect(await objects(node, query('machines.update', 'a.b', 1))).toEqual([]);
      expect(await objects(node, query('machines.*', 'other', 1))).toEqual([]);
    });
  });

  describe(`the latest of the tails that the ${name} broker retains`, () => {
    it('is the newest event of each key, of any action that is kept', async () => {
      const { node, recorder } = await start();
      await node.publish([
        status('web', 'up'),
        line('db', 1),
        line('web', 1),
        line('db', 2),
        status('db', 'up'),
      ]);
      await node.publish([{ ...line('db', 3), action: 'end' }]);
      const heard = (await recorder.count(6)).map(withoutPrevious);
      const { events, total } = await node.latest('container');
      expect([events.map(withoutPrevious), total]).toEqual([[heard[4], heard[2]], 2]);
      const one = await node.latestOf('container', 'db');
      expect(one && withoutPrevious(one)).toEqual(heard[4]);
      expect(await node.latestOf('container', 'd')).toBeUndefined();
    });

    it('is answered page by page, in the order of the keys', async () => {
      const { node } = await start();
      await node.publish(['c', 'a', 'd', 'b'].map((key, i) => line(key, i)));
      const page = async (offset: number, limit: number): Promise<unknown> => {
        const { events, total } = await node.latest('container', { offset, limit });
        return [events.map(({ key }) => key).join(''), total];
      };
      expect(await page(1, 2)).toEqual(['bc', 4]);
      expect(await page(3, Infinity)).toEqual(['d', 4]);
      expect(await page(4, 1)).toEqual(['', 4]);
      expect(await page(0, 0)).toEqual(['', 4]);
    });

    it('is complete for thousands of keys', async () => {
      const { node } = await start([{ pattern: 'jobs.*.*', last: 1 }]);
      const keys = Array.from({ length: 1_250 }, (_, i) => `job-${`${i}`.padStart(4, '0')}`);
      const actions = ['start', 'end'];
      await node.publish(
        actions.flatMap((action) => keys.map((key) => ({ type: 'jobs', action, key, object: action }))),
      );
      const { events, total } = await node.latest('jobs');
      expect(total).toBe(1_250);
      expect(events.map(({ key }) => key)).toEqual(keys);
      expect(new Set(events.map(({ object }) => valueOf(object)))).toEqual(new Set(['end']));
    });

    it.each(['save', 'delete'])(
      'tells keys apart that begin alike or hold what separates them: %s',
      async (last) => {
        const { node } = await start([{ pattern: '*.*.*', last: 2 }]);
        const keys = [
          '',
          ':',
          ';',
          '.',
          '%',
          '%3A',
          '%25',
          'a',
          'a:',
          'a:b',
          'a.b',
          'a;',
          'a%3Ab',
          'a\0',
          'a-',
          '漢🦀',
        ];
        const events = keys.map((key, object) => ({ type: 'x:y.%', action: 'a:b.%', key, object }));
        await node.publish([...events, { type: 'x:y.%', action: last, key: 'a:', object: 'new' }]);
        for (const { key, object } of events) {
          const expected = key !== 'a:' ? object : last === 'save' ? 'new' : undefined;
          expect((await node.latestOf('x:y.%', key))?.object).toEqual(expected);
        }
        expect((await node.latest('x:y.%')).total).toBe(last === 'save' ? keys.length : keys.length - 1);
        expect(await listed(node, 'x:y')).toEqual([]);
      },
    );

    it.each(REMOVING_ACTIONS)('ignores what came before the action %s', async (action) => {
      const { node } = await start([{ pattern: 'jobs.*.*', last: 2 }]);
      const job = (kind: string, key: string, object: number): NewEvent => ({
        type: 'jobs',
        action: kind,
        key,
        object,
      });
      await node.publish([job('save', 'a', 1), job('save', 'b', 1), job(action, 'a', 2)]);
      expect(await listed(node, 'jobs')).toEqual(['b: 1']);
      expect(await node.latestOf('jobs', 'a')).toBeUndefined();
      await node.publish([job('create', 'a', 3)]);
      const permits = ({ action: heard }: { action: string }): boolean => heard === 'save';
      expect((await node.latestOf('jobs', 'a'))?.object).toEqual(3);
      expect(await node.latestOf('jobs', 'a', permits)).toBeUndefined();
      expect(await listed(node, 'jobs')).toEqual(['a: 3', 'b: 1']);
    });

    it('skips and does not count what is not permitted', async () => {
      const { node } = await start();
      await node.publish([status('web', 'up'), line('web', 1), line('db', 1)]);
      const permits = ({ action }: { action: string }): boolean => action === 'status';
      const { events, total } = await node.latest('container', { permits });
      expect([events.map(({ object }) => object), total]).toEqual([['up'], 1]);
      expect((await node.latestOf('container', 'web', permits))?.object).toEqual('up');
      expect(await node.latestOf('container', 'db', permits)).toBeUndefined();
    });

    it('disappears when its tail expires, and then is the event that another tail of its key still holds', async () => {
      const { node, pass } = await start([
        { pattern: 'jobs.log.*', ttlMs: 60_000 },
        { pattern: 'jobs.status.*', ttlMs: 600_000 },
      ]);
      const job = (action: string, key: string, object: number): NewEvent => ({
        type: 'jobs',
        action,
        key,
        object,
      });
      await node.publish([job('status', 'a', 1), job('log', 'a', 2), job('log', 'b', 3), job('log', 'c', 4)]);
      await pass(30_000);
      await node.publish([job('log', 'c', 5)]);
      expect(await listed(node, 'jobs')).toEqual(['a: 2', 'b: 3', 'c: 5']);
      await pass(30_000);
      expect(await listed(node, 'jobs')).toEqual(['a: 1', 'c: 5']);
      expect((await node.latestOf('jobs', 'a'))?.object).toEqual(1);
      expect(await node.latestOf('jobs', 'b')).toBeUndefined();
      await pass(600_000);
      expect(await listed(node, 'jobs')).toEqual([]);
      await node.publish([job('log', 'b', 6)]);
      expect(await listed(node, 'jobs')).toEqual(['b: 6']);
    });
  });
}

export function line(key: string, object: number): NewEvent {
  return { type: 'container', action: 'log', key, object };
}

function lines(key: string, from: number, to: number): NewEvent[] {
  return Array.from({ length: to - from }, (_, i) => line(key, from + i));
}

function status(key: string, object: string): NewEvent {
  return { type: 'container', action: 'status', key, object };
}

export function value(action: string, key: string, object: number | string): NewEvent {
  return { type: 'machines', action, key, object };
}

type Query = Parameters<History['retained']>[1][number];

/** Any event with a type and action without dots. */
export function query(kind: string, key: string, count: number): Query {
  const [type = '', action = ''] = kind.split('.');
  return { type, action, key, count };
}

/** Reads queries, each in its shard. The cursor is that of the last query. */
async function read(
  node: Shards & History,
  queries: readonly Query[],
): Promise<{ readonly events: HubEvent[]; readonly cursor: Cursor | undefined }> {
  const shards = queries.map(({ type, key = '' }) => node.layout.shardOf(type, key));
  const events: HubEvent[] = [];
  let cursor: Cursor | undefined;
  for (const [i, asked] of queries.entries()) {
    const found = await readRetained(node, shards[i] ?? 0, [asked]);
    events.push(...found.events);
    ({ cursor } = found);
  }
  return { events, cursor };
}

export async function objects(node: Shards & History, ...queries: readonly Query[]): Promise<unknown[]> {
  return (await read(node, queries)).events.map(({ object }) => object);
}

async function listed(node: Retained, type: string): Promise<string[]> {
  const { events } = await node.latest(type);
  return events.map(({ key, object }) => `${key}: ${JSON.stringify(object)}`);
}

function withoutPrevious({ previous: _previous, ...event }: HubEvent): Omit<HubEvent, 'previous'> {
  return event;
}
