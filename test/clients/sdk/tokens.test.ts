import { describe, expect, it } from 'vitest';
import { CLOSE } from '../../../src/model/close-codes.ts';
import { signToken } from '../../../src/app-token.ts';
import { ManualClock } from '../../support/clock.ts';
import { startNode } from '../../support/node.ts';
import { clientOf, publishTo, socketsOf, take } from './world.ts';

describe('the token of a client', () => {
  it('is in no URL and no header, and is sent as the first command', async () => {
    const node = await startNode();
    const urls: string[] = [];
    const Spy = class extends WebSocket {
      constructor(url: string) {
        super(url);
        urls.push(url);
      }
    };
    await clientOf(node, {}, { WebSocket: Spy }).listen('jobs.*.*').ready;
    expect(urls).toEqual([`${node.url.replace('http', 'ws')}/native/ws`]);
    expect(socketsOf(node)[0]?.identity.principal).toBe('user:admin');
  });

  it('is renewed on the open socket before it expires, and nothing is missed', async () => {
    const node = await startNode();
    const clock = new ManualClock();
    let asked = 0;
    const token = (): Promise<string> => {
      asked++;
      return signToken(node.config, { subject: 'ada', roles: ['admin'], ttlS: asked === 1 ? 60 : 600 });
    };
    const hub = clientOf(node, { token }, { clock, random: () => 0.5 });
    const listener = hub.listen('jobs.*.*');
    await listener.ready;
    const [socket] = socketsOf(node);
    const end = socket?.identity.expiresAt ?? 0;
    // In steps, since each ping on the way must be answered in time.
    await expect.poll(() => hub.state.clockSkewMs).toBeDefined();
    const { state } = hub;
    clock.advance(25_000);
    await expect.poll(() => hub.state).not.toBe(state);
    clock.advance(22_000);
    expect(asked).toBe(1);
    clock.advance(1_500);
    await expect.poll(() => socket?.identity.expiresAt).toBeGreaterThan(end);
    expect(asked).toBe(2);
    await publishTo(node, 'jobs.save.1');
    expect(await take(listener, 1)).toEqual(['1']);
    expect(socketsOf(node)).toEqual([socket]);
  });

  it('is requested once for all that wait for it, and again after it was revoked', async () => {
    const node = await startNode();
    let asked = 0;
    const hub = clientOf(node, {
      token: () => {
        asked++;
        return node.token('ada');
      },
    });
    const listener = hub.listen('jobs.*.*');
    await Promise.all([listener.ready, hub.publish('a.save.1', null), hub.listen('b.*.*').ready]);
    expect(asked).toBe(1);
    for (const socket of socketsOf(node)) socket.close(CLOSE.tokenExpired);
    await publishTo(node, 'jobs.save.missed');
    expect(await take(listener, 1)).toEqual(['missed']);
    expect(asked).toBe(2);
  });

  it('is requested again later when it cannot be had, and the state says why', async () => {
    const node = await startNode();
    let asked = 0;
    const reasons: unknown[] = [];
    const hub = clientOf(
      node,
      {
        token: () => {
          if (++asked < 3) throw new Error('the sign-in page is away');
          return node.token();
        },
      },
      { random: () => 0 },
    );
    hub.onState(({ status, reason }) => status === 'waiting' && reasons.push(reason));
    await hub.listen('jobs.*.*').ready;
    const reason = { code: 1006, text: 'Error: the sign-in page is away' };
    expect(reasons).toEqual([reason, reason]);
  });

  it('ends the client with the sentence of the hub when it is refused and there is no other', async () => {
    const hub = clientOf(await startNode(), { token: 'not-a-token' });
    await expect(hub.listen('jobs.*.*').next()).rejects.toMatchObject({
      code: 'closed',
      closeCode: 4001,
      message: expect.stringContaining('token') as string,
    });
  });

  it('is forgotten at a logout together with the listeners, and the next listener signs in anew', async () => {
    const node = await startNode();
    const names = ['ada', 'bob'];
    const hub = clientOf(node, { token: () => node.token(names.shift()) });
    const listener = hub.listen('jobs.*.*');
    await listener.ready;
    hub.logout();
    expect(await take(listener, 1)).toEqual(['end']);
    expect(hub.state).toMatchObject({ status: 'idle', principal: undefined });
    await expect.poll(() => socketsOf(node)).toHaveLength(0);
    await hub.listen('jobs.*.*').ready;
    expect(hub.state.principal).toBe('user:bob');
  });
});
