import { describe, expect, it } from 'vitest';
import type { Presence } from '../../../src/clients/sdk/presence.ts';
import { CLOSE } from '../../../src/model/close-codes.ts';
import { startNode } from '../../support/node.ts';
import { clientOf, socketsOf } from './world.ts';

async function next(iterator: AsyncIterator<Presence>): Promise<Presence | undefined> {
  return ((await iterator.next()) as { value?: Presence }).value;
}

const NO_GRACE = { BELFRY_PRESENCE_GRACE_MS: '0' };

describe('the presence of a principal, as a client shows it', () => {
  it('begins with what is, and goes on with each change', async () => {
    const node = await startNode(NO_GRACE);
    const ada = clientOf(node, { token: () => node.token('ada') });
    const shown = clientOf(node).presence('user:ada');
    expect(await next(shown)).toEqual({ principal: 'user:ada', online: false, since: null, lastSeen: null });
    const listener = ada.listen('jobs.*.*');
    expect(await next(shown)).toMatchObject({ principal: 'user:ada', online: true });
    const second = clientOf(node).presence('user:ada');
    expect(Object.keys((await next(second)) ?? {})).toEqual(['principal', 'online', 'since', 'lastSeen']);
    listener.close();
    ada.close();
    expect(await next(shown)).toMatchObject({ online: false });
    expect(await next(second)).toMatchObject({ online: false });
    await Promise.all([shown.return(), second.return()]);
  });

  it('goes on when the connection breaks, and ends with its signal', async () => {
    const node = await startNode(NO_GRACE);
    const watching = new AbortController();
    const shown = clientOf(node).presence('user:ada', { signal: watching.signal });
    expect(await next(shown)).toMatchObject({ online: false });
    for (const socket of socketsOf(node)) socket.close(CLOSE.tooSlow);
    clientOf(node, { token: () => node.token('ada') }).listen('jobs.*.*');
    expect(await next(shown)).toMatchObject({ online: true });
    watching.abort();
    expect(await next(shown)).toBeUndefined();
    // Only the patterns of ada are left.
    const subscribed = (): number =>
      socketsOf(node).reduce((sum, { subscriptions }) => sum + subscriptions.size, 0);
    await expect.poll(subscribed).toBe(1);
  });

  it('is refused to a client that may not receive its events', async () => {
    const node = await startNode();
    const hub = clientOf(node, { token: () => node.token('ada', { subscribe: ['jobs.*.*'] }) });
    await expect(next(hub.presence('user:bob'))).rejects.toMatchObject({ code: 'forbidden' });
  });
});
