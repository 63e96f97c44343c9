import { connect as connectTcp, type Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import type { ClientOptions } from 'ws';
import { provisioning } from '../../src/dialects/provisioning.ts';
import { subscriptionsOf } from '../../src/dialects/provisioning-subscriptions.ts';
import type { TestClient } from '../support/client.ts';
import { startHub, type TestConnection } from '../support/connection.ts';
import { startNode } from '../support/node.ts';
import { anEvent, provisioningClient, publish } from './provisioning-helpers.ts';

const LISTEN = { BELFRY_LISTEN: '127.0.0.1:0=provisioning' };

/** This many events, which differ by their number. */
const ticks = (count: number): object[] =>
  Array.from({ length: count }, (_none, n) => anEvent('Tick', { n }));

/** How many events each of the next frames has. 0 is an event outside a batch. */
async function sizes(client: TestClient, frames: number): Promise<number[]> {
  const found: number[] = [];
  for (let n = 0; n < frames; n++) {
    const { events } = await client.next();
    found.push(Array.isArray(events) ? events.length : 0);
  }
  return found;
}

describe('events that wait for the same flush', () => {
  it('go out one by one when the URL asks for no batches', async () => {
    const node = await startNode(LISTEN);
    const client = await provisioningClient(node);
    await publish(node, ticks(20));
    expect(await sizes(client, 20)).toEqual(Array.from({ length: 20 }, () => 0));
  });

  it('go out in batches of ten when the URL asks for ten, and a single one left over goes alone', async () => {
    const node = await startNode(LISTEN);
    const client = await provisioningClient(node, '/ws?batch_size=10');
    await publish(node, ticks(21));
    expect(await sizes(client, 3)).toEqual([10, 10, 0]);
  });

  it('go out in batches of the size that the URL asks for', async () => {
    const node = await startNode(LISTEN);
    const client = await provisioningClient(node, '/ws?batch_size=3');
    await publish(node, ticks(8));
    expect(await sizes(client, 3)).toEqual([3, 3, 2]);
  });

  it('go out one by one when the URL asks for one', async () => {
    const node = await startNode(LISTEN);
    const client = await provisioningClient(node, '/ws?batch_size=1');
    await publish(node, ticks(3));
    expect(await sizes(client, 3)).toEqual([0, 0, 0]);
  });

  it('have the same text in a batch as alone, under the time of the last event', async () => {
    const node = await startNode(LISTEN);
    const client = await provisioningClient(node, '/ws?batch_size=10');
    const events = [
      anEvent('Tick', { n: 1 }),
      { ...anEvent('Tock', {}), timestamp: '2025-10-02T09:00:00.5Z' },
    ];
    await publish(node, events);
    expect(await client.nextText()).toBe(
      `{"type":"batch","timestamp":"2025-10-02T09:00:00.5Z","events":[${events.map((event) => JSON.stringify(event)).join(',')}]}`,
    );
  });

  it('are counted one by one', async () => {
    const node = await startNode(LISTEN);
    const client = await provisioningClient(node, '/ws?batch_size=10');
    await publish(node, ticks(5));
    expect(await sizes(client, 1)).toEqual([5]);
    expect(node.hub.stats.total.delivered).toBe(5);
  });
});

describe('an event on provisioning', () => {
  const connect = (test: Awaited<ReturnType<typeof startHub>>): TestConnection => {
    const client = test.connect({ dialect: provisioning });
    const subscriptions = subscriptionsOf('/ws', new URLSearchParams(), 'alone');
    test.commands.run(client.connection, { kind: 'subscribe', ref: '', subscriptions });
    return client;
  };
  const tick = { type: 'custom', action: 'Tick', key: '' };

  it('goes out at the end of the turn in which it came', async () => {
    const test = await startHub();
    const client = connect(test);
    test.broker.append(tick);
    test.broker.append(tick);
    expect(client.takeTexts()).toEqual([]);
    test.clock.turn();
    expect(client.take()).toMatchObject([{ event_type: 'Tick' }, { event_type: 'Tick' }]);
  });

  it('is never held back for 100 ms, however long a flush takes', async () => {
    const test = await startHub();
    const client = connect(test);
    const write = client.transport.write.bind(client.transport);
    client.transport.write = (bytes) => {
      test.clock.spend(5_000);
      write(bytes);
    };
    // A flush to the same client as the flush before is followed by a pause.
    for (const heard of [1, 1, 0]) {
      test.broker.append(tick);
      test.clock.turn();
      expect(client.takeTexts()).toHaveLength(heard);
    }
    test.clock.advance(99);
    expect(client.takeTexts()).toHaveLength(1);
  });
});

describe('compression on provisioning', () => {
  const large = { text: 'the same again and again, '.repeat(4_000) };
  const options = (sockets: Socket[]): ClientOptions => ({
    perMessageDeflate: true,
    createConnection: ((given: { host: string; port: number }) => {
      const socket = connectTcp(given);
      sockets.push(socket);
      return socket;
    }) as ClientOptions['createConnection'],
  });

  it.each([
    ['large', 'compressed', large, [0, 0.05]],
    ['small', 'as they are', { n: 1 }, [1, 1.1]],
  ] as const)('sends %s frames %s, and all of them can be read', async (_kind, _how, data, [least, most]) => {
    const node = await startNode(LISTEN);
    const sockets: Socket[] = [];
    const client = await provisioningClient(node, '/ws?compression=true', undefined, options(sockets));
    expect(client.ws.extensions).toBe('permessage-deflate');
    const before = sockets[0]?.bytesRead ?? 0;
    const text = JSON.stringify(anEvent('Tick', data));
    await publish(node, anEvent('Tick', data));
    expect(await client.nextText()).toBe(text);
    const ratio = ((sockets[0]?.bytesRead ?? 0) - before) / text.length;
    expect(ratio).toBeGreaterThanOrEqual(least);
    expect(ratio).toBeLessThanOrEqual(most);
  });

  it('works for batches, and for every client alike', async () => {
    const node = await startNode(LISTEN);
    const sockets: Socket[] = [];
    const clients = [];
    for (let n = 0; n < 2; n++)
      clients.push(
        await provisioningClient(node, '/ws?compression=true&batch_size=10', undefined, options(sockets)),
      );
    for (let round = 0; round < 2; round++) {
      await publish(node, [anEvent('Tick', large), anEvent('Tock', large)]);
      for (const client of clients) {
        expect(await client.next()).toMatchObject({
          type: 'batch',
          events: [{ data: large }, { data: large }],
        });
      }
    }
    for (const { bytesRead } of sockets) expect(bytesRead).toBeLessThan(10_000);
  });

  it.each([
    ['the URL does not ask for it', '/ws', true],
    ['the client cannot read it', '/ws?compression=true', false],
  ])('is left out when %s', async (_why, target, perMessageDeflate) => {
    const node = await startNode(LISTEN);
    const client = await provisioningClient(node, target, undefined, { perMessageDeflate });
    expect(client.ws.extensions).toBe('');
    await publish(node, anEvent('Tick', large));
    expect(await client.next()).toMatchObject({ data: large });
  });
});
