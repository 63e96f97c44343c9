import { describe, expect, it } from 'vitest';
import type { Encoding } from '../../src/dialects/dialect.ts';
import { drp } from '../../src/dialects/drp.ts';
import { native } from '../../src/dialects/native.ts';
import { EncodedEvent } from '../../src/hub/encoded-event.ts';
import { EncodingCache } from '../../src/hub/encoding-cache.ts';
import { Stats } from '../../src/hub/stats.ts';
import { Pattern } from '../../src/model/pattern.ts';
import { Redaction } from '../../src/model/redaction.ts';
import { ManualClock } from '../support/clock.ts';
import {
  forgetRecent,
  aConnection,
  anEvent,
  settled,
  startHub,
  TestConnection,
  type TestHub,
} from '../support/connection.ts';
import { collectGarbage } from '../support/garbage.ts';
import { memoryInUse } from '../support/memory-in-use.ts';
import { TestTransport } from '../support/transport.ts';

const MIB = 1024 * 1024;
const masking = new Redaction([{ fields: ['object.secret'], except: ['boss'] }]).viewOf([]);
const keys = (from: number, to: number): string[] =>
  Array.from({ length: to - from }, (_, n) => `${from + n + 1}`);
const all = { name: 'all', pattern: Pattern.parse('*.*.*'), filters: [] };

/** A hub whose log has this many events, of which the node itself remembers none. */
async function hubAfter(count: number): Promise<TestHub> {
  const test = await startHub();
  for (let n = 1; n <= count; n++) test.publish({ key: `${n}` });
  forgetRecent(test);
  return test;
}

/** A client that asks for what is kept of the lines of one deployment, as a viewer of Mist does. */
function viewer({ commands, connect }: TestHub, count: number): TestConnection {
  const client = connect();
  const retained = [{ type: 'deployment', action: 'log', key: '5', count }];
  commands.run(client.connection, {
    kind: 'subscribe',
    ref: 's',
    subscriptions: [all],
    replay: { retained },
  });
  return client;
}

async function joined(clients: readonly TestConnection[]): Promise<void> {
  while (clients.some(({ connection }) => connection.cohort === undefined)) await settled();
}

describe('a client that missed little', () => {
  it('does not wait for those that missed much and came before it', async () => {
    const test = await hubAfter(1_000);
    test.broker.pageEvents = 10;
    test.broker.held = true;
    const long = [0, 1, 2].map(() => test.connect());
    for (const client of long) client.subscribe(['*.*.*'], { since: '0-0' });
    const short = test.connect();
    short.subscribe(['*.*.*'], { since: '990-0' });
    for (let n = 0; n < 40 && short.connection.cohort === undefined; n++) {
      await settled();
      test.broker.release();
    }
    expect(short.takeKeys()).toEqual(keys(990, 1_000));
    expect(long.map(({ connection }) => connection.cohort)).toEqual([undefined, undefined, undefined]);
  });
});

describe('a long tail', () => {
  it('is read once, page by page, for forty clients that ask at once, and given whole to each', async () => {
    const test = await startHub();
    for (let n = 1; n <= 2_000; n++)
      test.broker.append({ type: 'deployment', action: 'log', key: '5', object: n, size: 1_000 });
    test.broker.pageEvents = 50;
    const clients = Array.from({ length: 40 }, () => viewer(test, 2_000));
    await joined(clients);
    expect(test.broker.pages).toBeLessThan(50);
    for (const client of clients) {
      const lines = client.take().filter(({ type }) => type === 'deployment');
      expect(lines).toHaveLength(2_000);
      expect([lines[0]?.object, lines.at(-1)?.object]).toEqual([1, 2_000]);
      expect(client.transport.closed).toBeUndefined();
    }
  });

  it('is given up to where the log ended, and what was published meanwhile follows it once', async () => {
    const test = await startHub();
    const append = (object: number): void =>
      void test.broker.append({ type: 'deployment', action: 'log', key: '5', object });
    for (let n = 1; n <= 30; n++) append(n);
    test.broker.pageEvents = 10;
    test.broker.held = true;
    const clients = [viewer(test, 25)];
    for (let n = 31; n <= 50; n++) {
      await settled();
      append(n);
      if (n === 40) clients.push(viewer(test, 25));
      test.broker.release();
    }
    test.broker.held = false;
    while (test.broker.waiting > 0) test.broker.release();
    await joined(clients);
    test.hub.delivery.flush();
    for (const client of clients) {
      const heard = client
        .take()
        .flatMap(({ type, object }) => (type === 'deployment' ? Number(object) : []));
      expect(heard.length).toBeGreaterThan(25);
      expect(heard).toEqual(Array.from(heard, (_, n) => 50 - heard.length + n + 1));
    }
  });
});

