import { describe, expect, it, onTestFinished } from 'vitest';
import { CLOSE } from '../../../src/model/close-codes.ts';
import { FaultProxy } from '../../faults/proxy.ts';
import { ManualClock } from '../../support/clock.ts';
import { startNode, type TestNode } from '../../support/node.ts';
import { clientOf, socketsOf, startWorld, take } from './world.ts';

async function heard(node: TestNode): Promise<unknown[]> {
  const response = await fetch(`${node.url}/api/v3/events?pattern=jobs.*.*`, {
    headers: { Authorization: `Bearer ${await node.token()}` },
  });
  const { events } = (await response.json()) as { events: { key: string; object: unknown }[] };
  return events.map(({ key }) => key);
}

/** Lets everything go on that needs neither a timer nor the network. */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

async function proxied(): Promise<{ node: TestNode; proxy: FaultProxy; at: TestNode }> {
  const node = await startNode();
  const proxy = await FaultProxy.before(Number(new URL(node.url).port));
  onTestFinished(() => proxy.close());
  return { node, proxy, at: { ...node, url: `http://127.0.0.1:${proxy.port}` } };
}

describe('a publish of the client', () => {
  it('resolves with the id, and listeners receive the event', async () => {
    const { hub } = await startWorld();
    const listener = hub.listen('jobs.*.*');
    await listener.ready;
    const id = await hub.publish('jobs.save.a\\1b', { n: 1 }, { metadata: { by: 'test' } });
    expect(await listener.next()).toMatchObject({
      value: { id, key: 'a.b', object: { n: 1 }, metadata: { by: 'test' }, principal: 'user:admin' },
    });
    const ids = await hub.publishAll([
      { type: 'jobs', action: 'save', key: '1', object: null },
      { type: 'jobs', action: 'save', key: '2', object: null },
    ]);
    expect(ids).toHaveLength(2);
    expect(await take(listener, 2)).toEqual(['1', '2']);
  });

  it('happens once under the same idempotency key', async () => {
    const { node, hub } = await startWorld();
    const once = (): Promise<string> => hub.publish('jobs.save.1', null, { idempotencyKey: 'one' });
    expect(await once()).toBe(await once());
    expect(await heard(node)).toEqual(['1']);
  });

  it('is repeated on the next connection when its answer was lost, and happens once', async () => {
    const { node, proxy, at } = await proxied();
    const hub = clientOf(at, {}, { random: () => 0 });
    await hub.listen('other.*.*').ready;
    const listener = clientOf(node).listen('jobs.*.*');
    await listener.ready;
    // What the client sends still arrives, but the answer does not.
    const published = hub.publish('jobs.save.1', null);
    proxy.delay(20);
    expect(await take(listener, 1)).toEqual(['1']);
    proxy.swallow();
    proxy.cut();
    proxy.heal();
    expect(await published).toMatch(/^\d+-\d+$/);
    expect(await heard(node)).toEqual(['1']);
  });

  it('rejects with the code and the page when the hub refuses it', async () => {
    const { node } = await startWorld();
    const hub = clientOf(node, { token: () => node.token('ada', { publish: ['jobs.*.*'] }) });
    await expect(hub.publish('secret.save.1', null)).rejects.toMatchObject({
      code: 'forbidden',
      see: '/docs/reference/errors#forbidden',
    });
    await expect(hub.publish('belfry.save.1', null)).rejects.toMatchObject({
      code: expect.any(String) as string,
    });
    await expect(hub.publish('jobs.save,drop.1', null)).rejects.toMatchObject({ code: 'event_invalid' });
  });

  it('is refused at once without a connection, or waits for one if it may', async () => {
    const clock = new ManualClock();
    const { node, hub } = await startWorld({}, { clock });
    await hub.listen('other.*.*').ready;
    for (const socket of socketsOf(node)) socket.close(CLOSE.tryLater);
    await expect.poll(() => hub.state.status).toBe('waiting');
    await expect(hub.publish('jobs.save.1', null)).rejects.toMatchObject({ code: 'offline' });
    const queued = ['2', '3'].map((key) =>
      hub.publish(`jobs.save.${key}`, null, { offline: 'queue', max: 2 }),
    );
    await expect(hub.publish('jobs.save.4', null, { offline: 'queue', max: 2 })).rejects.toMatchObject({
      code: 'queue_full',
    });
    clock.advance(10_000);
    expect(await Promise.all(queued)).toHaveLength(2);
    expect(await heard(node)).toEqual(['2', '3']);
  });

  it('rejects when it waits too long, and says whether it may have happened', async () => {
    const clock = new ManualClock();
    const { proxy, at } = await proxied();
    const hub = clientOf(at, {}, { clock });
    await hub.listen('other.*.*').ready;
    proxy.swallow();
    const sent = hub.publish('jobs.save.1', null, { idempotencyKey: 'mine', ttlMs: 5_000 });
    await turn();
    clock.advance(5_000);
    await expect(sent).rejects.toMatchObject({ code: 'outcome_unknown', idempotencyKey: 'mine' });
    proxy.refuse();
    await expect.poll(() => hub.state.status).toBe('waiting');
    const queued = hub.publish('jobs.save.2', null, { offline: 'queue', ttlMs: 100 });
    await turn();
    clock.advance(100);
    await expect(queued).rejects.toMatchObject({ code: 'offline' });
  });

  it('can be aborted by a signal', async () => {
    const { proxy, at } = await proxied();
    const hub = clientOf(at);
    await hub.listen('other.*.*').ready;
    proxy.swallow();
    const published = hub.publish('jobs.save.1', null, { signal: AbortSignal.timeout(20) });
    await expect(published).rejects.toMatchObject({ name: 'TimeoutError' });
    await expect(hub.publish('jobs.save.1', null, { signal: AbortSignal.abort() })).rejects.toMatchObject({
      name: 'AbortError',
    });
  });
});
