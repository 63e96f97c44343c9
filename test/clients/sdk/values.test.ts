import { describe, expect, it } from 'vitest';
import type { Hub } from '../../../src/clients/sdk/hub.ts';
import { CLOSE } from '../../../src/model/close-codes.ts';
import { clientOf, publishTo, socketsOf, startWorld } from './world.ts';

const RETENTION = { BELFRY_RETENTION: '[{"pattern":"machines.*.*","latest":true}]' };

const publish = (hub: Hub, topic: string, n: number | null): Promise<string> =>
  hub.publish(`machines.${topic}`, n === null ? null : { n });

async function next<T>(iterator: AsyncIterator<T>): Promise<T> {
  return ((await iterator.next()) as { value: T }).value;
}

describe('the latest values of a client', () => {
  it('are those of every key that the hub keeps, and then each change', async () => {
    const { hub } = await startWorld(RETENTION);
    await publish(hub, 'save.a', 1);
    await publish(hub, 'save.b\\1c', 2);
    const list = hub.list('machines');
    const { values } = await next(list);
    const shown = (): unknown => [...values].map(([key, { object }]) => [key, object]);
    expect(shown()).toEqual([
      ['a', { n: 1 }],
      ['b.c', { n: 2 }],
    ]);
    await publish(hub, 'update.a', 3);
    expect(await next(list)).toMatchObject({ change: { action: 'update', key: 'a', object: { n: 3 } } });
    await publish(hub, 'delete.b\\1c', null);
    expect(await next(list)).toMatchObject({ change: { action: 'delete' } });
    await publish(hub, 'save.c', 4);
    expect(await next(list)).toMatchObject({ change: { key: 'c', type: 'machines' } });
    expect(shown()).toEqual([
      ['a', { n: 3 }],
      ['c', { n: 4 }],
    ]);
    await list.return();
  });

  it('of one key begin with none where the hub keeps none', async () => {
    const { hub } = await startWorld(RETENTION);
    const latest = hub.latest('machines', 'a');
    expect(await next(latest)).toBeUndefined();
    await publish(hub, 'save.b', 1);
    await publish(hub, 'save.a', 2);
    expect(await next(latest)).toMatchObject({ object: { n: 2 } });
    expect(await next(hub.latest('machines', 'b'))).toMatchObject({ object: { n: 1 }, key: 'b' });
    await publish(hub, 'remove.a', null);
    expect(await next(latest)).toBeUndefined();
    await latest.return();
  });

  it('go on without a loss when the connection breaks', async () => {
    const { node, hub } = await startWorld(RETENTION);
    const latest = hub.latest('machines', 'a');
    await next(latest);
    const change = next(latest);
    await expect.poll(() => socketsOf(node)[0]?.subscriptions.size).toBe(1);
    for (const socket of socketsOf(node)) socket.close(CLOSE.tooSlow);
    await publishTo(node, 'machines.save.a');
    expect(await change).toMatchObject({ object: { n: 'a' } });
    await latest.return();
  });

  it('of a type that the hub does not keep are refused', async () => {
    const { hub } = await startWorld();
    await expect(next(hub.list('machines'))).rejects.toMatchObject({ code: 'not_found' });
  });
});

describe('the history of a client', () => {
  it('is all that the log has, page by page, from a cursor on or up to one', async () => {
    const { node, hub } = await startWorld();
    const topics = Array.from({ length: 250 }, (_, n) => `jobs.save.${n}`);
    const ids = await publishTo(node, ...topics);
    const keys = async (options = {}): Promise<unknown[]> => {
      const found: unknown[] = [];
      for await (const item of hub.history('jobs.*.*', options)) found.push(item.gap ?? item.key);
      return found;
    };
    expect(await keys()).toEqual(topics.map((_, n) => `${n}`));
    expect(await keys({ since: ids[9], until: ids[12] })).toEqual(['10', '11']);
    expect(await keys({ filters: { 'object.n': ['3', '5'] } })).toEqual(['3', '5']);
    expect(await keys({ since: new Date(Date.now() + 60_000) })).toEqual([]);
  });

  it('is read with a fresh token where the one that was known has ended', async () => {
    const { node } = await startWorld();
    await publishTo(node, 'jobs.save.1');
    const tokens = ['ended', await node.token()];
    const hub = clientOf(node, { token: () => tokens.shift() ?? '' });
    expect(await hub.history('jobs.*.*').next()).toMatchObject({ value: { key: '1' } });
  });
});
