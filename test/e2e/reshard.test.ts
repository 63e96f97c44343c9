import { setTimeout as pause } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { expect, inject, it, onTestFinished } from 'vitest';
import { runHere } from '../support/command.ts';
import { startNode } from '../support/node.ts';
import { randomPrefix } from '../support/redis.ts';
import {
  byFunction,
  byHttp,
  byIngress,
  faultsOf,
  NumberedPublisher,
  overSocket,
  overStream,
  ResumingListener,
  TYPES,
} from './reshard-world.ts';

const MORE = Number(process.env['BELFRY_TEST_RESHARD'] ?? 1);

it('loses and doubles nothing while a hub goes from 1 to 12 to 4 shards under load, with clients that are cut off and resume', async () => {
  const prefix = randomPrefix();
  const settings = { BELFRY_REDIS_URL: inject('redisUrl'), BELFRY_PREFIX: prefix };
  const nodes = await Promise.all([startNode(settings), startNode(settings), startNode(settings)]);
  const redis = new Redis(inject('redisUrl'));
  onTestFinished(() => redis.disconnect());
  const token = await nodes[0].token();
  const anyUrl = (): string => nodes[Math.floor(Math.random() * nodes.length)]?.url ?? '';

  const cutAfterMs = (): number => 100 + Math.random() * 900;
  const publisherNames = Array.from({ length: 12 * MORE }, (_, i) => `p${i}`);
  const patterns = ['*.save.*', '*.*.*', `${TYPES[3]},${TYPES[5]}.save.*`, `*.save.p1-0,p2-1,p3-2`];
  const clients = Array.from({ length: 8 * MORE }, (_, i) => {
    const pattern = patterns[i % patterns.length] ?? '';
    const over = i % 8 < 4 ? overSocket : overStream;
    return { pattern, client: new ResumingListener(over(anyUrl, token, pattern), cutAfterMs) };
  });
  await Promise.all(clients.map(({ client }) => client.ready));
  const publishers = publisherNames.map(
    (name, i) =>
      new NumberedPublisher(
        name,
        [byHttp(anyUrl, token), byHttp(anyUrl, token), byFunction(redis, prefix), byIngress(redis, prefix)][
          i % 4
        ]!,
      ),
  );
  await pause(1_000);
  const env = { BELFRY_URL: nodes[1].url, BELFRY_TOKEN: token };
  for (const args of [['12'], ['4', '--fans', 'type1=4']]) {
    const ran = await runHere(['reshard', ...args], env);
    expect(ran).toMatchObject({ code: 0 });
    await pause(1_500);
  }
  await Promise.all(publishers.map((publisher) => publisher.stop()));
  await expect.poll(() => redis.xlen(`{${prefix}}:ingress`), { timeout: 10_000 }).toBe(0);
  const accepted = publishers.flatMap((publisher) => publisher.accepted);
  const expectedOf = (pattern: string) => {
    const [types = '', , keys = ''] = pattern.split('.');
    const holds = (part: string, value: string): boolean => part === '*' || part.split(',').includes(value);
    return accepted.filter(({ type, key }) => holds(types, type) && holds(keys, key));
  };
  for (const { pattern, client } of clients)
    await expect
      .poll(() => client.heard.length, { timeout: 15_000 })
      .toBeGreaterThanOrEqual(expectedOf(pattern).length);
  await Promise.all(clients.map(({ client }) => client.stop()));
  const wrong = clients.map(({ pattern, client: { heard, gaps } }) => ({
    pattern,
    faults: faultsOf(heard, expectedOf(pattern)).slice(0, 5),
    gaps,
  }));
  console.log(accepted.length, clients.map(({ client }) => client.cuts).join(' '));
  expect(wrong.filter(({ faults, gaps }) => faults.length + gaps.length > 0)).toEqual([]);
}, 90_000);
