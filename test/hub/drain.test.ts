import { describe, expect, it } from 'vitest';
import { drain } from '../../src/hub/drain.ts';
import { CLOSE } from '../../src/model/close-codes.ts';
import { settled, startHub, type TestConnection } from '../support/connection.ts';

const codes = (clients: readonly TestConnection[]): (number | undefined)[] =>
  clients.map(({ transport }) => transport.closed?.code);

/** Returns the given numbers one after the other instead of random ones. */
function inOrder(...values: number[]): () => number {
  return () => values.shift() ?? 0;
}

describe('a node that drains', () => {
  it('closes each connection at a random moment within the window', async () => {
    const { hub, clock, subscriber } = await startHub();
    const clients = [subscriber(['*.*.*']), subscriber(['*.*.*']), subscriber(['*.*.*'])];
    const drained = drain(hub.connections, {
      clock,
      windowMs: 1_000,
      why: CLOSE.draining,
      random: inOrder(0.9, 0.1, 0.5),
    });
    const closedAfter = async (ms: number): Promise<(number | undefined)[]> => {
      clock.advance(ms);
      await settled();
      return codes(clients);
    };
    expect(await closedAfter(99)).toEqual([undefined, undefined, undefined]);
    expect(await closedAfter(1)).toEqual([undefined, 1001, undefined]);
    expect(await closedAfter(400)).toEqual([undefined, 1001, 1001]);
    expect(await closedAfter(400)).toEqual([1001, 1001, 1001]);
    await drained;
    expect(hub.connections.size).toBe(0);
  });

  it('closes all connections at once without a window, with the given code', async () => {
    const { hub, clock, subscriber } = await startHub();
    const clients = [subscriber(['*.*.*']), subscriber(['a.*.*'])];
    await drain(hub.connections, { clock, windowMs: 0, why: CLOSE.restart, random: inOrder() });
    expect(codes(clients)).toEqual([1012, 1012]);
  });

  it('sends a client every event until its moment, and what waits for it then', async () => {
    const { hub, clock, subscriber, publish } = await startHub();
    const client = subscriber(['*.*.*']);
    const drained = drain(hub.connections, {
      clock,
      windowMs: 1_000,
      why: CLOSE.draining,
      random: inOrder(0.5),
    });
    publish({ key: 'meanwhile' });
    client.transport.full = true;
    publish({ key: 'waits' });
    publish({ key: 'waits too' });
    clock.advance(500);
    await settled();
    expect(client.transport.closed).toBeUndefined();
    client.transport.drain();
    await drained;
    expect([client.takeKeys(), client.transport.closed?.code]).toEqual([
      ['meanwhile', 'waits', 'waits too'],
      1001,
    ]);
  });

  it('closes a client that reads nothing as too slow, and does not wait for it', async () => {
    const { hub, clock, subscriber, publish } = await startHub();
    const client = subscriber(['*.*.*']);
    client.transport.full = true;
    publish({ key: 'waits' });
    const drained = drain(hub.connections, { clock, windowMs: 0, why: CLOSE.draining, random: inOrder() });
    clock.advance(11_000);
    await drained;
    expect(client.transport.closed?.code).toBe(4008);
  });
});
