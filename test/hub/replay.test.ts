import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { drp } from '../../src/dialects/drp.ts';
import { START } from '../../src/model/cursor.ts';
import { BelfryError } from '../../src/model/errors.ts';
import type { HubEvent } from '../../src/model/event.ts';
import { Pattern } from '../../src/model/pattern.ts';
import { Grants } from '../../src/model/principal.ts';
import {
  anIdentity,
  settled,
  startHub,
  TestBroker,
  type Heard,
  type TestConnection,
  type TestHub,
} from '../support/connection.ts';
import { heardEvent } from '../support/heard-event.ts';
import { runs } from '../support/runs.ts';

/** A hub that has delivered this many events, and keeps so many of them itself. */
async function hubAfter(count: number, recentEvents = 1_000): Promise<TestHub> {
  const test = await startHub({ recentEvents });
  for (let n = 1; n <= count; n++) test.broker.append({ key: String(n) });
  return test;
}

/** What a client hears that subscribes to everything since a position, with replies. */
async function heardSince(test: TestHub, since: string): Promise<Heard[]> {
  const client = test.connect();
  client.subscribe(['*.*.*'], { since });
  await settled();
  return client.take();
}

const keys = (heard: readonly Heard[]): string[] =>
  heard.map(({ type, action, key }) => (type === 'belfry' ? `${action} ${key}` : key));

const bodyOf = (key: string): string =>
  `{"time":"2026-01-01T00:00:00Z","type":"t","action":"a","key":"${key}","object":{}}`;

