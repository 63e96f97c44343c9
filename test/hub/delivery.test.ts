import { describe, expect, it } from 'vitest';
import { CLOSE } from '../../src/model/close-codes.ts';
import { anIdentity, startHub, type TestConnection, type TestHub } from '../support/connection.ts';
import { isForgotten } from '../support/garbage.ts';
import { readFrames } from '../support/transport.ts';

const MIB = 1024 * 1024;

describe('delivery of events', () => {
  it('is one write at the end of the turn for several events', async () => {
    const { broker, clock, subscriber } = await startHub();
    const client = subscriber(['*.*.*']);
    const before = client.transport.writes.length;
    for (const key of ['1', '2', '3']) broker.append({ key });
    expect(client.transport.writes).toHaveLength(before);
    clock.turn();
    expect(client.transport.writes).toHaveLength(before + 1);
    expect(client.takeKeys()).toEqual(['1', '2', '3']);
  });

  /** A client whose every write takes 7 ms. */
  const slowly = ({ clock, subscriber }: TestHub, pattern: string): TestConnection => {
    const client = subscriber([pattern]);
    const write = client.transport.write.bind(client.transport);
    client.transport.write = (bytes) => {
      clock.spend(7);
      write(bytes);
    };
    return client;
  };

  it('rests once flushes to the same clients have taken nearly all of the time for a while', async () => {
    const test = await startHub();
    const { broker, clock } = test;
    const client = slowly(test, '*.*.*');
    const sent = Array.from({ length: 22 }, (_, i) => String(i));
    for (const key of sent) {
      broker.append({ key });
      clock.turn();
    }
    broker.append({ key: '22' });
    broker.append({ key: '23' });
    clock.turn();
    clock.advance(1);
    expect(client.takeKeys()).toEqual(sent);
    clock.advance(1);
    expect(client.takeKeys()).toEqual(['22', '23']);
  });

  it('does not rest when each flush goes to other clients, since no write would grow', async () => {
    const test = await startHub();
    const { broker, clock } = test;
    const clients = [slowly(test, '*.*.even'), slowly(test, '*.*.odd')];
    const keys = Array.from({ length: 40 }, (_, i) => (i % 2 === 0 ? 'even' : 'odd'));
    for (const key of keys) {
      broker.append({ key });
      clock.turn();
    }
    expect(clients.map((client) => client.takeKeys())).toEqual([
      keys.filter((key) => key === 'even'),
      keys.filter((key) => key === 'odd'),
    ]);
  });

  it('cuts writes at 1 MiB, for every member alike', async () => {
    const { broker, clock, subscriber } = await startHub({
      queue: { maxDeliveries: 100, maxBytes: 10 * MIB },
    });
    const clients = [subscriber(['*.*.*']), subscriber(['*.*.*'])];
    for (let n = 0; n < 5; n++) broker.append({ key: String(n), object: 'x'.repeat(400_000) });
    clock.turn();
    for (const client of clients) {
      expect(client.transport.writes.slice(1).map((bytes) => readFrames(bytes).length)).toEqual([2, 2, 1]);
      expect(client.takeKeys()).toEqual(['0', '1', '2', '3', '4']);
    }
  });

  it('keeps the order of the log across cohorts and turns', async () => {
    const { broker, clock, subscriber } = await startHub();
    const client = subscriber(['a.*.*', 'b.*.*']);
    const keys = Array.from({ length: 20 }, (_, n) => String(n));
    for (const key of keys) {
      broker.append({ type: Number(key) % 2 === 0 ? 'a' : 'b', key });
      if (Number(key) % 3 === 0) clock.turn();
    }
    clock.advance(20);
    clock.turn();
    expect(client.takeKeys()).toEqual(keys);
  });
});

