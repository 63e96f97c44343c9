import { array, assert, asyncProperty } from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Broker, History, Shards } from '../../src/broker/broker.ts';
import {
  compareCursors,
  cursorIn,
  endOf,
  isCursor,
  START,
  startOf,
  type Cursor,
} from '../../src/model/cursor.ts';
import type { HubEvent, NewEvent } from '../../src/model/event.ts';
import { REDACTED } from '../../src/model/redact-names.ts';
import { Redaction } from '../../src/model/redaction.ts';
import { isRfc3339 } from '../../src/model/time.ts';
import { anyEvent } from './any-event.ts';
import { Recorder } from './recorder.ts';
import { flood } from './flood.ts';
import { once } from '../support/once.ts';
import { runs } from '../support/runs.ts';

type Node = Broker & Shards & History;

/** What the nodes of a test share. */
export interface World {
  /** One more node, not started. */
  node(options?: { readonly redaction?: Redaction }): Node;
}

interface Started {
  readonly node: Node;
  readonly recorder: Recorder;
  readonly position: Cursor;
}

/**
 * The contract of every broker. `alone` says why a world of this kind cannot have a second node, where that is so.
 */
export function describeBroker(name: string, makeWorld: () => World, { alone = '' } = {}): void {
  const itTakesTwo = alone === '' ? it : it.skip;
  const aside = alone === '' ? '' : ` (skipped: ${alone})`;

  describe(`the ${name} broker`, () => {
    it('delivers what is published, the publisher itself included, under the ids that it answered', async () => {
      const { node, recorder } = await start(makeWorld());
      const ids = await node.publish([event('a'), event('b')]);
      await recorder.count(2);
      expect(recorder.events).toMatchObject([event('a'), event('b')]);
      expect(recorder.ids).toEqual(ids);
    });

    it('masks what nobody may see in what is published, before it enters the log', async () => {
      const world = makeWorld();
      const { node, recorder } = await start(
        world,
        world.node({ redaction: new Redaction([{ fields: ['pin'] }]) }),
      );
      await node.publish([{ ...event('a'), object: { pin: '1234', name: 'Ada' } }]);
      const masked = { ...event('a'), object: { pin: REDACTED, name: 'Ada' } };
      expect(await recorder.count(1)).toMatchObject([masked]);
      expect(await Array.fromAsync(node.after(startIn(node)))).toMatchObject([masked]);
    });

    it('assigns rising ids', async () => {
      const { node } = await start(makeWorld());
      const ids: Cursor[] = [];
      for (let i = 0; i < 20; i++) ids.push(...(await node.publish([event(`${i}`), event(`${i}'`)])));
      expect(ids.every(isCursor)).toBe(true);
      expect(ids.toSorted(compareCursors)).toEqual(ids);
      expect(new Set(ids).size).toBe(40);
    });

    it('names with each event the one before it, beginning with the position at which it started', async () => {
      const world = makeWorld();
      const first = await start(world);
      expect(first.position).toBe(startIn(first.node));
      await first.node.publish([event('a'), event('b')]);
      await first.node.publish([event('c')]);
      const events = await first.recorder.count(3);
      expect(events.map(({ previous }) => previous)).toEqual([
        startIn(first.node),
        events[0]?.id,
        events[1]?.id,
      ]);
    });

    it('states the size of each event', async () => {
      const { node, recorder } = await start(makeWorld());
      await node.publish([event('small'), { ...event('large'), object: 'x'.repeat(10_000) }]);
      const [small, large] = await recorder.count(2);
      expect(small?.size).toBeGreaterThan(40);
      expect((large?.size ?? 0) - (small?.size ?? 0)).toBeGreaterThan(9_900);
    });

    it('keeps the time of an event to the digit, and fills it in where there is none', async () => {
      const { node, recorder } = await start(makeWorld());
      const time = '2025-01-15T10:30:00.123456789+02:00';
      await node.publish([{ ...event('stated'), time }, event('unstated')]);
      const [stated, unstated] = await recorder.count(2);
      expect(stated?.time).toBe(time);
      expect(unstated?.time).toSatisfy(isRfc3339);
      expect(Math.abs(Date.parse(unstated?.time ?? '') - Date.now())).toBeLessThan(60_000);
    });

    it('reads the log backwards from a position, newest first, however long it is', async () => {
      const { node } = await start(makeWorld());
      const ids: Cursor[] = [];
      for (let i = 0; i < 5; i++)
        ids.push(...(await node.publish(Array.from({ length: 250 }, (_, n) => event(`${i}.${n}`)))));
      const before = async (cursor: Cursor): Promise<(Cursor | undefined)[]> =>
        (await Array.fromAsync(node.before(cursor))).map(({ id }) => id);
      expect(await before(endOf(shardOf(node)))).toEqual(ids.toReversed());
      expect(await before(ids[700] ?? '')).toEqual(ids.slice(0, 700).toReversed());
      expect(await before(ids[0] ?? '')).toEqual([]);
      expect(await before(startIn(node))).toEqual([]);
    });

    it('answers an empty list with an empty list and delivers nothing', async () => {
      const { node, recorder } = await start(makeWorld());
      expect(await node.publish([])).toEqual([]);
      await node.publish([event('a')]);
      expect(await recorder.count(1)).toMatchObject([{ key: 'a', previous: startIn(node) }]);
    });

    it('appends a list whole, with no other event in between', async () => {
      const { node, recorder } = await start(makeWorld());
      const lists = Array.from({ length: 50 }, (_, list) => [0, 1, 2].map((i) => event(`${list}.${i}`)));
      await Promise.all(lists.map((list) => node.publish(list)));
      await recorder.count(150);
      const heard = recorder.keys.map((key) => key.split('.').map(Number));
      for (let i = 0; i < 150; i += 3) {
        const list = heard[i]?.[0];
        expect(heard.slice(i, i + 3)).toEqual([[list, 0], [list, 1], [list, 2]]); // prettier-ignore
      }
    });

    it('answers a repeated idempotency key as the first time, and appends nothing', async () => {
      const { node, recorder } = await start(makeWorld());
      const ids = await node.publish([event('a'), event('b')], once('order 17'));
      expect(await node.publish([event('a'), event('b')], once('order 17'))).toEqual(ids);
      expect(await node.publish([event('c')], once('order 18'))).not.toEqual(ids);
      expect((await recorder.key('c')).map(({ key }) => key)).toEqual(['a', 'b', 'c']);
    });

    it('refuses an idempotency key that was used for something else, and appends nothing', async () => {
      const { node, recorder } = await start(makeWorld());
      const ids = await node.publish([event('a')], once('order 17', 'one'));
      await expect(node.publish([event('b')], once('order 17', 'other'))).rejects.toMatchObject({
        code: 'idempotency_key_reused',
      });
      expect(await node.publish([event('a')], once('order 17', 'one'))).toEqual(ids);
      await node.publish([event('end')]);
      expect((await recorder.key('end')).map(({ key }) => key)).toEqual(['a', 'end']);
    });

    it('appends once when the same idempotency key comes many times at once', async () => {
      const { node, recorder } = await start(makeWorld());
      const answers = await Promise.all(
        Array.from({ length: 20 }, () => node.publish([event('a')], once('same'))),
      );
      expect(new Set(answers.flat()).size).toBe(1);
      await node.publish([event('end')]);
      expect((await recorder.key('end')).map(({ key }) => key)).toEqual(['a', 'end']);
    });

    it('reads the history after a position, oldest first, exactly as it was delivered', async () => {
      const { node, recorder } = await start(makeWorld());
      for (const key of ['a', 'b', 'c']) await node.publish([event(key)]);
      const events = await recorder.count(3);
      expect(await all(node.after(startIn(node)))).toEqual(events);
      expect(await all(node.after(events[0]?.id ?? ''))).toEqual(events.slice(1));
      expect(await all(node.after(events[2]?.id ?? ''))).toEqual([]);
      expect(await all(node.after(cursorIn(shardOf(node), '9999999999999-0')))).toEqual([]);
    });

    it('reads a history of many pages, each event once', async () => {
      const { node } = await start(makeWorld());
      const ids = await node.publish(Array.from({ length: 1_234 }, (_, i) => event(`${i}`)));
      expect((await all(node.after(startIn(node)))).map(({ id }) => id)).toEqual(ids);
      expect((await all(node.after(ids[499] ?? ''))).map(({ id }) => id)).toEqual(ids.slice(500));
    });

    it('delivers a thousand concurrently published events once each, in the order of the log', async () => {
      const { node, recorder } = await start(makeWorld());
      const keys = Array.from({ length: 1_000 }, (_, i) => `${i}`);
      const ids = (await Promise.all(keys.map((key) => node.publish([event(key)])))).flat();
      const events = await recorder.count(1_000);
      expect(new Map(events.map(({ key, id }) => [key, id]))).toEqual(
        new Map(keys.map((key, i) => [key, ids[i]])),
      );
      expect(events).toEqual(await all(node.after(startIn(node))));
    });

    it('carries any text and large values unchanged', async () => {
      const { node, recorder } = await start(makeWorld());
      const odd = ['\u0000\u001f\u007f', '\u2028\u2029', '"\\/\b\f\n\r\t', 'ẞ漢字🦀e\u0301', ' \u00a0\ufeff'];
      const events = odd.map((text) => ({ ...event(text), type: `t${text}`, object: { [text]: [text] } }));
      const large = { ...event('large'), object: '漢'.repeat(200_000) };
      await node.publish([...events, large]);
      const heard = await recorder.count(odd.length + 1);
      expect(inShards(node, heard)).toMatchObject(inShards(node, [...events, large]));
    });

    it('carries every event unchanged, whatever it holds', async () => {
      const { node, recorder } = await start(makeWorld());
      const lists = array(anyEvent(), { minLength: 1, maxLength: 5 });
      await assert(
        asyncProperty(lists, async (list) => {
          const before = recorder.events.length;
          await node.publish(list);
          const heard = (await recorder.count(before + list.length)).slice(before);
          expect(inShards(node, heard).map(published)).toEqual(inShards(node, list));
        }),
        { numRuns: runs(100) },
      );
    });

    it('is ready once it is started, and refuses everything once it is stopped', async () => {
      const world = makeWorld();
      const node = world.node();
      await expect(node.ready()).rejects.toMatchObject({ code: 'unavailable' });
      await expect(node.publish([event('early')])).rejects.toMatchObject({ code: 'unavailable' });
      await node.start(() => false);
      await expect(node.ready()).resolves.toBeUndefined();
      await node.stop();
      await expect(node.ready()).rejects.toMatchObject({ code: 'unavailable' });
      await expect(node.publish([event('late')])).rejects.toMatchObject({ code: 'unavailable' });
      await expect(node.stop()).resolves.toBeUndefined();
    });

    itTakesTwo(`tells every node in the same order${aside}`, async () => {
      const world = makeWorld();
      const [one, two] = [await start(world), await start(world)];
      const keys = Array.from({ length: 1_000 }, (_, i) => `${i}`);
      await Promise.all(keys.map((key, i) => (i % 2 ? one : two).node.publish([event(key)])));
      expect(await two.recorder.count(1_000)).toEqual(await one.recorder.count(1_000));
      expect(new Set(two.recorder.keys).size).toBe(1_000);
    });

    itTakesTwo(
      `starts a later node at the end of the log, and gives it the whole history${aside}`,
      async () => {
        const world = makeWorld();
        const one = await start(world);
        const [id] = await one.node.publish([event('before')]);
        const two = await start(world);
        expect(two.position).toBe(id);
        await one.node.publish([event('after')]);
        expect(await two.recorder.count(1)).toMatchObject([{ key: 'after', previous: id }]);
        expect(await all(two.node.after(startIn(one.node)))).toMatchObject([
          { key: 'before' },
          { key: 'after' },
        ]);
      },
    );

    itTakesTwo(`misses nothing that is published while a node starts${aside}`, async () => {
      const world = makeWorld();
      const one = await start(world);
      const endFlood = flood(one.node);
      const two = await start(world);
      const position = await two.node.follow(two.node.layout.shardOf('flood', ''));
      await one.recorder.count(one.recorder.events.length + 100);
      await endFlood();
      const missed = await all(one.node.after(position));
      const end = missed.at(-1)?.id;
      const heard = await two.recorder.until((events) => events.at(-1)?.id === end, 'the last one');
      expect(heard.filter(({ id = START }) => compareCursors(id, position) > 0)).toEqual(missed);
    });

    itTakesTwo(`knows the idempotency keys of other nodes${aside}`, async () => {
      const world = makeWorld();
      const [one, two] = [await start(world), await start(world)];
      const ids = await one.node.publish([event('a')], once('key'));
      expect(await two.node.publish([event('a')], once('key'))).toEqual(ids);
    });

    itTakesTwo(`goes on when another node stops${aside}`, async () => {
      const world = makeWorld();
      const [one, two] = [await start(world), await start(world)];
      await one.node.stop();
      await two.node.publish([event('alone')]);
      expect(await two.recorder.count(1)).toMatchObject([{ key: 'alone' }]);
      expect(one.recorder.events).toEqual([]);
    });
  });
}

async function start(world: World, node = world.node()): Promise<Started> {
  onTestFinished(() => node.stop());
  const recorder = new Recorder();
  await node.start(recorder.hear);
  for (const shard of node.layout.shards) await node.follow(shard);
  return { node, recorder, position: await node.follow(shardOf(node)) };
}

/** The shard of each {@link event}. */
function shardOf({ layout }: Node): number {
  return layout.shardOf('profiles', '');
}

function startIn(node: Node): Cursor {
  return startOf(shardOf(node));
}

/** The events shard by shard, since only within a shard they have an order. */
function inShards<Event extends NewEvent>({ layout }: Node, events: readonly Event[]): Event[] {
  return events.toSorted((a, b) => layout.shardOf(a.type, a.key) - layout.shardOf(b.type, b.key));
}

export function event(key: string): NewEvent {
  return { type: 'profiles', action: 'save', key, object: { name: key } };
}

export async function all(events: AsyncIterable<HubEvent>): Promise<HubEvent[]> {
  return Array.fromAsync(events);
}

function published({ id: _id, previous: _previous, size: _size, ...rest }: HubEvent): NewEvent {
  return rest;
}
