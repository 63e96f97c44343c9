import { describe, expect, it } from 'vitest';
import type { Encoding } from '../../src/dialects/dialect.ts';
import { native } from '../../src/dialects/native.ts';
import { startHub, type TestConnection, type TestHub } from '../support/connection.ts';

const KIB = 1024;
const MIB = 1024 * KIB;

/** Publishes this many events of a kibibyte, or of another size, in one flush. */
function burst({ broker, hub }: TestHub, count: number, bytes = KIB): void {
  for (let n = 0; n < count; n++) broker.append({ key: `${n}`, object: { text: 'x'.repeat(bytes) } });
  hub.delivery.flush();
}

/** Clients with different filters that read nothing. A socket takes what it is given until it is full. */
function unread({ subscriber }: TestHub, count: number, capacity: number): TestConnection[] {
  return Array.from({ length: count }, (_, n) => {
    const client = subscriber(['*.*.*'], { filters: { 'object.text': ['x'.repeat(KIB), `${n}`] } });
    client.transport.capacity = capacity;
    return client;
  });
}

/** How many bytes of memory wait in sockets and queues, with each buffer counted once. */
function held(clients: readonly TestConnection[]): number {
  const buffers = new Set(clients.flatMap(({ transport }) => transport.writes.map(({ buffer }) => buffer)));
  const written = [...buffers].reduce((sum, { byteLength }) => sum + byteLength, 0);
  return written + clients.reduce((sum, { connection }) => sum + (connection.queued?.bytes ?? 0), 0);
}

describe('a flush that is larger than a queue', () => {
  it('is queued whole for a connection that kept up until then', async () => {
    const test = await startHub({ queue: { maxDeliveries: 256, maxBytes: MIB } });
    const [client] = unread(test, 1, 64 * KIB) as [TestConnection];
    burst(test, 6 * KIB);
    while (client.connection.isSlow) client.transport.drain();
    expect(client.takeKeys()).toHaveLength(6 * KIB);
    expect(client.transport.closed).toBeUndefined();
  });

  it('closes a connection with 4008 when it is larger than eight queues', async () => {
    const test = await startHub({ queue: { maxDeliveries: 256, maxBytes: 64 * KIB } });
    const clients = unread(test, 60, 64 * KIB);
    burst(test, 8 * KIB);
    expect(new Set(clients.map(({ transport }) => transport.closed?.code))).toEqual(new Set([4008]));
    expect(Math.max(...clients.map(({ transport }) => transport.bytes.length))).toBeLessThan(128 * KIB);
  });

  it('is queued as the same buffers for all connections that hear the same, whatever their filters', async () => {
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

  it('may keep 64 MiB of a node waiting beyond the queues, and closes further connections with 4008', async () => {
    const test = await startHub({ queue: { maxDeliveries: 256, maxBytes: MIB } });
    // The clients share nothing, since each hears one event more than the one before.
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
    // The budget is free again.
    burst(test, 60, 100 * KIB);
    expect(heard.filter(({ transport }) => transport.closed !== undefined)).toEqual([]);
  });

  it('is queued without its oldest events for a connection with the policy drop-oldest', async () => {
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

describe('an event that one cohort cannot encode', () => {
  const broken: Encoding = {
    name: 'broken',
    encode: ({ key }) => {
      if (key === 'poison') throw new Error('cannot');
      return key;
    },
  };

  it('is left out there, and reaches all other cohorts, as do the events after it', async () => {
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

  it('does not stop the flush of other cohorts when it fails only at the flush', async () => {
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