describe('a client that subscribes', () => {
  it('hears nothing from before, even when members of its cohort still wait for it', async () => {
    const { broker, hub, connect, subscriber } = await startHub();
    const first = subscriber(['*.*.*']);
    broker.append({ key: 'before' });
    const late = connect();
    late.subscribe(['*.*.*']);
    broker.append({ key: 'after' });
    hub.delivery.flush();
    expect(first.takeKeys()).toEqual(['before', 'after']);
    expect(late.take()).toMatchObject([{ type: 'belfry', action: 'subscribe' }, { key: 'after' }]);
  });

  it('reads the reply before the first event', async () => {
    const { broker, hub, connect } = await startHub();
    const client = connect();
    broker.append({ key: 'before' });
    client.subscribe(['*.*.*']);
    broker.append({ key: 'after' });
    hub.delivery.flush();
    expect(client.take()).toMatchObject([
      { type: 'belfry', action: 'subscribe', key: 's', object: { patterns: ['*.*.*'], cursor: '1-0' } },
      { key: 'after' },
    ]);
  });

  it('misses nothing of its other subscriptions', async () => {
    const { broker, hub, subscriber } = await startHub();
    const client = subscriber(['a.*.*']);
    broker.append({ type: 'a', key: '1' });
    broker.append({ type: 'b', key: '2' });
    client.subscribe(['b.*.*']);
    broker.append({ type: 'b', key: '3' });
    hub.delivery.flush();
    expect(client.take().map(({ key }) => key)).toEqual(['1', 's', '3']);
  });

  it('hears on when the only other member of the cohort that it joined is closed', async () => {
    const { broker, hub, connect, subscriber } = await startHub({
      queue: { maxDeliveries: 1, maxBytes: MIB },
    });
    const slow = subscriber(['*.*.*']);
    slow.transport.full = true;
    broker.append({ key: '1' });
    hub.delivery.flush();
    broker.append({ key: '2' });
    const client = connect();
    client.subscribe(['*.*.*']);
    expect(slow.transport.closed).toBeUndefined();
    broker.append({ key: '3' });
    hub.delivery.flush();
    expect(slow.transport.closed?.code).toBe(CLOSE.tooSlow.code);
    broker.append({ key: '4' });
    hub.delivery.flush();
    expect(client.takeKeys()).toEqual(['3', '4']);
  });
});

describe('a client that unsubscribes', () => {
  it('misses nothing from before, and reads the reply after it', async () => {
    const { broker, hub, subscriber } = await startHub();
    const client = subscriber(['*.*.*']);
    broker.append({ key: 'before' });
    client.send({ id: 'u', command: 'unsubscribe', patterns: ['*.*.*'] });
    broker.append({ key: 'after' });
    hub.delivery.flush();
    expect(client.take().map(({ type, key }) => `${type} ${key}`)).toEqual(['profiles before', 'belfry u']);
  });

  it('hears its other subscriptions as before', async () => {
    const { hub, broker, subscriber } = await startHub();
    const client = subscriber(['a.*.*', 'b.*.*']);
    client.send({ id: 'u', command: 'unsubscribe', patterns: ['a.*.*', 'never.*.*'] });
    broker.append({ type: 'a', key: '1' });
    broker.append({ type: 'b', key: '2' });
    hub.delivery.flush();
    expect(client.takeKeys()).toEqual(['2']);
  });

  it('leaves nothing behind in the router', async () => {
    const { hub, broker, subscriber } = await startHub();
    const client = subscriber(['*.*.*']);
    client.send({ id: 'u', command: 'unsubscribe', patterns: ['*.*.*'] });
    const { encodes } = hub.stats;
    const { received } = hub.stats.total;
    broker.append();
    expect(hub.stats).toMatchObject({ total: { received }, encodes });
  });
});