describe('a replay', () => {
  it('comes from the recent events after the reply, and is followed by live events', async () => {
    const test = await hubAfter(5);
    test.broker.failure = new Error('the log is not to be read');
    const client = test.connect();
    client.subscribe(['*.*.*'], { since: '2-0' });
    await settled();
    test.publish({ key: 'live' });
    expect(keys(client.take())).toEqual(['subscribe s', '3', '4', '5', 'live']);
  });

  it('is sent within the turn of the command when the recent events suffice', async () => {
    const test = await hubAfter(3);
    const client = test.connect();
    client.subscribe(['*.*.*'], { since: '1-0' });
    test.publish({ key: 'live' });
    expect(keys(client.take())).toEqual(['subscribe s', '2', '3', 'live']);
  });

  it('comes from the log, then from the recent events, and is followed by live events', async () => {
    const test = await hubAfter(10, 3);
    const client = test.connect();
    client.subscribe(['*.*.*'], { since: START });
    await settled();
    test.publish({ key: 'live' });
    expect(keys(client.take())).toEqual(['subscribe s', ...'1 2 3 4 5 6 7 8 9 10 live'.split(' ')]);
  });

  it('is only the reply, with the position, when the client missed nothing', async () => {
    const test = await hubAfter(3);
    expect(await heardSince(test, '3-0')).toMatchObject([
      { action: 'subscribe', object: { patterns: ['*.*.*'], cursor: '3-0' } },
    ]);
  });

  it('brings every one of a hundred events', async () => {
    const test = await hubAfter(100);
    const client = test.connect();
    client.subscribe(['*.*.*'], { since: START });
    await settled();
    expect(client.takeKeys()).toEqual(Array.from({ length: 100 }, (_, index) => String(index + 1)));
  });

  it('brings the events of the one topic that the client names, among thousands that the node heard', async () => {
    const test = await startHub({ recentEvents: 10_000 });
    const hear = (n: number, key: string): void =>
      void test.hub.delivery.deliver(heardEvent(`${n - 1}-0`, `${n}-0`, { key, bytes: bodyOf(key) }));
    for (let n = 1; n <= 3_000; n++) hear(n, n % 1_000 === 0 ? 'wanted' : `other-${n}`);
    const client = test.connect();
    client.subscribe(['t.a.wanted'], { since: '1000-0' });
    for (const [n, key] of ['other', 'wanted'].entries()) hear(3_001 + n, key);
    test.hub.delivery.flush();
    expect(client.take().map(({ id, action }) => id ?? action)).toEqual([
      'subscribe',
      '2000-0',
      '3000-0',
      '3002-0',
    ]);
  });

  it('reads only those events from the log that are not among the recent ones', async () => {
    const test = await hubAfter(10, 3);
    test.broker.pageEvents = 1;
    await heardSince(test, START);
    expect(test.broker.read).toBe(7);
  });

  it('is answered with the position that it begins from', async () => {
    const test = await hubAfter(3);
    expect(await heardSince(test, '1-0')).toMatchObject([
      { action: 'subscribe', object: { cursor: '1-0' } },
      { key: '2' },
      { key: '3' },
    ]);
  });

  it('brings the events that patterns, filters and grants admit', async () => {
    const test = await hubAfter(0);
    for (const [type, key, object] of [
      ['jobs', '1', { state: 'failed' }],
      ['jobs', '2', { state: 'finished' }],
      ['secrets', '3', { state: 'failed' }],
      ['machines', '4', { state: 'failed' }],
    ] as const) {
      test.broker.append({ type, key, object });
    }
    const client = test.connect({ identity: anIdentity({ subscribe: Grants.parse(['jobs,machines.*.*']) }) });
    client.subscribe(['jobs,secrets.*.*'], { since: START, filters: { 'object.state': 'failed' } });
    await settled();
    expect(client.takeKeys()).toEqual(['1']);
  });

  it('waits while the socket is full, and loses nothing, even when the events are large', async () => {
    const test = await startHub({ queue: { maxDeliveries: 256, maxBytes: 1024 * 1024 } });
    for (let n = 1; n <= 100; n++)
      test.broker.append({ key: String(n), object: 'x'.repeat(100_000), size: 100_100 });
    const client = test.connect();
    client.transport.capacity = 64 * 1024;
    client.subscribe(['*.*.*'], { since: START });
    for (let n = 0; n < 110; n++) {
      await settled();
      client.transport.drain();
    }
    expect(client.transport.closed).toBeUndefined();
    expect(client.takeKeys()).toEqual(Array.from({ length: 100 }, (_, index) => String(index + 1)));
  });

  it('waits while the socket is full when it comes from the log too', async () => {
    const test = await startHub({ recentEvents: 1, queue: { maxDeliveries: 256, maxBytes: 1024 * 1024 } });
    for (let n = 1; n <= 100; n++)
      test.broker.append({ key: String(n), object: 'x'.repeat(100_000), size: 100_100 });
    const client = test.connect();
    client.transport.capacity = 64 * 1024;
    client.subscribe(['*.*.*'], { since: START });
    for (let n = 0; n < 110; n++) {
      await settled();
      client.transport.drain();
    }
    expect(client.transport.closed).toBeUndefined();
    expect(client.takeKeys()).toHaveLength(100);
  });

  it('sends nothing more once the connection has gone', async () => {
    const test = await hubAfter(100, 1);
    test.broker.held = true;
    const client = test.connect();
    client.subscribe(['*.*.*'], { since: START });
    test.hub.connections.detach(client.connection, 'gone');
    const { received } = test.hub.stats.total;
    // What is read may still be useful for other clients.
    for (let n = 0; n < 101; n++) {
      await settled();
      test.broker.release();
    }
    await settled();
    expect(test.broker.waiting).toBe(0);
    expect(test.hub.stats.total.received).toBe(received);
  });

  it('is refused when the log cannot be read, and the connection does not subscribe', async () => {
    const test = await hubAfter(5, 1);
    test.broker.failure = new BelfryError('unavailable', 'The log cannot be read.');
    const client = test.connect();
    client.subscribe(['*.*.*'], { since: START });
    await settled();
    expect(client.take().at(-1)).toMatchObject({
      action: 'error',
      key: 's',
      object: { code: 'unavailable' },
    });
    test.publish({ key: 'live' });
    expect(client.takeKeys()).toEqual([]);
    expect(client.connection.isOpen).toBe(true);
  });

  it('begins with a gap when the log was trimmed after the position', async () => {
    const test = await hubAfter(10, 2);
    test.broker.trim(4);
    expect(await heardSince(test, '2-0')).toMatchObject([
      { action: 'subscribe' },
      { type: 'belfry', action: 'gap', key: '2-0', object: { from: '2-0', to: '4-0', reason: 'trimmed' } },
      ...[5, 6, 7, 8, 9, 10].map((key) => ({ key: String(key) })),
    ]);
  });

  it('has no gap when the log was trimmed up to the position', async () => {
    const test = await hubAfter(10, 2);
    test.broker.trim(4);
    expect(keys(await heardSince(test, '4-0'))).toEqual(['subscribe s', '5', '6', '7', '8', '9', '10']);
  });

  it('begins with a gap when everything after the position was trimmed', async () => {
    const test = await hubAfter(10, 2);
    test.broker.trim(10);
    expect(await heardSince(test, '2-0')).toMatchObject([
      { action: 'subscribe' },
      { action: 'gap', key: '2-0', object: { from: '2-0', to: '10-0', reason: 'trimmed' } },
    ]);
  });

  it('begins with a gap when the log was lost and began again', async () => {
    const test = await hubAfter(3, 1);
    test.broker.lose();
    test.broker.append({ key: '4' });
    test.broker.append({ key: '5' });
    expect(await heardSince(test, '2-0')).toMatchObject([
      { action: 'subscribe' },
      { action: 'gap', key: '2-0', object: { from: '2-0', to: '0-0', reason: 'log lost' } },
      { key: '4' },
      { key: '5' },
    ]);
  });

  it('begins with a gap when nobody knows the position, and live events follow', async () => {
    const test = await hubAfter(3);
    const client = test.connect();
    client.subscribe(['*.*.*'], { since: '77-0' });
    await settled();
    test.publish({ key: 'live' });
    expect(client.take()).toMatchObject([
      { action: 'subscribe' },
      { action: 'gap', key: '77-0', object: { from: '77-0', to: '3-0', reason: 'unknown cursor' } },
      { key: 'live' },
    ]);
  });

  it.each([
    ['the recent events', 1_000],
    ['the log', 0],
  ])(
    'begins with a gap when the log does not have the position, even when %s go further back',
    async (_s, recent) => {
      const test = await hubAfter(3, recent);
      expect(await heardSince(test, '1-7')).toMatchObject([
        { action: 'subscribe' },
        { action: 'gap', key: '1-7', object: { from: '1-7', to: '1-0', reason: 'unknown cursor' } },
        { key: '2' },
        { key: '3' },
      ]);
    },
  );

  it('begins with a gap when the recent events are those of a log that began again', async () => {
    const test = await hubAfter(3);
    test.broker.lose();
    test.broker.append({ key: '4' });
    expect(await heardSince(test, '2-0')).toMatchObject([
      { action: 'subscribe' },
      { action: 'gap', key: '2-0', object: { from: '2-0', to: '0-0', reason: 'log lost' } },
      { key: '4' },
    ]);
  });

  it.each([
    ['the recent events', 1_000],
    ['the log', 0],
  ])('has no gap when it begins at a time without an event, from %s', async (_source, recent) => {
    const test = await hubAfter(3, recent);
    expect(keys(await heardSince(test, '1970-01-01T00:00:00Z'))).toEqual(['subscribe s', '1', '2', '3']);
    expect(keys(await heardSince(test, '2999-01-01T00:00:00Z'))).toEqual(['subscribe s']);
    expect(keys(await heardSince(test, '1970-01-01T00:00:00.002Z'))).toEqual(['subscribe s', '2', '3']);
  });

  it('begins with a gap when the log was trimmed after the time that it begins at', async () => {
    const test = await hubAfter(5, 0);
    test.broker.trim(3);
    const heard = await heardSince(test, '1970-01-01T00:00:00.002Z');
    expect(keys(heard)).toEqual(['subscribe s', 'gap 1-999999999999999', '4', '5']);
  });

  it.each([
    ['the recent events', 10_000],
    ['the log', 0],
  ])('is sent in as few writes as a socket can hold, from %s', async (_source, recent) => {
    const test = await startHub({ recentEvents: recent });
    for (let n = 0; n < 600; n++) test.broker.append({ key: String(n) });
    const small = test.connect();
    small.subscribe(['*.*.*'], { since: START });
    await settled();
    expect(small.transport.writes).toHaveLength(1 + 3);
    expect(small.takeKeys()).toHaveLength(600);

    for (let n = 0; n < 10; n++)
      test.broker.append({ key: 'large', object: 'x'.repeat(20_000), size: 20_000 });
    const large = test.connect();
    large.subscribe(['*.*.large'], { since: START });
    await settled();
    expect(large.transport.writes.slice(1).map(({ length }) => Math.round(length / 20_000))).toEqual([
      4, 4, 2,
    ]);
  });

  it('waits for events that the client has heard already, on a node that was ahead of this one', async () => {
    const test = await hubAfter(3);
    test.broker.delivers = false;
    for (const key of ['4', '5', '6']) test.broker.append({ key });
    const client = test.connect();
    client.subscribe(['*.*.*'], { since: '5-0' });
    await settled();
    test.broker.deliverNext();
    test.clock.advance(1_000);
    await settled();
    expect(keys(client.take())).toEqual(['subscribe s']);
    test.broker.deliverNext();
    test.broker.deliverNext();
    test.clock.advance(1_000);
    await settled();
    test.hub.delivery.flush();
    expect(keys(client.take())).toEqual(['6']);
  });

  it('has no gap when the node catches up while the log is read', async () => {
    const test = await hubAfter(3);
    test.broker.delivers = false;
    test.broker.held = true;
    test.broker.append({ key: '4' });
    const client = test.connect();
    client.subscribe(['*.*.*'], { since: '4-0' });
    test.broker.deliverNext();
    test.broker.trim(4);
    test.broker.release();
    await settled();
    expect(keys(client.take())).toEqual(['subscribe s']);
  });

  it('does not run ahead of the node when the log begins after its position', async () => {
    const test = await hubAfter(3, 0);
    test.broker.delivers = false;
    test.broker.append({ key: '4' });
    test.broker.trim(3);
    const client = test.connect();
    client.subscribe(['*.*.*'], { since: '1-0' });
    await settled();
    test.broker.deliverNext();
    test.hub.delivery.flush();
    expect(client.take()).toMatchObject([
      { action: 'subscribe' },
      { action: 'gap', object: { from: '1-0', to: '3-0', reason: 'trimmed' } },
      { key: '4' },
    ]);
  });

  it('does not repeat what an older subscription admitted', async () => {
    const test = await hubAfter(0);
    test.broker.append({ type: 'a', key: '1' });
    test.broker.append({ type: 'b', key: '2' });
    const client = test.connect();
    client.subscribe(['a.*.*'], { since: START });
    test.publish({ type: 'a', key: '3' });
    test.publish({ type: 'b', key: '4' });
    await settled();
    client.subscribe(['*.*.*'], { since: START });
    await settled();
    expect(client.takeKeys()).toEqual(['1', '3', '2', '4']);
  });

  it('does not repeat what an older subscription admitted that was renewed meanwhile', async () => {
    const test = await hubAfter(1);
    const client = test.connect();
    client.subscribe(['*.*.*'], { since: START });
    client.subscribe(['*.*.*']);
    client.subscribe(['*.*.*'], { since: '1-0' });
    await settled();
    client.subscribe(['profiles.*.*'], { since: START });
    await settled();
    expect(client.takeKeys()).toEqual(['1']);
  });

  it('brings what a filter of the same pattern held back before it was removed', async () => {
    const test = await hubAfter(2);
    const client = test.connect();
    client.subscribe(['*.*.*'], { since: START, filters: { key: '2' } });
    await settled();
    client.subscribe(['*.*.*'], { since: '1-0' });
    await settled();
    client.subscribe(['profiles.*.*'], { since: START });
    await settled();
    expect(client.takeKeys()).toEqual(['2', '1']);
  });

  it('brings what an older subscription missed before it began', async () => {
    const test = await hubAfter(3);
    const client = test.connect();
    client.subscribe(['profiles.*.*']);
    test.publish({ key: '4' });
    client.subscribe(['*.*.*'], { since: '1-0' });
    await settled();
    expect(client.takeKeys()).toEqual(['4', '2', '3']);
  });

  it('has no gap for a dialect that does not support one', async () => {
    const test = await hubAfter(3);
    const client = test.connect({ dialect: drp });
    test.commands.run(client.connection, {
      kind: 'subscribe',
      ref: 'x',
      subscriptions: [],
      replay: { since: '77-0' },
    });
    await settled();
    expect(client.take()).toMatchObject([{ Type: 'websocket', Action: 'register', Key: 'x' }]);
  });
});

