import { describe, expect, it } from 'vitest';
import type { Encoding } from '../../src/dialects/dialect.ts';
import { native } from '../../src/dialects/native.ts';
import { startHub, type TestConnection, type TestHub } from '../support/connection.ts';

const KIB = 1024;
const MIB = 1024 * KIB;

/** So many events of a kibibyte, or of this size, in one flush. */
function burst({ broker, hub }: TestHub, count: number, bytes = KIB): void {
  for (let n = 0; n < count; n++) broker.append({ key: `${n}`, object: { text: 'x'.repeat(bytes) } });
  hub.delivery.flush();
}

/** Clients with filters of their own that read nothing: a socket takes what it is given until it is full. */
function unread({ subscriber }: TestHub, count: number, capacity: number): TestConnection[] {
  return Array.from({ length: count }, (_, n) => {
    const client = subscriber(['*.*.*'], { filters: { 'object.text': ['x'.repeat(KIB), `${n}`] } });
    client.transport.capacity = capacity;
    return client;
  });
}

/** The memory that what waits in sockets and queues takes, each part of it counted once. */
function held(clients: readonly TestConnection[]): number {
  const buffers = new Set(clients.flatMap(({ transport }) => transport.writes.map(({ buffer }) => buffer)));
  const written = [...buffers].reduce((sum, { byteLength }) => sum + byteLength, 0);
  return written + clients.reduce((sum, { connection }) => sum + (connection.queued?.bytes ?? 0), 0);
}

describe('a flush that is more than the queues hold', () => {
  it('is taken whole by a connection that kept up until then', async () => {
    const test = await startHub({ queue: { maxDeliveries: 256, maxBytes: MIB } });
    const [client] = unread(test, 1, 64 * KIB) as [TestConnection];
    burst(test, 6 * KIB);
    while (client.connection.isSlow) client.transport.drain();
    expect(client.takeKeys()).toHaveLength(6 * KIB);
    expect(client.transport.closed).toBeUndefined();
  });

  it('closes with 4008 who would have to be kept more than eight queues of it', async () => {
    const test = await startHub({ queue: { maxDeliveries: 256, maxBytes: 64 * KIB } });
    const clients = unread(test, 60, 64 * KIB);
    burst(test, 8 * KIB);
    expect(new Set(clients.map(({ transport }) => transport.closed?.code))).toEqual(new Set([4008]));
    expect(Math.max(...clients.map(({ transport }) => transport.bytes.length))).toBeLessThan(128 * KIB);
  });

  it('is given to all who hear the same in the same pieces of memory, whatever their filters', async () => {
    const test = await startHub({ queue: { maxDeliveries: 256, maxBytes: MIB } });
    const clients = unread(test, 60, Infinity);
    for (const { transport } of clients) transport.writes.length = 0;
    burst(test, 8 * KIB);
    expect(clients[0]?.transport.writes.length).toBeGreaterThan(7);
    const same = clients.filter(({ transport }) =>
      transport.writes.every((bytes, i) => bytes === clients[0]?.transport.writes[i]),
    );
    expect(same).toHaveLength(60);
    expect(
      new Set(clients.flatMap(({ transport }) => transport.writes.map(({ buffer }) => buffer))).size,
    ).toBeLessThan(20);
  });

  it('leaves 64 MiB waiting on a node beyond the queues, and closes others with 4008', async () => {
    const test = await startHub({ queue: { maxDeliveries: 256, maxBytes: MIB } });
    // Nobody shares with anybody: each hears one more.
    const clients = Array.from({ length: 30 }, (_, n) => {
      const client = test.subscriber([`first.*.${n}`, 'profiles.*.*']);
      client.transport.capacity = 64 * KIB;
      return client;
    });
    for (let n = 0; n < 30; n++) test.broker.append({ type: 'first', key: `${n}` });
    burst(test, 60, 100 * KIB);
    const closed = clients.filter(({ transport }) => transport.closed !== undefined);
    expect(closed.length).toBeGreaterThan(5);
    expect(closed.length).toBeLessThan(25);
    expect(held(clients)).toBeLessThan((64 + 3 * 30) * MIB);
    for (const client of clients) while (client.connection.isSlow) client.transport.drain();
    const heard = clients.filter(({ transport }) => transport.closed === undefined);
    for (const { transport } of heard)
      expect(transport.writes.reduce((sum, { length }) => sum + length, 0)).toBeGreaterThan(60 * 100 * KIB);
    // What was waited for is free again.
    burst(test, 60, 100 * KIB);
    expect(heard.filter(({ transport }) => transport.closed !== undefined)).toEqual([]);
  });

  it('leaves out the oldest for a connection that said so', async () => {
    const test = await startHub({ queue: { maxDeliveries: 256, maxBytes: 64 * KIB } });
    const client = test.connect();
    client.subscribe(['*.*.*'], { slow: 'drop-oldest' });
    client.takeTexts();
    client.transport.capacity = 64 * KIB;
    burst(test, 2 * KIB);
    expect(client.transport.closed).toBeUndefined();
    while (client.connection.isSlow) client.transport.drain();
    const heard = client.take();
    expect(heard.findLast(({ type }) => type === 'profiles')?.key).toBe(`${2 * KIB - 1}`);
    const gap = heard.find(({ action }) => action === 'gap');
    expect(gap?.object).toMatchObject({ reason: 'slow', dropped: 2 * KIB - (heard.length - 1) });
  });
});

describe('an event that cannot be delivered to some', () => {
  const broken: Encoding = {
    name: 'broken',
    encode: ({ key }) => {
      if (key === 'poison') throw new Error('cannot');
      return key;
    },
  };

  it('is left out for them, and reaches all others, as do the events after it', async () => {
    const faults: unknown[] = [];
    const test = await startHub({ fault: (error) => void faults.push(error) });
    const first = test.connect({ encoding: broken });
    first.subscribe(['*.*.*']);
    first.takeTexts();
    const other = test.subscriber(['*.*.*']);
    expect(() => test.publish({ key: 'poison' })).not.toThrow();
    test.publish({ key: 'next' });
    expect([first.takeTexts(), other.takeKeys()]).toEqual([['next'], ['poison', 'next']]);
    expect(faults).toEqual([new Error('cannot')]);
    const { received, delivered, unsupported } = test.hub.stats.of(native.name);
    expect(received - delivered - unsupported).toBe(0);
  });

  it('spoils no flush of another, where it fails only there', async () => {
    const faults: unknown[] = [];
    const test = await startHub({ fault: (error) => void faults.push(error) });
    const join = (texts: readonly string[]): string => {
      if (faults.length === 0) throw new Error('cannot');
      return texts.join(',');
    };
    const first = test.connect({
      encoding: { name: 'batched', encode: native.encode, batch: { size: 10, join } },
    });
    first.subscribe(['*.*.*']);
    const other = test.subscriber(['*.*.*']);
    for (const key of ['1', '2']) test.broker.append({ key });
    expect(() => test.hub.delivery.flush()).not.toThrow();
    expect(other.takeKeys()).toEqual(['1', '2']);
    expect(first.takeTexts()).toHaveLength(1);
    for (const key of ['3', '4']) test.broker.append({ key });
    test.hub.delivery.flush();
    expect(first.takeTexts()).toHaveLength(1);
    expect(faults).toHaveLength(1);
  });
});