describe('a connection that closes', () => {
  it('is sent first what it heard before', async () => {
    const { broker, subscriber } = await startHub();
    const client = subscriber(['*.*.*']);
    broker.append({ key: 'before' });
    client.connection.close(CLOSE.byOperator);
    broker.append({ key: 'after' });
    expect(client.takeKeys()).toEqual(['before']);
    expect(client.transport.closed).toEqual({ code: 4009, reason: CLOSE.byOperator.reason });
  });

  it('hears nothing more, and the other members miss nothing', async () => {
    const { broker, hub, subscriber } = await startHub();
    const [client, other] = [subscriber(['*.*.*']), subscriber(['*.*.*'])];
    broker.append({ key: '1' });
    hub.connections.detach(client.connection, 'gone');
    broker.append({ key: '2' });
    hub.delivery.flush();
    expect(client.takeKeys()).not.toContain('2');
    expect(other.takeKeys()).toEqual(['1', '2']);
    expect([...hub.connections]).not.toContain(client.connection);
  });

  it('is not counted as slow for what still waited', async () => {
    const { broker, hub, subscriber } = await startHub();
    const [closed, gone] = [subscriber(['*.*.*']), subscriber(['*.*.*'])];
    broker.append();
    hub.connections.detach(gone.connection, 'gone');
    broker.append();
    closed.connection.close(CLOSE.byOperator);
    expect(hub.stats).toMatchObject({ total: { received: 5, delivered: 5, droppedSlow: 0 } });
  });

  it('hears nothing more when it was too slow for what waited as it subscribed to more', async () => {
    const { broker, hub, subscriber } = await startHub({ queue: { maxDeliveries: 1, maxBytes: MIB } });
    const slow = subscriber(['a.*.*']);
    slow.transport.full = true;
    broker.append({ type: 'a' });
    hub.delivery.flush();
    broker.append({ type: 'a' });
    slow.subscribe(['b.*.*']);
    expect(slow.transport.closed?.code).toBe(CLOSE.tooSlow.code);
    const { received } = hub.stats.total;
    broker.append({ type: 'a' });
    broker.append({ type: 'b' });
    hub.delivery.flush();
    expect(hub.stats.total.received).toBe(received);
  });

  it('is forgotten, however it closed', async () => {
    const test = await startHub({ queue: { maxDeliveries: 1, maxBytes: MIB } });
    const expiresAt = test.clock.now() + 60_000;
    const ended = async (end: (client: TestConnection) => void | Promise<void>): Promise<WeakRef<object>> => {
      const client = test.subscriber(['*.*.*'], { identity: anIdentity({ expiresAt }) });
      client.transport.full = true;
      test.publish();
      test.broker.append();
      await end(client);
      expect(client.connection.isOpen).toBe(false);
      return new WeakRef(client.connection);
    };
    const all = [
      await ended(({ connection }) => test.hub.connections.detach(connection, 'gone')),
      await ended(({ connection }) => connection.close(CLOSE.byOperator)),
      await ended(() => test.hub.delivery.flush()),
      await ended(({ connection }) => test.hub.connections.identify(connection, anIdentity({ expiresAt }))),
      await ended((client) => client.subscribe(['a.*.*'])),
      await ended(() => test.clock.advance(60_000)),
    ];
    for (const connection of all) expect(await isForgotten(connection)).toBe(true);
  });

  it('closes once, however often it is closed', async () => {
    const { hub, subscriber } = await startHub();
    const client = subscriber(['*.*.*']);
    client.connection.close(CLOSE.byOperator);
    client.connection.close(CLOSE.tooSlow);
    hub.connections.detach(client.connection, 'gone');
    expect(client.transport.closed?.code).toBe(4009);
    expect(client.connection.isOpen).toBe(false);
  });

  it('is told why when the node stops, after what waits for it', async () => {
    const { broker, hub, subscriber } = await startHub();
    const clients = [subscriber(['*.*.*']), subscriber(['a.*.*'])];
    broker.append({ key: 'last' });
    await hub.stop();
    expect(clients.map(({ transport }) => transport.closed?.code)).toEqual([1001, 1001]);
    expect(clients[0]?.takeKeys()).toEqual(['last']);
    expect(hub.connections.size).toBe(0);
  });
});