type Plain = 'deliver' | 'release' | 'drain' | 'fill' | 'turn' | 'pass';
interface Subscribing {
  /** The number of the event to begin after; `null` for live events only. */
  readonly since: number | null;
  readonly pattern: string;
}
type Step =
  | { readonly do: Plain }
  | { readonly do: 'append'; readonly type: string; readonly key: string }
  | ({ readonly do: 'more' } & Subscribing)
  | ({ readonly do: 'connect'; readonly grants: string } & Subscribing);

const plain = (weight: number, what: Plain): fc.WeightedArbitrary<Step> => ({
  weight,
  arbitrary: fc.constant({ do: what }),
});
const since = fc.nat(40);
const pattern = fc.constantFrom('*.*.*', 'a.*.*', '*.*.x', 'a,b.save.y');
const append: fc.Arbitrary<Step> = fc.record({
  do: fc.constant('append'),
  type: fc.constantFrom('a', 'b'),
  key: fc.constantFrom('x', 'y'),
});
const common: readonly fc.WeightedArbitrary<Step>[] = [
  { weight: 6, arbitrary: append },
  plain(5, 'deliver'),
  plain(6, 'release'),
  plain(2, 'fill'),
  plain(2, 'drain'),
  plain(2, 'turn'),
  plain(1, 'pass'),
];
const connecting: fc.Arbitrary<Step> = fc.record({
  do: fc.constant('connect'),
  since,
  pattern,
  grants: fc.constantFrom('*.*.*', 'a.*.*', '*.*.x'),
});
const subscribingMore: fc.Arbitrary<Step> = fc.record({
  do: fc.constant('more'),
  since: fc.oneof(since, fc.constant(null)),
  pattern,
});

