import { describe, expect, it } from 'vitest';
import { CLOSE } from '../../../src/model/close-codes.ts';
import { ManualClock } from '../../support/clock.ts';
import { startNode } from '../../support/node.ts';
import { withoutUpgrades } from '../../support/without-upgrades.ts';
import { clientOf, publishTo, socketsOf, take } from './world.ts';

const streams = { WebSocket: undefined };

describe('a client without sockets', () => {
  it('hears and publishes over HTTP, as over a socket', async () => {
    const hub = clientOf(await startNode(), {}, streams);
    const jobs = hub.listen('jobs.*.*', { filters: { key: ['1', 'ü'] } });
    const tasks = hub.listen('tasks.*.*');
    await Promise.all([jobs.ready, tasks.ready]);
    expect(hub.state).toMatchObject({ status: 'open', transport: 'stream', principal: 'user:admin' });
    const id = await hub.publish('jobs.save.1', { n: 1 });
    await hub.publish('jobs.save.2', null);
    await hub.publish('tasks.save.3', null, { idempotencyKey: 'Schlüssel' });
    expect(await jobs.next()).toMatchObject({ value: { id, key: '1', object: { n: 1 } } });
    expect(await take(tasks, 1)).toEqual(['3']);
    await hub.publish('jobs.save.ü', null);
    expect(await take(jobs, 1)).toEqual(['ü']);
  });

  it('publishes once what is repeated under the same key', async () => {
    const hub = clientOf(await startNode(), {}, streams);
    const once = (): Promise<string> => hub.publish('jobs.save.1', null, { idempotencyKey: 'one' });
    expect(await once()).toBe(await once());
  });

  it('misses nothing and hears nothing twice while listeners come, begin in the past and go', async () => {
    const node = await startNode();
    const hub = clientOf(node, {}, streams);
    const [first = ''] = await publishTo(node, 'jobs.save.0');
    const live = hub.listen('jobs.*.*');
    await live.ready;
    await publishTo(node, 'jobs.save.1', 'jobs.save.2');
    expect(await take(live, 2)).toEqual(['1', '2']);
    const late = hub.listen('jobs.save.*', { since: first });
    const other = hub.listen('other.*.*');
    expect(await take(late, 2)).toEqual(['1', '2']);
    await other.ready;
    other.close();
    await publishTo(node, 'jobs.save.3');
    expect(await take(live, 1)).toEqual(['3']);
    expect(await take(late, 1)).toEqual(['3']);
  });

  it('comes back as the hub says at the end of a stream, and goes on after the last event', async () => {
    const node = await startNode();
    const hub = clientOf(node, {}, { ...streams, random: () => 0 });
    const listener = hub.listen('jobs.*.*');
    await listener.ready;
    const reasons: unknown[] = [];
    hub.onState(({ status, reason }) => status === 'waiting' && reasons.push(reason?.code));
    for (const stream of socketsOf(node)) stream.close(CLOSE.restart);
    await publishTo(node, 'jobs.save.missed');
    expect(await take(listener, 1)).toEqual(['missed']);
    expect(reasons).toEqual([1012]);
  });

  it('gives up a first request without an answer for 15 s, and connects again', async () => {
    const clock = new ManualClock();
    const { promise: asked, resolve: askedOnce } = Promise.withResolvers<undefined>();
    let requests = 0;
    const mute: typeof fetch = (input, init) => {
      if (++requests > 1) return fetch(input, init);
      askedOnce(undefined);
      return new Promise(() => undefined);
    };
    const hub = clientOf(await startNode(), {}, { ...streams, clock, fetch: mute, random: () => 0.5 });
    const { ready } = hub.listen('jobs.*.*');
    await asked;
    clock.advance(15_000);
    expect(hub.state).toMatchObject({
      status: 'waiting',
      reason: { text: 'no answer' },
    });
    clock.advance(30_000);
    await ready;
  });

  it('refuses only the listener that the hub refuses', async () => {
    const node = await startNode();
    const token = (): Promise<string> =>
      node.token('ada', { subscribe: ['jobs.*.*'], publish: ['jobs.*.*'] });
    const hub = clientOf(node, { token }, streams);
    const jobs = hub.listen('jobs.*.*');
    const secret = hub.listen('secret.*.*');
    await expect(secret.ready).rejects.toMatchObject({ code: 'forbidden' });
    await jobs.ready;
    await hub.publish('jobs.save.1', null);
    expect(await take(jobs, 1)).toEqual(['1']);
    await expect(hub.publish('secret.save.1', null)).rejects.toMatchObject({ code: 'forbidden' });
  });

  it('whose token is refused ends with the sentence of the hub', async () => {
    const hub = clientOf(await startNode(), { token: 'not-a-token' }, streams);
    await expect(hub.listen('jobs.*.*').next()).rejects.toMatchObject({ closeCode: 4001 });
  });

  it('tells a gap where the hub tells one', async () => {
    const hub = clientOf(await startNode(), {}, streams);
    const listener = hub.listen('jobs.*.*', { since: '5-0' });
    const { value } = await listener.next();
    expect(value?.gap).toMatchObject({ from: '5-0' });
  });
});

describe('a client behind a proxy that refuses upgrades', () => {
  it('changes over to a stream after two of them, and to a socket once the proxy lets it, without a loss', async () => {
    const node = await startNode();
    const { url, allow } = await withoutUpgrades(node.url);
    const clock = new ManualClock();
    const hub = clientOf({ ...node, url }, {}, { clock, random: () => 0.5 });
    const listener = hub.listen('jobs.*.*');
    for (const attempt of [1, 2]) {
      await expect.poll(() => [hub.state.status, hub.state.attempt]).toEqual(['waiting', attempt]);
      clock.advance(1_000);
    }
    await listener.ready;
    expect(hub.state).toMatchObject({ status: 'open', transport: 'stream' });
    await publishTo(node, 'jobs.save.1');
    expect(await take(listener, 1)).toEqual(['1']);
    allow();
    // The first trial of a socket came at once and was refused. The next one is five minutes later.
    await expect
      .poll(() => {
        clock.advance(30_000);
        return hub.state.transport;
      })
      .toBe('socket');
    await publishTo(node, 'jobs.save.2');
    expect(await take(listener, 1)).toEqual(['2']);
    await expect.poll(() => socketsOf(node)).toHaveLength(1);
  });
});
