import { describe, expect, it } from 'vitest';
import { closeWith, CLOSE } from '../../../src/model/close-codes.ts';
import { clientOf, publishTo, socketsOf, startWorld, take } from './world.ts';

/** More events than a log of ten and what a node has in memory hold. */
const MANY = 250;
const manyTopics = (): string[] => Array.from({ length: MANY }, (_, n) => `jobs.save.${n}`);
const SHORT_LOG = { BELFRY_LOG_MAX_EVENTS: '10', BELFRY_LOG_CACHE_MAX_BYTES: '65536' };

describe('a listener of the client', () => {
  it('yields the events that match from now on, each with its object, its id and its text', async () => {
    const { node, hub } = await startWorld();
    await publishTo(node, 'jobs.save.before');
    const listener = hub.listen('jobs.*.*');
    await listener.ready;
    const [id] = await publishTo(node, 'jobs.save.one');
    const { value } = await listener.next();
    expect(value).toMatchObject({ id, type: 'jobs', action: 'save', key: 'one', object: { n: 'one' } });
    expect(value?.gap === undefined && JSON.parse(value?.text ?? '')).toMatchObject({ id, key: 'one' });
    expect(listener.cursor).toBe(id);
  });

  it('goes on after the last event when the node drops its socket, without loss or duplicate', async () => {
    const { node, hub } = await startWorld();
    const listener = hub.listen('jobs.*.*');
    await listener.ready;
    await publishTo(node, 'jobs.save.1');
    expect(await take(listener, 1)).toEqual(['1']);
    for (const socket of socketsOf(node)) socket.close(CLOSE.tooSlow);
    await publishTo(node, 'jobs.save.2', 'jobs.save.3');
    expect(await take(listener, 2)).toEqual(['2', '3']);
    await publishTo(node, 'jobs.save.4');
    expect(await take(listener, 1)).toEqual(['4']);
  });

  it('begins after a cursor, at a time, or where it stopped before', async () => {
    const { node, hub } = await startWorld();
    const [one] = await publishTo(node, 'jobs.save.1', 'jobs.save.2', 'jobs.save.3');
    expect(await take(hub.listen('jobs.*.*', { since: one ?? '' }), 2)).toEqual(['2', '3']);
    expect(await take(hub.listen('jobs.*.*', { since: new Date(Date.now() - 60_000) }), 3)).toEqual([
      '1',
      '2',
      '3',
    ]);
  });

  it('receives from the past what a listener of overlapping patterns already has, and that one receives nothing twice', async () => {
    const { node, hub } = await startWorld();
    const [first] = await publishTo(node, 'jobs.save.0');
    const live = hub.listen('jobs.*.*');
    await live.ready;
    await publishTo(node, 'jobs.save.1', 'jobs.drop.2', 'jobs.save.3');
    expect(await take(live, 3)).toEqual(['1', '2', '3']);
    const late = hub.listen('jobs.save.*', { since: first ?? '' });
    expect(await take(late, 2)).toEqual(['1', '3']);
    await publishTo(node, 'jobs.save.4');
    expect(await take(live, 1)).toEqual(['4']);
    expect(await take(late, 1)).toEqual(['4']);
  });

  it('keeps its own filters when another listener of the same pattern has others', async () => {
    const { node, hub } = await startWorld();
    const a = hub.listen('jobs.*.*', { filters: { 'object.n': 'a' } });
    const b = hub.listen('jobs.*.*', { filters: { 'object.n': ['b', 'c'] } });
    await Promise.all([a.ready, b.ready]);
    await publishTo(node, 'jobs.save.c', 'jobs.save.b', 'jobs.save.a', 'jobs.save.d', 'jobs.save.b');
    expect(await take(a, 1)).toEqual(['a']);
    expect(await take(b, 3)).toEqual(['c', 'b', 'b']);
    expect(socketsOf(node)).toHaveLength(1);
  });

  it('reports a gap when the log has lost what followed its cursor', async () => {
    const { node, hub } = await startWorld(SHORT_LOG);
    const [first = ''] = await publishTo(node, 'jobs.save.0');
    await publishTo(node, ...manyTopics());
    const listener = hub.listen('jobs.*.*', { since: first });
    const [gap, ...keys] = await take(listener, 3);
    expect(gap).toMatchObject({ from: first, reason: 'trimmed' });
    expect(Number(keys[1])).toBe(Number(keys[0]) + 1);
  });

  it('reports no gap on a quiet pattern when the log went on without it', async () => {
    const { node, hub } = await startWorld(SHORT_LOG);
    const quiet = hub.listen('quiet.*.*');
    const busy = hub.listen('jobs.*.*');
    await Promise.all([quiet.ready, busy.ready]);
    await publishTo(node, ...manyTopics());
    await take(busy, MANY);
    for (const socket of socketsOf(node)) socket.close(CLOSE.tooSlow);
    await publishTo(node, 'quiet.save.1');
    expect(await take(quiet, 1)).toEqual(['1']);
  });

  it('misses nothing when it reads slowly, and holds no more than its bound', async () => {
    const { node, hub } = await startWorld();
    const listener = hub.listen('jobs.*.*', { max: 5 });
    const other = hub.listen('jobs.*.*');
    await Promise.all([listener.ready, other.ready]);
    const keys = Array.from({ length: 40 }, (_, n) => `${n}`);
    for (const key of keys) await publishTo(node, `jobs.save.${key}`);
    expect(await take(other, 40)).toEqual(keys);
    expect(listener.state).toBe('behind');
    expect(await take(listener, 40)).toEqual(keys);
    await publishTo(node, 'jobs.save.last');
    expect(await take(listener, 1)).toEqual(['last']);
    expect(await take(other, 1)).toEqual(['last']);
  });

  it('reports how many events it left out when it may leave out the oldest', async () => {
    // A listener loads this when it begins, and until then leaves nothing out.
    await import('../../../src/clients/sdk/leave-out.ts');
    const { node, hub } = await startWorld();
    const listener = hub.listen('jobs.*.*', { max: 2, slow: 'drop-oldest' });
    const other = hub.listen('other.*.*');
    await Promise.all([listener.ready, other.ready]);
    const ids = await publishTo(
      node,
      'jobs.save.1',
      'jobs.save.2',
      'jobs.save.3',
      'jobs.save.4',
      'other.save.1',
    );
    await take(other, 1);
    expect(await take(listener, 3)).toEqual([
      { from: null, to: ids[1], reason: 'slow', dropped: 2 },
      '3',
      '4',
    ]);
  });

  it('ends when its signal is aborted, when its loop is left, and when its block ends', async () => {
    const { node, hub } = await startWorld();
    const controller = new AbortController();
    const aborted = hub.listen('a.*.*', { signal: controller.signal });
    const left = hub.listen('b.*.*');
    const disposed = hub.listen('c.*.*');
    await Promise.all([aborted.ready, left.ready, disposed.ready]);
    const patterns = (): string[] => [...(socketsOf(node)[0]?.subscriptions.keys() ?? [])].toSorted();
    expect(patterns()).toEqual(['a.*.*', 'b.*.*', 'c.*.*']);
    controller.abort();
    expect(await take(aborted, 1)).toEqual(['end']);
    await publishTo(node, 'b.save.1');
    for await (const item of left) if (item.gap === undefined) break;
    {
      await using held = disposed;
      void held;
    }
    expect(await take(disposed, 1)).toEqual(['end']);
    await expect.poll(patterns).toEqual([]);
  });

  it('ends with the reason when the hub refuses it, and the others of the same command go on', async () => {
    const { node } = await startWorld();
    const hub = clientOf(node, { token: () => node.token('ada', { subscribe: ['jobs.*.*', 'tasks.*.*'] }) });
    const jobs = hub.listen('jobs.*.*');
    const secret = hub.listen('secret.*.*');
    const tasks = hub.listen('tasks.*.*');
    await expect(secret.ready).rejects.toMatchObject({ code: 'forbidden' });
    await expect(secret.next()).rejects.toMatchObject({
      code: 'forbidden',
      see: '/docs/reference/errors#forbidden',
    });
    await Promise.all([jobs.ready, tasks.ready]);
    await publishTo(node, 'jobs.save.1', 'secret.save.2', 'tasks.save.3');
    expect(await take(jobs, 1)).toEqual(['1']);
    expect(await take(tasks, 1)).toEqual(['3']);
    expect(await take(secret, 1)).toEqual(['end']);
  });

  it('refuses an invalid pattern and an invalid time at once', async () => {
    const { hub } = await startWorld();
    expect(() => hub.listen('jobs')).toThrow('Expected type.action.key');
    expect(() => hub.listen('jobs.*.*', { since: 'yesterday' })).toThrow(
      'is neither the id of an event nor a time',
    );
  });

  it('can call a function for one item after another instead', async () => {
    const { node, hub } = await startWorld();
    const keys: unknown[] = [];
    const { ready, ended, close } = hub.subscribe('jobs.*.*', (item) => void keys.push(item.gap ?? item.key));
    await ready;
    await publishTo(node, 'jobs.save.1', 'jobs.save.2');
    await expect.poll(() => keys).toEqual(['1', '2']);
    close();
    await ended;
  });
});