type Named = Pick<HubEvent, 'type' | 'action' | 'key'>;
interface Wanted {
  /** The id of the command, which its reply repeats. */
  readonly ref: string;
  readonly since: number | null;
  readonly admits: (event: Named) => boolean;
}
interface Client {
  readonly connection: TestConnection;
  readonly grants: Grants;
  readonly wanted: Wanted[];
}

/** A hub, its log and its clients, which a test moves step by step in a random order. */
class Interleaving {
  readonly clients: Client[] = [];
  readonly #appended: (Named & { readonly id: number })[] = [];
  readonly #test: TestHub;
  #commands = 0;

  constructor(test: TestHub) {
    this.#test = test;
  }

  async run(steps: readonly Step[]): Promise<void> {
    for (const step of steps) {
      this.#take(step);
      await settled();
    }
    await this.#finish();
  }

  /** The ids of the events that a client must hear, in the order of the log. Its reply says where live events begin. */
  expected({ wanted }: Client, heard: readonly Heard[]): string[] {
    const begins = (ref: string): number => {
      const reply = heard.find(({ type, key }) => type === 'belfry' && key === ref);
      return Number.parseInt((reply?.object as { cursor: string } | undefined)?.cursor ?? '', 10);
    };
    return this.#appended
      .filter((event) =>
        wanted.some(({ ref, since: from, admits }) => event.id > (from ?? begins(ref)) && admits(event)),
      )
      .map(({ id }) => `${id}-0`);
  }

