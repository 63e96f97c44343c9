import { describe, expect, it, onTestFinished } from 'vitest';
import type { Environment, Page } from '../../../src/clients/sdk/environment.ts';
import type { Hub } from '../../../src/clients/sdk/hub.ts';
import { CLOSE, closeWith } from '../../../src/model/close-codes.ts';
import { FaultProxy } from '../../faults/proxy.ts';
import { ManualClock } from '../../support/clock.ts';
import { startNode, type TestNode } from '../../support/node.ts';
import { clientOf, publishTo, socketsOf, take } from './world.ts';

/** A WebSocket that counts the pings that were sent through it. */
function spySocket(): { WebSocket: NonNullable<Environment['WebSocket']>; pings: () => number } {
  let pings = 0;
  const Spy = class extends WebSocket {
    override send(text: string): void {
      if (text.includes('"command":"ping"')) pings++;
      super.send(text);
    }
  };
  return { WebSocket: Spy, pings: () => pings };
}

/** The state of a page, as a browser reports it. */
class TestPage extends EventTarget implements Page {
  readonly document = Object.assign(new EventTarget(), { visibilityState: 'visible' });
}

interface World {
  readonly node: TestNode;
  readonly hub: Hub;
  readonly clock: ManualClock;
  readonly page: TestPage;
  readonly pings: () => number;
}

/** A client that is connected, and whose first ping has been answered. */
async function open(): Promise<World> {
  const node = await startNode();
  const clock = new ManualClock();
  const page = new TestPage();
  const { WebSocket: Spy, pings } = spySocket();
  const hub = clientOf(node, {}, { clock, page, WebSocket: Spy, random: () => 0.5 });
  await hub.listen('quiet.*.*').ready;
  await expect.poll(() => hub.state.clockSkewMs).toBeDefined();
  return { node, hub, clock, page, pings };
}

describe('a client whose token is not answered', () => {
  it('ends the socket after 15 s and connects again', async () => {
    const node = await startNode();
    const clock = new ManualClock();
    const { promise: asked, resolve: askedOnce } = Promise.withResolvers<undefined>();
    let sockets = 0;
    const Mute = class extends WebSocket {
      readonly number = ++sockets;
      override send(text: string): void {
        if (this.number === 1) askedOnce(undefined);
        else super.send(text);
      }
    };
    const hub = clientOf(node, {}, { clock, WebSocket: Mute, random: () => 0.5 });
    const { ready } = hub.listen('quiet.*.*');
    await asked;
    clock.advance(14_999);
    expect(hub.state.status).toBe('connecting');
    clock.advance(1);
    expect(hub.state).toMatchObject({ status: 'waiting', reason: { text: 'no answer' } });
    clock.advance(30_000);
    await ready;
    expect(sockets).toBe(2);
  });

  it('comes back when it was closed since the node was too busy to read its token in time', async () => {
    const { node, hub, clock } = await open();
    const late = closeWith(CLOSE.tryLater, 'no credentials came in time; try later');
    for (const socket of socketsOf(node)) socket.close(late);
    await expect.poll(() => hub.state.status).toBe('waiting');
    clock.advance(60_000);
    await expect.poll(() => hub.state.status).toBe('open');
  });
});

describe('a client that receives nothing', () => {
  it('asks the hub every 20 to 25 s whether it is still there', async () => {
    const { clock, pings } = await open();
    const before = pings();
    clock.advance(20_000);
    expect(pings()).toBe(before);
    clock.advance(5_000);
    expect(pings()).toBe(before + 1);
  });

  it('asks at once when somebody looks at the page, also after a logout and a login', async () => {
    const { hub, page, pings } = await open();
    hub.logout();
    hub.reconnect();
    const { status, clockSkewMs } = hub.state;
    expect(status).toBe('connecting');
    await expect.poll(() => hub.state.clockSkewMs !== clockSkewMs && hub.state.status).toBe('open');
    const before = pings();
    page.document.dispatchEvent(new Event('visibilitychange'));
    expect(pings()).toBe(before + 1);
  });

  it('asks at once after a sleep, when somebody looks at the page, and when the network is back', async () => {
    const { hub, clock, page, pings } = await open();
    const answered = async (): Promise<void> => {
      // A new object shows that the answer has come.
      const { state } = hub;
      await expect.poll(() => hub.state).not.toBe(state);
    };
    let before = pings();
    clock.spend(600_000);
    clock.advance(5_000);
    expect(pings()).toBe(before + 1);
    await answered();
    for (const [target, name] of [
      [page.document, 'visibilitychange'],
      [page, 'online'],
      [page, 'offline'],
      [page, 'pageshow'],
    ] as const) {
      before = pings();
      target.dispatchEvent(new Event(name));
      expect(pings()).toBe(before + 1);
      await answered();
    }
  });

  it('gives up a socket without an answer for 10 s, and misses nothing on the next one', async () => {
    const node = await startNode();
    const proxy = await FaultProxy.before(Number(new URL(node.url).port));
    onTestFinished(() => proxy.close());
    const clock = new ManualClock();
    const hub = clientOf(
      { ...node, url: `http://127.0.0.1:${proxy.port}` },
      {},
      { clock, random: () => 0.5 },
    );
    const listener = hub.listen('jobs.*.*');
    await listener.ready;
    await expect.poll(() => hub.state.clockSkewMs).toBeDefined();
    proxy.swallow();
    await publishTo(node, 'jobs.save.1');
    clock.advance(25_000);
    clock.advance(10_000);
    expect(hub.state).toMatchObject({
      status: 'waiting',
      reason: { code: 1006, text: 'no answer to a ping' },
    });
    proxy.heal();
    clock.advance(500);
    expect(await take(listener, 1)).toEqual(['1']);
  });

  it('shows in its state how far the clock of the hub is ahead, and how late events arrive', async () => {
    const { node, hub, clock } = await open();
    expect(Math.abs((hub.state.clockSkewMs ?? 0) - (Date.now() - clock.now()))).toBeLessThan(5_000);
    expect(hub.state.lag).toBeUndefined();
    await publishTo(node, 'quiet.save.1');
    await expect
      .poll(() => {
        clock.advance(25_000);
        return hub.state.lag;
      })
      .toBeGreaterThanOrEqual(0);
  });
});

describe('a client in a page that is left', () => {
  it('closes its socket, so that the browser can keep the page, and reconnects with the page', async () => {
    const { node, hub, page } = await open();
    const listener = hub.listen('jobs.*.*');
    await listener.ready;
    page.dispatchEvent(new Event('pagehide'));
    await expect.poll(() => socketsOf(node)).toHaveLength(0);
    expect(hub.state).toMatchObject({ status: 'waiting', nextAttemptAt: undefined });
    await publishTo(node, 'jobs.save.1');
    page.dispatchEvent(new Event('pageshow'));
    expect(await take(listener, 1)).toEqual(['1']);
  });
});
