import { describe, expect, it } from 'vitest';
import { Admission } from '../../src/gateway/sockets/admission.ts';
import { HandshakeRateLimit } from '../../src/gateway/sockets/handshake-rate-limit.ts';
import { networkOf } from '../../src/registry/address.ts';
import { connect, type TestClient } from '../support/client.ts';
import { ManualClock } from '../support/clock.ts';
import { startNode, type TestNode } from '../support/node.ts';
import { openLiveStream } from '../support/stream.ts';
import { ask, dial } from './connections-helpers.ts';

const refusalIn = (outcome: PromiseSettledResult<unknown>): string =>
  outcome.status === 'fulfilled' ? 'taken' : String(outcome.reason).slice(7, 23);

function socket(node: TestNode, path: string, headers: Record<string, string> = {}): Promise<TestClient> {
  return connect(`${node.url.replace('http', 'ws')}${path}`, { headers });
}

/** The number of attempts for each outcome. */
async function outcomes(attempts: readonly Promise<unknown>[]): Promise<Record<string, number>> {
  const all = (await Promise.allSettled(attempts)).map(refusalIn);
  return Object.fromEntries([...new Set(all)].map((one) => [one, all.filter((each) => each === one).length]));
}

describe('a node that may hold ten connections', () => {
  it('accepts exactly ten of thirty event streams and sockets that come at the same time', async () => {
    const node = await startNode({ BELFRY_CONNECTIONS_MAX: '10' });
    const token = await node.token();
    const came = await outcomes([
      ...Array.from({ length: 20 }, () => openLiveStream(`${node.url}/api/v3/events?token=${token}`)),
      ...Array.from({ length: 10 }, () => socket(node, `/native/ws?token=${token}`)),
    ]);
    const { taken, ...others } = came;
    expect(taken).toBe(10);
    expect((others['refused with 503'] ?? 0) + (others['closed with 1013'] ?? 0)).toBe(20);
    expect(node.hub.connections.size).toBe(10);
  });

  it('keeps the reserved share for clients with a token, however many come without one', async () => {
    const node = await startNode({ BELFRY_CONNECTIONS_MAX: '10', BELFRY_CONNECTIONS_RESERVED: '0.3' });
    const strangers = ['/norn/ws', '/dorgu/ws', '/native/ws', '/norn/ws?token=rejected input'];
    const came = await outcomes(Array.from({ length: 20 }, (_, i) => socket(node, strangers[i % 4] ?? '')));
    expect(came['taken']).toBe(7);
    const token = await node.token();
    expect(await outcomes([socket(node, `/norn/ws?token=${token}`), dial(node, token)])).toEqual({
      taken: 2,
    });
    await openLiveStream(`${node.url}/api/v3/events?token=${token}`);
    await expect(dial(node, token)).rejects.toThrow('503');
  });

  it('gives the place of an anonymous client to the next one once the first has signed in', async () => {
    const node = await startNode({ BELFRY_CONNECTIONS_MAX: '4', BELFRY_CONNECTIONS_RESERVED: '0.5' });
    const [first] = [await socket(node, '/native/ws'), await socket(node, '/native/ws')];
    await expect(socket(node, '/native/ws')).rejects.toThrow('503');
    first.send({ id: 1, command: 'auth', token: await node.token() });
    await first.next();
    await socket(node, '/native/ws');
    await expect(socket(node, '/native/ws')).rejects.toThrow('503');
    expect([node.hub.connections.size, node.hub.connections.anonymous]).toEqual([3, 2]);
    for (const connection of node.hub.connections) connection.close({ code: 1000, reason: '', retry: false });
    expect(node.hub.connections.anonymous).toBe(0);
  });
});

describe('admission', () => {
  const none = { size: 0, anonymous: 0 };

  it('accepts clients without a token up to the limit when nothing is reserved, and none when everything is', () => {
    const open = new Admission({ connections: none, connectionsMax: 1, connectionsReserved: 0.1 });
    open.enter(true);
    expect(() => open.enter(true)).toThrow('The node holds 1 connections.');
    const closed = new Admission({ connections: none, connectionsMax: 1, connectionsReserved: 1 });
    expect(() => closed.enter(true)).toThrow('Expected a token');
    closed.enter(false).admit('user:ada');
  });

  it('counts a client whose credentials are refused among those without a token', () => {
    const admission = new Admission({ connections: none, connectionsMax: 2, connectionsReserved: 0.5 });
    const first = admission.enter(false);
    first.admit('unknown');
    const second = admission.enter(false);
    expect(() => second.admit('unknown')).toThrow('Expected a token');
    second.leave();
    first.leave();
    first.leave();
    admission.enter(true).admit('unknown');
    admission.enter(false);
    expect(() => admission.enter(false)).toThrow('The node holds 2 connections.');
  });
});

describe('the limit on handshakes of one address', () => {
  it('refuses more handshakes in a minute with 429 and a time to come back, and still accepts those with a token', async () => {
    const node = await startNode({ BELFRY_HANDSHAKES_PER_MINUTE_PER_ADDRESS: '3' });
    await socket(node, '/norn/ws');
    // A plain request at the path of a socket counts in the same way.
    expect((await fetch(`${node.url}/native/ws`)).status).toBe(400);
    await socket(node, '/dorgu/ws');
    const refused = await fetch(`${node.url}/norn/ws`);
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '20']);
    await expect(socket(node, '/norn/ws')).rejects.toThrow('429');
    await dial(node, await node.token());
    expect((await ask(node.url, '/info', await node.token())).status).toBe(200);
  });

  it('permits handshakes again as time passes, and does not count those of other addresses', () => {
    const clock = new ManualClock();
    const rate = new HandshakeRateLimit(60, clock);
    const take = (address: string): void => rate.take(address, false);
    for (let i = 0; i < 60; i++) take('192.0.2.1:1');
    expect(() => take('192.0.2.1:2')).toThrow('more than 60 handshakes');
    take('192.0.2.2:1');
    rate.take('192.0.2.1:3', true);
    clock.advance(2_000);
    take('192.0.2.1:4');
    take('192.0.2.1:5');
    expect(() => take('192.0.2.1:6')).toThrow('Expected the next one after 1 s');
  });

  it('counts for the 50,000 addresses that were seen last', () => {
    const rate = new HandshakeRateLimit(1, new ManualClock());
    for (let i = 0; i < 100_000; i++) rate.take(`10.${i >> 16}.${(i >> 8) & 255}.${i & 255}:1`, false);
    expect(() => rate.take('10.1.134.159:1', false)).toThrow('more than 1 handshakes');
    rate.take('10.0.0.0:1', false);
  });

  it('counts the addresses together among which a host of IPv6 can choose', () => {
    expect(networkOf('[2001:db8:0:1::1]:80')).toBe(networkOf('[2001:db8:0:1:ffff::9]:81'));
    expect(networkOf('[2001:db8:0:1::1]:80')).not.toBe(networkOf('[2001:db8:0:2::1]:80'));
    expect(networkOf('192.0.2.1:80')).not.toBe(networkOf('192.0.2.2:80'));
    expect(networkOf('[::ffff:192.0.2.1]:80')).toBe(networkOf('192.0.2.1:80'));
  });
});
