import { describe, expect, it } from 'vitest';
import { CLOSE } from '../../src/model/close-codes.ts';
import { BurstBudget } from '../../src/hub/burst-budget.ts';
import { DeliveryQueue } from '../../src/hub/queue.ts';
import { settled, startHub, type TestHub } from '../support/connection.ts';

const keysOf = (from: number, to: number): string[] =>
  Array.from({ length: to - from + 1 }, (_, index) => String(from + index));

/** Publishes an event for each key, each in a write of its own. */
function publishAll({ publish }: TestHub, keys: readonly string[]): void {
  for (const key of keys) publish({ key });
}

describe('a connection whose socket is full', () => {
  it('gets a queue of its own, and its events in order once the socket drains', async () => {
    const test = await startHub();
    const client = test.subscriber(['*.*.*']);
    client.transport.full = true;
    publishAll(test, keysOf(1, 5));
    expect(client.connection.isSlow).toBe(true);
    expect(client.takeKeys()).toEqual([]);
    client.transport.drain();
    expect(client.connection.isSlow).toBe(false);
    publishAll(test, ['6']);
    expect(client.takeKeys()).toEqual(keysOf(1, 6));
  });

  it('counts as slow from then on until it has drained, however much of it it reads in between', async () => {
    const test = await startHub();
    const client = test.subscriber(['*.*.*']);
    const state = () => test.hub.connections.deliveryStateOf(client.connection);
    client.transport.full = true;
    publishAll(test, keysOf(1, 3));
    const size = state().queuedBytes / 3;
    expect(state()).toMatchObject({ queued: 3, laggingMs: 0, dropped: 0 });
    const { delivered } = state();
    test.clock.advance(3_000);
    client.transport.capacity = 1;
    client.transport.drain();
    test.clock.advance(1_000);
    expect(state()).toEqual({
      delivered: delivered + 1,
      dropped: 0,
      queued: 2,
      queuedBytes: 2 * size,
      laggingMs: 4_000,
    });
    client.transport.capacity = Infinity;
    client.transport.drain();
    expect(state()).toMatchObject({ delivered: delivered + 3, queued: 0, queuedBytes: 0, laggingMs: null });
  });

  it('queues a reply to it behind what waits already', async () => {
    const test = await startHub();
    const client = test.subscriber(['*.*.*']);
    client.transport.full = true;
    publishAll(test, ['1']);
    client.send({ id: 'p', command: 'ping' });
    publishAll(test, ['2']);
    client.transport.drain();
    expect(client.take().map(({ key }) => key)).toEqual(['1', 'p', '2']);
  });

  it('queues the same buffers that the others were sent, without a copy', async () => {
    const test = await startHub();
    const [client, other] = [test.subscriber(['*.*.*']), test.subscriber(['*.*.*'])];
    client.transport.full = true;
    publishAll(test, ['1', '2']);
    client.transport.drain();
    expect(client.transport.writes.length).toBe(other.transport.writes.length);
    for (const at of [-1, -2]) expect(client.transport.writes.at(at)).toBe(other.transport.writes.at(at));
  });

  it('is written no more than its socket takes', async () => {
    const test = await startHub();
    const client = test.subscriber(['*.*.*']);
    client.transport.full = true;
    publishAll(test, keysOf(1, 4));
    client.transport.capacity = 1;
    client.transport.drain();
    expect(client.takeKeys()).toEqual(['1']);
    expect(client.connection.isSlow).toBe(true);
    client.transport.drain();
    expect(client.takeKeys()).toEqual(['2']);
    client.transport.capacity = Infinity;
    client.transport.drain();
    expect(client.takeKeys()).toEqual(['3', '4']);
    expect(client.connection.isSlow).toBe(false);
  });

  it('is closed with 4008 when its queue has too many deliveries, and the others miss nothing', async () => {
    const test = await startHub({ queue: { maxDeliveries: 3, maxBytes: 1_000_000 } });
    const [slow, other] = [test.subscriber(['*.*.*']), test.subscriber(['*.*.*'])];
    slow.transport.full = true;
    publishAll(test, keysOf(1, 3));
    expect(slow.transport.closed).toBeUndefined();
    publishAll(test, ['4', '5']);
    expect(slow.transport.closed).toEqual({ code: 4008, reason: CLOSE.tooSlow.reason });
    expect(slow.takeKeys()).toEqual([]);
    expect(other.takeKeys()).toEqual(keysOf(1, 5));
    expect(test.hub.stats).toMatchObject({ slowCloses: 1, total: { droppedSlow: 4 } });
  });

  it('is closed with 4008 when its queue has too many bytes', async () => {
    const test = await startHub({ queue: { maxDeliveries: 1_000, maxBytes: 5_000 } });
    const slow = test.subscriber(['*.*.*']);
    slow.transport.full = true;
    test.publish({ object: 'x'.repeat(2_000) });
    test.publish({ object: 'x'.repeat(2_000) });
    expect(slow.transport.closed).toBeUndefined();
    test.publish({ object: 'x'.repeat(2_000) });
    expect(slow.transport.closed?.code).toBe(4008);
  });

  it('queues one event that is larger than its whole queue', async () => {
    const test = await startHub({ queue: { maxDeliveries: 10, maxBytes: 100 } });
    const client = test.subscriber(['*.*.*']);
    client.transport.full = true;
    test.publish({ key: 'big', object: 'x'.repeat(2_000) });
    expect(client.transport.closed).toBeUndefined();
    client.transport.drain();
    expect(client.takeKeys()).toEqual(['big']);
  });

  it('queues a single flush of any number of events if it kept up until then, and is closed by the next event', async () => {
    const test = await startHub({ queue: { maxDeliveries: 3, maxBytes: 10_000_000 } });
    const slow = test.subscriber(['*.*.*']);
    slow.transport.full = true;
    for (const key of keysOf(1, 6)) test.broker.append({ key, object: 'x'.repeat(600_000) });
    test.hub.delivery.flush();
    expect(slow.transport.closed).toBeUndefined();
    test.publish({ key: '7' });
    expect(slow.transport.closed?.code).toBe(4008);
    expect(test.hub.stats).toMatchObject({
      slowCloses: 1,
      total: { received: 8, delivered: 1, droppedSlow: 7 },
    });
  });

  it('is counted as slow once when a reply and an event find its queue full together', async () => {
    const test = await startHub({ queue: { maxDeliveries: 1, maxBytes: 1_000_000 } });
    const slow = test.subscriber(['*.*.*']);
    slow.transport.full = true;
    test.publish({ key: '1' });
    test.broker.append({ key: '2' });
    slow.send({ id: 'p', command: 'ping' });
    expect(slow.transport.closed?.code).toBe(4008);
    expect(test.hub.stats).toMatchObject({
      slowCloses: 1,
      total: { received: 4, delivered: 1, droppedSlow: 3 },
    });
  });

  it('is closed with 4008 when it accepts no bytes for the write timeout', async () => {
    const test = await startHub({ writeTimeoutMs: 10_000 });
    const [slow, other] = [test.subscriber(['*.*.*']), test.subscriber(['*.*.*'])];
    slow.transport.full = true;
    publishAll(test, ['1']);
    test.clock.advance(9_000);
    expect(slow.transport.closed).toBeUndefined();
    test.clock.advance(1_000);
    expect(slow.transport.closed?.code).toBe(4008);
    expect(other.transport.closed).toBeUndefined();
    expect(test.hub.stats).toMatchObject({ slowCloses: 1, total: { droppedSlow: 1 } });
  });

  it('has its write timeout again from the start each time that it takes something', async () => {
    const test = await startHub({ writeTimeoutMs: 10_000 });
    const slow = test.subscriber(['*.*.*']);
    slow.transport.full = true;
    slow.transport.capacity = 1;
    publishAll(test, ['1', '2', '3']);
    for (const _ of [1, 2]) {
      test.clock.advance(9_000);
      slow.transport.drain();
    }
    test.clock.advance(9_000);
    expect(slow.transport.closed).toBeUndefined();
    test.clock.advance(1_000);
    expect(slow.transport.closed?.code).toBe(4008);
  });

  it('has no write timeout once it has caught up', async () => {
    const test = await startHub({ writeTimeoutMs: 10_000 });
    const client = test.subscriber(['*.*.*']);
    client.transport.full = true;
    publishAll(test, ['1']);
    client.transport.drain();
    test.clock.advance(60_000);
    expect(client.transport.closed).toBeUndefined();
  });

  it('may drain after it was closed, without effect', async () => {
    const test = await startHub();
    const client = test.subscriber(['*.*.*']);
    client.transport.full = true;
    publishAll(test, ['1']);
    client.connection.close(CLOSE.byOperator);
    client.transport.drain();
    expect(client.takeKeys()).toEqual([]);
    expect(test.hub.stats).toMatchObject({ slowCloses: 0, total: { droppedSlow: 1 } });
  });

  it('has drained when it has caught up, and when it is closed', async () => {
    const test = await startHub();
    const clients = [test.subscriber(['*.*.*']), test.subscriber(['*.*.*'])];
    for (const { transport } of clients) transport.full = true;
    publishAll(test, ['1']);
    let gone = 0;
    for (const { connection } of clients) void connection.drained().then(() => gone++);
    await settled();
    expect(gone).toBe(0);
    clients[0]?.transport.drain();
    await settled();
    expect(gone).toBe(1);
    clients[1]?.connection.close(CLOSE.byOperator);
    await settled();
    expect(gone).toBe(2);
  });

  it('has not drained while it takes a little now and then', async () => {
    const test = await startHub();
    const client = test.subscriber(['*.*.*']);
    client.transport.full = true;
    client.transport.capacity = 1;
    publishAll(test, ['1', '2']);
    let gone = false;
    void client.connection.drained().then(() => (gone = true));
    client.transport.drain();
    await settled();
    expect(gone).toBe(false);
    client.transport.drain();
    await settled();
    expect(gone).toBe(true);
  });

  it('has drained already when it keeps up', async () => {
    const test = await startHub();
    await expect(test.connect().connection.drained()).resolves.toBeUndefined();
  });
});