  #take(step: Step): void {
    const { broker, clock } = this.#test;
    const latest = this.clients.at(-1);
    switch (step.do) {
      case 'append': {
        const { type, key } = step;
        broker.append({ type, key });
        this.#appended.push({ id: this.#appended.length + 1, type, action: 'save', key });
        return;
      }
      case 'deliver':
        return void broker.deliverNext();
      case 'release':
        return broker.release();
      case 'fill':
        if (latest !== undefined) latest.connection.transport.full = true;
        return;
      case 'drain':
        return latest?.connection.transport.drain();
      case 'turn':
        return clock.turn();
      case 'pass':
        return clock.advance(100);
      case 'more':
        if (latest !== undefined) this.#subscribe(latest, step);
        return;
      case 'connect': {
        const grants = Grants.parse([step.grants]);
        const connection = this.#test.connect({ identity: anIdentity({ subscribe: grants }) });
        const client = { connection, grants, wanted: [] };
        this.clients.push(client);
        return this.#subscribe(client, step);
      }
    }
  }

  #subscribe({ connection, grants, wanted }: Client, { since: from, pattern: text }: Subscribing): void {
    const admitted = Grants.parse([text]);
    const position = from === null ? null : Math.min(from, this.#appended.length);
    const ref = String(++this.#commands);
    connection.subscribe([text], { id: ref, ...(position !== null && { since: `${position}-0` }) });
    if (!grants.overlap(Pattern.parse(text))) return;
    wanted.push({ ref, since: position, admits: (event) => admitted.permit(event) && grants.permit(event) });
  }

  /** Lets everything finish that waits. */
  async #finish(): Promise<void> {
    const { broker, clock, hub } = this.#test;
    for (let quiet = 0; quiet < 3; quiet++) {
      while (broker.deliverNext());
      for (const { connection } of this.clients) connection.transport.drain();
      clock.advance(100);
      clock.turn();
      hub.delivery.flush();
      await settled();
      if (broker.waiting > 0) quiet = -1;
      broker.release();
    }
  }
}