describe('an event that is encoded for clients that come back', () => {
  it('is counted with its frames, and forgotten ten seconds after the last client came back', () => {
    const clock = new ManualClock();
    const encodings = new EncodingCache(new Stats(), clock);
    const events = Array.from({ length: 10_000 }, (_, n) =>
      anEvent({ id: `${n}-0`, object: 'x'.repeat(1_500), size: 1_600 }),
    );
    const frames = events.map((event) => encodings.of(event).frame(native, false));
    expect(encodings.bytes).toBeGreaterThan(15 * MIB);
    expect(encodings.bytes).toBeLessThanOrEqual(16 * MIB);
    const last = events.at(-1);
    expect(last && encodings.of(last).frame(native, false)).toBe(frames.at(-1));
    // No frame is a part of a larger buffer.
    expect(frames.filter((frame) => frame?.buffer.byteLength !== frame?.length)).toEqual([]);
    clock.advance(10_000);
    expect(encodings.bytes).toBe(0);
  });

  it.for([
    ['one frame', (encoded) => encoded.frame(native, false)],
    ['the frames of two dialects', (encoded) => [encoded.frame(native, false), encoded.frame(drp, false)]],
    ['a place among shards', (encoded) => encoded.at({ before: '0-1', after: '0-2' }).frame(native, false)],
    ['a masked view', (encoded) => encoded.seenBy(masking).frame(native, false)],
  ] as const satisfies readonly (readonly [string, (encoded: EncodedEvent) => unknown])[])(
    'takes no more memory with %s than is counted, even if it is small and nothing else keeps it',
    async ([, encode]) => {
      const encodings = new EncodingCache(new Stats(), new ManualClock());
      const fill = (from: number, count: number): void => {
        for (let n = from; n < from + count; n++) {
          const object = { secret: `${n}`.padStart(40, 'x') };
          const size = JSON.stringify(object).length;
          encode(encodings.of(anEvent({ previous: `${n}-0`, id: `${n + 1}-0`, key: `k${n}`, object, size })));
        }
      };
      // What is compiled and allocated at first does not count.
      fill(0, 1_000);
      await settled();
      const [before, counted] = [memoryInUse(), encodings.bytes];
      fill(1_000, 3_000);
      await settled();
      const taken = memoryInUse() - before;
      expect(encodings.bytes - counted).toBeGreaterThan(taken);
      expect(encodings.bytes - counted).toBeLessThan(2 * taken);
    },
  );

  it('is encoded once for each encoding and compression, in whatever order they are asked for', () => {
    const stats = new Stats();
    const encoding: Encoding = {
      name: 'one',
      encode: ({ key }) => (key === '' ? undefined : 'x'.repeat(2_000)),
    };
    const encoded = new EncodedEvent(anEvent({ key: 'a' }), stats, () => {});
    for (let n = 0; n < 3; n++) {
      expect(encoded.frame(encoding, false)?.length).toBe(2_004);
      expect(encoded.frame(encoding, true)?.length).toBeLessThan(100);
    }
    expect(stats.frames).toBe(2);
    expect(encoded.text(encoding)).toHaveLength(2_000);
    expect(new EncodedEvent(anEvent({ key: '' }), stats, () => {}).frame(encoding, false)).toBeUndefined();
  });

  it('leaves little memory behind once a client that compresses came back over ten thousand events, and left', async () => {
    const test = await startHub({ recentEvents: 20_000 });
    const text = Array.from({ length: 150 }, (_, n) => `${n * 7919}`).join(' ');
    for (let n = 1; n <= 10_000; n++)
      test.broker.append({ key: `${n}`, object: `${n} ${text}`, size: 1_000 });
    await collectGarbage();
    const before = process.memoryUsage().arrayBuffers;
    const transport = new TestTransport();
    const connection = test.hub.connections.attach(aConnection('192.0.2.9:1'), transport, true);
    new TestConnection(connection, transport, test.commands).subscribe(['*.*.*'], { since: '0-0' });
    while (connection.cohort === undefined) {
      await settled();
      transport.writes.length = 0;
    }
    test.hub.connections.detach(connection, 'gone');
    await collectGarbage();
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(10 * MIB);
    test.clock.advance(10_000);
    await collectGarbage();
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(5 * MIB);
  });
});