const chunk = (deliveries: number, bytes: number) => ({ deliveries, bytes: Buffer.alloc(bytes) });

describe('a delivery queue', () => {
  it('refuses a chunk that would exceed a bound, unless it is empty', () => {
    const queue = new DeliveryQueue({ maxDeliveries: 3, maxBytes: 10 }, new BurstBudget());
    expect(queue.push(chunk(9, 90))).toBe(true);
    expect(queue.push(chunk(1, 1))).toBe(false);
    queue.shift();
    expect(queue.push(chunk(3, 9))).toBe(true);
    expect(queue.push(chunk(0, 1))).toBe(true);
    expect(queue.push(chunk(0, 1))).toBe(false);
    expect(queue.push(chunk(1, 0))).toBe(false);
    expect(queue.deliveries).toBe(3);
  });

  it('returns its chunks in order', () => {
    const queue = new DeliveryQueue({ maxDeliveries: 10, maxBytes: 10 }, new BurstBudget());
    const chunks = [chunk(1, 1), chunk(2, 2), chunk(3, 3)];
    for (const each of chunks) queue.push(each);
    expect([queue.shift(), queue.shift(), queue.shift(), queue.shift()]).toEqual([...chunks, undefined]);
    expect(queue.isEmpty).toBe(true);
    expect(queue.deliveries).toBe(0);
  });
});
