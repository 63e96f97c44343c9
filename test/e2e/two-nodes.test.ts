import { Redis } from 'ioredis';
import { beforeEach, describe, expect, inject, it, onTestFinished } from 'vitest';
import { drpClient, nativeClient, type TestClient } from '../support/client.ts';
import { startNode, TEST_SECRET, type TestNode } from '../support/node.ts';
import { runCommand, startNodeProcess } from '../support/process.ts';
import { randomPrefix } from '../support/redis.ts';

const OBJECT = { Name: 'global', Params: { 'kernel-console': 'ttyS1' } };

describe('two nodes on one Redis', () => {
  let nodes: readonly [TestNode, TestNode];
  let redis: Redis;
  let prefix: string;

  beforeEach(async () => {
    prefix = randomPrefix();
    const settings = { BELFRY_REDIS_URL: inject('redisUrl'), BELFRY_PREFIX: prefix };
    nodes = [await startNode(settings), await startNode(settings)];
    redis = new Redis(inject('redisUrl'));
    onTestFinished(() => redis.disconnect());
  });

  const event = (key: string): string =>
    JSON.stringify({ type: 'profiles', action: 'save', key, object: OBJECT });

  it.each([
    ['PUBLISH', (key: string) => redis.publish(`${prefix}:events`, event(key))],
    ['FCALL', (key: string) => redis.fcall('belfry_publish', 1, `{${prefix}}:log`, event(key))],
    [
      'HTTP',
      async (key: string) =>
        fetch(`${nodes[0].url}/api/v3/events`, {
          method: 'POST',
          headers: { Authorization: `Bearer ${await nodes[0].token()}`, 'Content-Type': 'application/json' },
          body: event(key),
        }),
    ],
    [
      'belfry publish',
      async (key: string) =>
        runCommand(['publish', `profiles.save.${key}`, JSON.stringify(OBJECT)], {
          BELFRY_URL: nodes[1].url,
          BELFRY_TOKEN: await nodes[1].token(),
        }),
    ],
  ])(
    'hear an event by %s once, on both, in native and in drp, by exactly those whom it concerns',
    async (entryPoint, publish) => {
      const listeners: TestClient[] = [];
      for (const { url, token } of nodes) {
        const narrow = await token('narrow', { subscribe: ['machines.*.*'] });
        listeners.push(
          await nativeClient(url, await token(), ['profiles.save.*']),
          await nativeClient(url, await token(), ['profiles.*.*'], { filters: { 'object.Name': 'global' } }),
          await nativeClient(url, await token(), ['profiles.delete.*', '*.*.last']),
          await nativeClient(url, narrow, ['*.*.*']),
          await drpClient(url, await token(), ['*.save.*', 'profiles.*.*']),
          await drpClient(url, narrow, ['*.*.*']),
        );
      }
      await publish('first');
      await publish('last');
      const keys = async (client: TestClient, field: string): Promise<unknown[]> => [
        (await client.next())[field],
        (await client.next())[field],
      ];
      for (const [native, filtered, other, , drp] of [
        listeners.slice(0, 6),
        listeners.slice(6),
      ] as TestClient[][]) {
        expect(await keys(native as TestClient, 'key')).toEqual(['first', 'last']);
        expect(await keys(filtered as TestClient, 'key')).toEqual(['first', 'last']);
        expect(await keys(drp as TestClient, 'Key')).toEqual(['first', 'last']);
        expect(await (other as TestClient).next()).toMatchObject({ key: 'last', object: OBJECT });
      }
      // Some listeners may hear nothing but this event, so it is the first that they receive.
      await redis.publish(
        `${prefix}:events`,
        JSON.stringify({ type: 'machines', action: 'create', key: entryPoint, object: null }),
      );
      for (const index of [3, 9])
        expect(await listeners[index]?.next()).toMatchObject({ type: 'machines', key: entryPoint });
      for (const index of [5, 11])
        expect(await listeners[index]?.next()).toMatchObject({ Type: 'machines', Key: entryPoint });
      for (const index of [0, 1, 2, 6, 7, 8]) expect(listeners[index]?.unread).toEqual([]);
    },
  );

  it('resume a client of one node on the other node, with neither a gap nor a repetition', async () => {
    const publish = (n: number): Promise<unknown> =>
      redis.fcall('belfry_publish', 1, `{${prefix}}:log`, event(String(n)));
    const before = await nativeClient(nodes[0].url, await nodes[0].token(), ['profiles.*.*']);
    for (const n of [1, 2, 3]) await publish(n);
    const { id } = await before.next();
    before.ws.terminate();
    const after = await nativeClient(nodes[1].url, await nodes[1].token(), ['profiles.*.*'], { since: id });
    await publish(4);
    expect([await after.next(), await after.next(), await after.next()].map(({ key }) => key)).toEqual([
      '2',
      '3',
      '4',
    ]);
  });

  it('replay from Redis the events that a node missed because it has just started', async () => {
    const ids = (await redis.fcall(
      'belfry_publish',
      1,
      `{${prefix}}:log`,
      event('1'),
      event('2'),
      event('3'),
    )) as string[];
    const young = await startNode({ BELFRY_REDIS_URL: inject('redisUrl'), BELFRY_PREFIX: prefix });
    const client = await nativeClient(young.url, await young.token(), ['profiles.*.*'], { since: ids[0] });
    expect([await client.next(), await client.next()].map(({ key }) => key)).toEqual(['2', '3']);
  });

  it('keep the clients of one node undisturbed when the other node is killed', async () => {
    const doomed = await startNodeProcess({
      BELFRY_REDIS_URL: inject('redisUrl'),
      BELFRY_PREFIX: prefix,
      BELFRY_JWT_SECRET: TEST_SECRET,
    });
    const survivor = await nativeClient(nodes[0].url, await nodes[0].token(), ['profiles.*.*']);
    const orphan = await nativeClient(doomed.url, await nodes[0].token(), ['profiles.*.*']);
    doomed.child.kill('SIGKILL');
    expect(await orphan.closed).toMatchObject({ code: 1006 });
    await redis.publish(`${prefix}:events`, event('after'));
    expect(await survivor.next()).toMatchObject({ key: 'after' });
  });
});
