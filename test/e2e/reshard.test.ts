import { setTimeout as pause } from 'node:timers/promises';
import { expect, inject, it } from 'vitest';
import { nativeClient } from '../support/client.ts';
import { runHere } from '../support/command.ts';
import { startNode, TEST_SECRET } from '../support/node.ts';
import { startNodeProcess } from '../support/process.ts';
import { randomPrefix } from '../support/redis.ts';
import { Load } from './reshard-world.ts';

const shared = (prefix: string): Record<string, string> => ({
  BELFRY_REDIS_URL: inject('redisUrl'),
  BELFRY_PREFIX: prefix,
});

it('loses and doubles nothing while a hub goes from 1 to 12 to 4 shards under load, with clients that are cut off and resume', async () => {
  const prefix = randomPrefix();
  const nodes = await Promise.all([1, 2, 3].map(() => startNode(shared(prefix))));
  const token = (await nodes[0]?.token()) ?? '';
  const load = new Load(
    nodes.map(({ url }) => url),
    token,
    prefix,
  );
  await load.start();
  const env = { BELFRY_URL: nodes[1]?.url ?? '', BELFRY_TOKEN: token };
  for (const args of [['12'], ['4', '--fans', 'type1=4']]) {
    await pause(1_000);
    expect(await runHere(['reshard', ...args], env)).toMatchObject({ code: 0 });
  }
  await pause(1_000);
  expect(await load.stop()).toEqual([]);
  await expect(startNode(shared(prefix))).rejects.toThrow(
    'The hub has 4 shards, and BELFRY_SHARDS of this node is 1. Expected BELFRY_SHARDS=4, as all nodes of the hub have it; "belfry reshard 1"',
  );
  const again = await startNode({
    ...shared(prefix),
    BELFRY_SHARDS: '4',
    BELFRY_SHARD_FANS: '{"type1":4}',
  });
  expect((await fetch(`${again.url}/readyz`)).status).toBe(200);
}, 90_000);

it('loses and doubles nothing when the node that divides a hub is killed meanwhile, and another one sleeps', async () => {
  const prefix = randomPrefix();
  const here = await startNode(shared(prefix));
  const [killed, sleeping] = await Promise.all(
    ['killed', 'sleeping'].map((name) => startNodeProcess({ ...shared(prefix), BELFRY_NODE: name })),
  );
  if (killed === undefined || sleeping === undefined) throw new Error(`no nodes with ${TEST_SECRET}`);
  const token = await here.token();
  const load = new Load([here.url, killed.url, sleeping.url], token, prefix);
  await load.start();
  await pause(1_000);
  const headers = { Authorization: `Bearer ${token}` };
  const asked = fetch(`${killed.url}/api/v3/shards?count=6`, { method: 'POST', headers }).catch(
    () => undefined,
  );
  await expect
    .poll(async () => (await (await fetch(`${here.url}/api/v3/shards`, { headers })).json()) as object, {
      interval: 5,
    })
    .not.toMatchObject({ shards: { first: 0 }, next: null });
  killed.child.kill('SIGKILL');
  sleeping.child.kill('SIGSTOP');
  await asked;
  await pause(5_000);
  sleeping.child.kill('SIGCONT');
  await pause(1_000);
  expect(await load.stop()).toEqual([]);
  const division = await (await fetch(`${here.url}/api/v3/shards`, { headers })).json();
  expect(division).toMatchObject({ shards: { first: 1, count: 6 }, next: null, behind: [] });
}, 90_000);

it('goes on in the new shards for a client whose replay began before the hub was divided anew', async () => {
  const { url, token: tokenOf } = await startNode(shared(randomPrefix()));
  const token = await tokenOf();
  const headers = { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' };
  const publish = async (from: number, to: number): Promise<void> => {
    for (let n = from; n < to; n += 100) {
      const list = Array.from({ length: 100 }, (_, i) => ({
        type: `type${i % 8}`,
        action: 'save',
        key: `${n + i}`,
        object: 'x'.repeat(4_000),
      }));
      const init = { method: 'POST', headers, body: JSON.stringify(list) };
      expect((await fetch(`${url}/api/v3/events`, init)).status).toBe(204);
    }
  };
  await publish(0, 5_000);
  const client = await nativeClient(url, token, ['none.*.*']);
  client.send({ id: 'all', command: 'subscribe', patterns: ['*.save.*'], since: '0-0' });
  const keys = [(await client.next())['key']].filter((key) => key !== 'all');
  client.ws.pause();
  expect((await fetch(`${url}/api/v3/shards?count=4`, { method: 'POST', headers })).status).toBe(200);
  await publish(5_000, 5_200);
  client.ws.resume();
  while (keys.length < 5_200) {
    const { type, key } = await client.next();
    // The answer to the command comes in between.
    if (key !== 'all') keys.push(`${type === 'belfry' ? 'belfry ' : ''}${String(key)}`);
  }
  expect(new Set(keys).size).toBe(5_200);
  expect(keys.slice(0, 5_000)).toEqual(Array.from({ length: 5_000 }, (_, n) => `${n}`));
}, 30_000);