describe('a client', () => {
  it('has no connection before it is used, and one connection for everything afterwards', async () => {
    const { node, hub } = await startWorld();
    expect(hub.state.status).toBe('idle');
    const listeners = ['a.*.*', 'b.*.*', 'c.*.*'].map((pattern) => hub.listen(pattern));
    await Promise.all(listeners.map(({ ready }) => ready));
    await hub.publish('a.save.1', null);
    expect(socketsOf(node)).toHaveLength(1);
    expect(hub.state).toMatchObject({
      status: 'open',
      transport: 'socket',
      attempt: 0,
      principal: 'user:admin',
    });
  });

  it('ends its listeners and its socket when it is closed, and accepts nothing more', async () => {
    const { node, hub } = await startWorld();
    const listener = hub.listen('jobs.*.*');
    await listener.ready;
    hub.close();
    expect(await take(listener, 1)).toEqual(['end']);
    await expect.poll(() => socketsOf(node)).toHaveLength(0);
    await expect(hub.listen('jobs.*.*').next()).rejects.toMatchObject({ code: 'closed' });
    await expect(hub.publish('jobs.save.1', null)).rejects.toMatchObject({ code: 'closed' });
  });

  it('reconnects with the reason of the hub in its state', async () => {
    const { node, hub } = await startWorld();
    const states: string[] = [];
    hub.onState(({ status, reason }) => {
      const text = reason === undefined ? status : `${status} ${reason.code} ${reason.text}`;
      if (states.at(-1) !== text) states.push(text);
    });
    await hub.listen('jobs.*.*').ready;
    for (const socket of socketsOf(node)) socket.close(closeWith(CLOSE.tooSlow, 'much too slow'));
    await expect.poll(() => states.at(-1) === 'open' && states.length > 2).toBe(true);
    expect(states).toEqual([
      'connecting',
      'open',
      'waiting 4008 much too slow',
      'connecting 4008 much too slow',
      'open',
    ]);
  });
});