async function interleaved(recentEvents: number, held: boolean): Promise<Interleaving> {
  const broker = new TestBroker();
  broker.delivers = false;
  broker.held = held;
  return new Interleaving(await startHub({ broker, recentEvents }));
}

const idsOf = (heard: readonly Heard[]): string[] => heard.flatMap(({ id }) => id ?? []);
const sources: readonly [string, number][] = [
  ['the recent events and the log', 4],
  ['the log alone', 0],
  ['the recent events alone', 1_000],
];

describe.each(sources)('a client that subscribes since a position, from %s', (_source, recentEvents) => {
  it('hears every event that it may hear and wants, once and in order, in any interleaving', async () => {
    const steps = fc.array(fc.oneof(...common, { weight: 2, arbitrary: connecting }), { maxLength: 60 });
    await fc.assert(
      fc.asyncProperty(steps, fc.boolean(), async (taken, held) => {
        const run = await interleaved(recentEvents, held);
        await run.run(taken);
        for (const client of run.clients) {
          const heard = client.connection.take();
          expect(heard[0]?.action).toBe(client.wanted.length === 0 ? 'error' : 'subscribe');
          const expected = run.expected(client, heard);
          expect(idsOf(heard)).toEqual(expected);
          expect(heard).toHaveLength(1 + expected.length);
        }
      }),
      { numRuns: runs(150) },
    );
  });

  it('hears every event once when it subscribes to more later', async () => {
    const steps = fc.array(
      fc.oneof(...common, { weight: 1, arbitrary: connecting }, { weight: 3, arbitrary: subscribingMore }),
      { maxLength: 60 },
    );
    await fc.assert(
      fc.asyncProperty(connecting, steps, async (first, taken) => {
        const run = await interleaved(recentEvents, false);
        await run.run([first, ...taken]);
        for (const client of run.clients) {
          const heard = client.connection.take();
          expect(idsOf(heard).toSorted()).toEqual(run.expected(client, heard).toSorted());
        }
      }),
      { numRuns: runs(150) },
    );
  });
});
