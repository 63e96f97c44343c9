import { Redis } from 'ioredis';
import { expect, inject, it, onTestFinished } from 'vitest';
import { CONSOLE_HOME } from '../../src/app-console.ts';
import { DIALECTS } from '../../src/dialects/index.ts';
import { systemClock, type Clock } from '../../src/model/clock.ts';
import { nativeClient } from '../support/client.ts';
import { startNode } from '../support/node.ts';
import { randomPrefix } from '../support/redis.ts';

const MINUTE_MS = 60_000;

/** A node of a hub that was divided into other shards after two events, and whose logs of before have run out since. */
async function afterTheLogs() {
  const prefix = randomPrefix();
  const redis = new Redis(inject('redisUrl'));
  onTestFinished(() => redis.disconnect());
  let aheadMs = 0;
  const clock: Clock = {
    ...systemClock,
    elapsed: () => systemClock.elapsed() + aheadMs,
    after: (ms, run) => systemClock.after(ms === MINUTE_MS ? 50 : ms, run),
    every: (ms, run) => systemClock.every(ms === MINUTE_MS ? 50 : ms, run),
  };
  const settings = {
    BELFRY_REDIS_URL: inject('redisUrl'),
    BELFRY_PREFIX: prefix,
    BELFRY_SHARDS: '2',
  };
  const node = await startNode(settings, DIALECTS, CONSOLE_HOME, clock);
  const token = await node.token();
  const headers = { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' };
  const post = async (path: string, body?: string): Promise<void> => {
    const init = { method: 'POST', headers, ...(body !== undefined && { body }) };
    expect((await fetch(`${node.url}/api/v3/${path}`, init)).ok).toBe(true);
  };
  const publish = (object: number): Promise<void> =>
    post('events', JSON.stringify({ type: 'a', action: 'b', key: 'k', object }));
  const client = await nativeClient(node.url, token, ['a.*.*']);
  const positions: string[] = [];
  for (const object of [1, 2]) {
    await publish(object);
    positions.push(String((await client.next())['position']));
  }
  await post('shards?count=3');
  await publish(3);
  positions.push(String((await client.next())['position']));
  for (const shard of [1, 2]) await redis.xtrim(`{${prefix}:${shard}}:log`, 'MAXLEN', 0);
  aheadMs = 10 * MINUTE_MS;
  await expect.poll(() => redis.get(`{${prefix}}:shards`), { timeout: 10_000 }).toContain('"gone":true');
  return { node, token, headers, publish, positions, client };
}

const read = (frame: Record<string, unknown>): unknown =>
  frame['type'] === 'belfry'
    ? [frame['action'], (frame['object'] as { reason: string }).reason]
    : frame['object'];

it('a client with a position in shards whose logs have run out is told a gap where it missed something, and none where it did not', async () => {
  const { node, token, headers, publish, positions, client } = await afterTheLogs();
  const [first = '', second = '', third = ''] = positions;
  const resume = async (since: string) => {
    const resumed = await nativeClient(node.url, token, ['none.*.*']);
    resumed.send({ id: 'resume', command: 'subscribe', patterns: ['a.*.*'], since });
    return async (): Promise<Record<string, unknown>> => {
      const frame = await resumed.next();
      // The answer to the command comes in between.
      return frame['key'] === 'resume' ? resumed.next() : frame;
    };
  };
  const behind = await resume(first);
  const told = await behind();
  expect([read(told), read(await behind())]).toEqual([['gap', 'trimmed'], 3]);
  const { to } = told['object'] as { to: string };
  for (const since of [second, to]) expect(read(await (await resume(since))())).toBe(3);

  await publish(4);
  expect(read(await (await resume(third))())).toBe(4);
  const { position } = await client.next();
  const present = await resume(String(position));
  await publish(5);
  expect(read(await present())).toBe(5);

  const page = async (since: string) => {
    const asked = await fetch(`${node.url}/api/v3/events?since=${since}&pattern=a.*.*`, { headers });
    const { events, gap, cursor } = (await asked.json()) as {
      events: Record<string, unknown>[];
      gap?: { reason: string };
      cursor: string;
    };
    return { heard: events.map(({ object }) => object), reason: gap?.reason, cursor };
  };
  const { cursor, ...found } = await page(first);
  expect(found).toEqual({ heard: [3, 4, 5], reason: 'trimmed' });
  expect(await page(second)).toMatchObject({ heard: [3, 4, 5], reason: undefined });
  expect(await page(cursor)).toMatchObject({ heard: [], reason: undefined });

  const metrics = async (): Promise<string> => (await fetch(`${node.url}/metrics`, { headers })).text();
  await expect.poll(metrics, { timeout: 15_000 }).not.toContain('belfry_shard_healthy{shard="1"}');
  expect(await metrics()).toContain('belfry_shard_healthy{shard="3"}');
}, 60_000);
