import { describe, expect, it } from 'vitest';
import { settled, startHub, type Heard, type TestConnection, type TestHub } from '../support/connection.ts';

async function startBounded(maxDeliveries = 4): Promise<TestHub> {
  return startHub({ queue: { maxDeliveries, maxBytes: 1024 * 1024 } });
}

function subscribed(test: TestHub, slow: string, patterns: readonly string[] = ['*.*.*']): TestConnection {
  const client = test.connect();
  client.subscribe(patterns, { slow });
  client.takeTexts();
  return client;
}

/** Publishes an event for each key, each in a flush of its own. */
function publishAll({ publish }: TestHub, ...keys: readonly string[]): void {
  for (const key of keys) publish({ key });
}

/** The keys of the events that were heard, and the object of each gap. */
const told = (heard: readonly Heard[]): unknown[] =>
  heard.map(({ type, key, object }) => (type === 'belfry' ? object : key));

describe('a slow client that said "slow": "drop-oldest"', () => {
  it('hears the newest events, and once what it missed', async () => {
    const test = await startBounded();
    const client = subscribed(test, 'drop-oldest');
    client.transport.full = true;
    publishAll(test, '1', '2', '3', '4', '5', '6', '7');
    expect(client.transport.closed).toBeUndefined();
    client.transport.drain();
    const gap = { from: '1-0', to: '4-0', reason: 'slow', dropped: 3 };
    // The first event was taken before the client was known to be slow.
    expect(told(client.take())).toEqual(['1', '5', '6', '7', gap]);
    publishAll(test, '8');
    expect(told(client.take())).toEqual(['8']);
  });

  it('may subscribe again to what it missed, on the same connection', async () => {
    const test = await startBounded();
    const client = subscribed(test, 'drop-oldest');
    client.transport.full = true;
    publishAll(test, '1', '2', '3', '4', '5', '6');
    client.transport.drain();
    client.takeTexts();
    client.subscribe(['*.*.*'], { since: '1-0', slow: 'drop-oldest' });
    await settled();
    expect(client.takeKeys()).toEqual(['2', '3']);
  });

  it('is told again each time that it was slow', async () => {
    const test = await startBounded(2);
    const client = subscribed(test, 'drop-oldest');
    for (const keys of [
      ['1', '2', '3'],
      ['4', '5', '6', '7'],
    ]) {
      client.transport.full = true;
      publishAll(test, ...keys);
      client.transport.drain();
    }
    const gaps = client.take().filter(({ type }) => type === 'belfry');
    expect(told(gaps)).toEqual([
      { from: '1-0', to: '2-0', reason: 'slow', dropped: 1 },
      { from: '4-0', to: '6-0', reason: 'slow', dropped: 2 },
    ]);
  });

  it('is told while it is still slow, as soon as half of its queue is free', async () => {
    const test = await startBounded(4);
    const client = subscribed(test, 'drop-oldest');
    client.transport.full = true;
    publishAll(test, '1', '2', '3', '4', '5');
    client.transport.capacity = 1;
    client.transport.drain();
    client.transport.drain();
    publishAll(test, '6');
    for (let n = 0; n < 2; n++) client.transport.drain();
    const gap = { from: '1-0', to: '2-0', reason: 'slow', dropped: 1 };
    expect(told(client.take())).toEqual(['1', '3', '4', '5']);
    client.transport.drain();
    client.transport.drain();
    expect(told(client.take())).toEqual(['6', gap]);
  });

  it('is told only the number of missed events that were never in the log', async () => {
    const test = await startBounded(2);
    const client = subscribed(test, 'drop-oldest');
    client.transport.full = true;
    for (const key of ['1', '2', '3']) {
      test.broker.deliverLive({ key });
      test.hub.delivery.flush();
    }
    client.transport.drain();
    expect(told(client.take())).toContainEqual({ from: null, to: null, reason: 'slow', dropped: 1 });
  });
});

describe('a slow client that said "slow": "latest-per-key"', () => {
  it('hears the latest event of each type, action and key, in its place', async () => {
    const test = await startBounded();
    const client = subscribed(test, 'latest-per-key');
    client.transport.full = true;
    publishAll(test, 'a', 'b', 'a', 'c', 'a', 'b');
    client.transport.drain();
    expect(client.transport.closed).toBeUndefined();
    const heard = client.take();
    expect(heard.filter(({ type }) => type !== 'belfry').map(({ id }) => id)).toEqual([
      '1-0',
      '4-0',
      '5-0',
      '6-0',
    ]);
    expect(told(heard)).toContainEqual({ from: '1-0', to: '3-0', reason: 'slow', dropped: 2 });
  });

  it('hears every event while its queue has room', async () => {
    const test = await startBounded();
    const client = subscribed(test, 'latest-per-key');
    client.transport.full = true;
    publishAll(test, 'a', 'a', 'a', 'a');
    client.transport.drain();
    expect(told(client.take())).toEqual(['a', 'a', 'a', 'a']);
  });

  it('is closed with 4008 when there are more keys than the queue holds', async () => {
    const test = await startBounded();
    const client = subscribed(test, 'latest-per-key');
    client.transport.full = true;
    publishAll(test, 'a', 'b', 'c', 'd', 'e');
    expect(client.transport.closed?.code).toBe(4008);
  });
});

describe('an event that may be left out', () => {
  it('is kept when another subscription of the connection admits it and keeps it', async () => {
    const test = await startBounded(3);
    const client = subscribed(test, 'drop-oldest');
    client.subscribe(['*.*.kept']);
    client.takeTexts();
    client.transport.full = true;
    publishAll(test, 'kept', 'a', 'b', 'kept', 'c', 'd');
    client.transport.drain();
    expect(client.takeKeys()).toEqual(['kept', 'kept', 'd']);
    client.transport.full = true;
    publishAll(test, 'kept', 'kept', 'kept', 'kept');
    expect(client.transport.closed?.code).toBe(4008);
  });

  it('is left out to make room for a reply', async () => {
    const test = await startBounded(3);
    const client = subscribed(test, 'drop-oldest');
    client.transport.full = true;
    publishAll(test, '1', '2', '3');
    client.send({ id: 'p', command: 'ping' });
    client.transport.drain();
    expect(client.take().map(({ key }) => key)).toContain('p');
    expect(client.transport.closed).toBeUndefined();
  });

  it('reaches a client that keeps up as before, in one write a flush', async () => {
    const test = await startBounded();
    const [quick, slow] = [subscribed(test, 'drop-oldest'), subscribed(test, 'drop-oldest')];
    const { encodes, frames } = test.hub.stats;
    const writes = quick.transport.writes.length;
    slow.transport.full = true;
    for (let n = 0; n < 6; n++) test.broker.append({ key: String(n) });
    test.hub.delivery.flush();
    for (let n = 6; n < 12; n++) test.broker.append({ key: String(n) });
    test.hub.delivery.flush();
    expect(quick.takeKeys()).toHaveLength(12);
    expect(quick.transport.writes.length - writes).toBe(2);
    expect([test.hub.stats.encodes - encodes, test.hub.stats.frames - frames]).toEqual([12, 12]);
  });

  it('is refused as a policy when its name is unknown', async () => {
    const test = await startBounded();
    const client = test.connect();
    client.subscribe(['*.*.*'], { slow: 'never' });
    expect(client.take()).toMatchObject([{ action: 'error', object: { code: 'command_invalid' } }]);
  });
});
