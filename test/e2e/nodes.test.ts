import { Redis } from 'ioredis';
import { describe, expect, inject, it, onTestFinished, vi } from 'vitest';
import { nativeClient } from '../support/client.ts';
import { startNode, type TestNode } from '../support/node.ts';
import { MetricsPage } from '../support/metrics.ts';
import { HAS_REDIS_SERVER, randomPrefix, startRedisServer } from '../support/redis.ts';

interface Listed {
  readonly name: string;
  readonly digest: string;
  readonly connections: number;
  readonly eventsPerSecond: number;
  readonly deliveriesPerSecond: number;
  readonly lagMs: number;
  readonly ready: boolean;
  readonly warnings: readonly string[];
}

/** A node renews its report every five seconds, and a change shows in the next report. */
const LOOKED = { timeout: 20_000 };
vi.setConfig({ testTimeout: 40_000 });
const EXPECTED = 'Expected the same on all nodes of one Redis.';

async function startTwo(
  first: Record<string, string>,
  second: Record<string, string>,
  url = inject('redisUrl'),
): Promise<readonly [TestNode, TestNode]> {
  const common = { BELFRY_REDIS_URL: url, BELFRY_PREFIX: randomPrefix() };
  return [
    await startNode({ ...common, BELFRY_NODE: 'first', ...first }),
    await startNode({ ...common, BELFRY_NODE: 'second', ...second }),
  ];
}

async function nodesOf(node: TestNode, token?: string): Promise<{ status: number; body: Listed[] }> {
  const headers = { Authorization: `Bearer ${token ?? (await node.token())}` };
  const answer = await fetch(`${node.url}/api/v3/nodes`, { headers });
  return { status: answer.status, body: (await answer.json()) as Listed[] };
}

async function readiness(node: TestNode): Promise<{ status: number; body: Record<string, unknown> }> {
  const answer = await fetch(`${node.url}/readyz`);
  return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
}

async function publish(node: TestNode): Promise<number> {
  const { status } = await fetch(`${node.url}/api/v3/events`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${await node.token()}`, 'Content-Type': 'application/json' },
    body: '{"type":"profiles","action":"save","key":"global","object":{}}',
  });
  return status;
}

describe('nodes that share a Redis', () => {
  it('are listed as ready from their start on, with a digest of their settings, which is equal where the settings are equal', async () => {
    const [first, second] = await startTwo({}, { BELFRY_LOG_LEVEL: 'info' });
    const { body } = await nodesOf(first);
    expect(body.map(({ name, ready, warnings }) => ({ name, ready, warnings }))).toEqual([
      { name: 'first', ready: true, warnings: [] },
      { name: 'second', ready: true, warnings: [] },
    ]);
    expect(body[0]?.digest).toBe(body[1]?.digest);
    expect(first.started).toMatchObject({ digest: body[0]?.digest, settings: { BELFRY_NODE: 'first' } });
    expect((await nodesOf(second)).body.map(({ name }) => name)).toEqual(['first', 'second']);
  });

  it('are listed with what each of them hears and writes, and how late', async () => {
    const [first, second] = await startTwo({}, {});
    const client = await nativeClient(second.url, await second.token(), ['profiles.*.*']);
    const rates = async (): Promise<number[][]> => {
      expect(await publish(first)).toBe(204);
      await client.next();
      const { body } = await nodesOf(first);
      return body.map(({ eventsPerSecond, deliveriesPerSecond, connections, lagMs }) => {
        return [eventsPerSecond, deliveriesPerSecond, connections, lagMs].map(Math.sign);
      });
    };
    // Events of the registry count as well, and the second node alone writes to a client.
    const isPositive = expect.toBeOneOf([0, 1]) as number;
    await expect.poll(rates, LOOKED).toEqual([
      [1, 0, 0, isPositive],
      [1, 1, 1, isPositive],
    ]);
  });

  it('say in the log, in /readyz, in the list and in the metrics which of their settings differ, and never the values', async () => {
    const [first, second] = await startTwo(
      {},
      {
        BELFRY_JWT_SECRET: 'another secret that only this test knows',
        BELFRY_RETENTION: '[{"pattern":"profiles.save.*","last":7}]',
        BELFRY_REDACTION: '[{"events":"profiles.*.*","fields":["object.pin"]}]',
        BELFRY_LOG_MAX_EVENTS: '1234',
      },
    );
    const differing = ['JWT_SECRET', 'LOG_MAX_EVENTS', 'REDACTION', 'RETENTION'].map(
      (name) => `BELFRY_${name}`,
    );
    const warnings = (other: string): string[] =>
      differing.map((name) => `${name} is different on ${other}. ${EXPECTED}`);
    await expect
      .poll(async () => ((await readiness(first)).body['warnings'] as string[]).toSorted(), LOOKED)
      .toEqual(warnings('second'));
    expect((await readiness(first)).status).toBe(200);
    for (const message of warnings('second'))
      expect(first.log.filter(({ msg, level }) => msg === message && level === 40)).toHaveLength(1);
    await expect
      .poll(async () => (await nodesOf(first)).body.map((node) => node.warnings.toSorted()), LOOKED)
      .toEqual([warnings('second'), warnings('first')]);
    const page = await MetricsPage.of(first.url);
    expect(page.series.get('belfry_warnings{kind="settings"}')).toBe(4);
    expect(JSON.stringify([first.log, (await nodesOf(second, await first.token())).body])).not.toMatch(
      /another secret|object\.pin/,
    );
  });

  it('say so when two of them have the same name', async () => {
    const [first] = await startTwo({ BELFRY_NODE: 'twin' }, { BELFRY_NODE: 'twin' });
    await expect
      .poll(async () => (await readiness(first)).body['warnings'], LOOKED)
      .toEqual(['Another node is named "twin" as well. Expected another BELFRY_NODE for each.']);
  });

  it('are shown to principals that may hear nodes.list.<name>, and to nobody else', async () => {
    const [first] = await startTwo({}, {});
    const some = await nodesOf(first, await first.token('user:ann', { subscribe: ['nodes.list.second'] }));
    expect(some.body.map(({ name }) => name)).toEqual(['second']);
    expect((await nodesOf(first, await first.token('user:bob', {}))).status).toBe(403);
  });

  it.skipIf(!HAS_REDIS_SERVER)('are told that their Redis may forget keys', async () => {
    const server = await startRedisServer({ args: ['--maxmemory-policy', 'allkeys-lru'] });
    const [first] = await startTwo({}, {}, server.url);
    const [warning = ''] = await expect
      .poll(async () => (await readiness(first)).body['warnings'] as string[], LOOKED)
      .toHaveLength(1)
      .then(async () => (await readiness(first)).body['warnings'] as string[]);
    expect(warning).toContain('maxmemory-policy allkeys-lru');
  });
});

describe('a node without a Redis', () => {
  it('lists itself', async () => {
    const node = await startNode({ BELFRY_NODE: 'alone' });
    expect((await nodesOf(node)).body).toMatchObject([{ name: 'alone', ready: true, warnings: [] }]);
  });
});

describe.skipIf(!HAS_REDIS_SERVER)('a node whose Redis accepts no writes', () => {
  it.each([
    [
      'Redis is full',
      'full',
      (redis: Redis) => redis.config('SET', 'maxmemory', '1'),
      (redis: Redis) => redis.config('SET', 'maxmemory', '0'),
    ],
    [
      'its right to write is withdrawn',
      'forbidden',
      (redis: Redis) => redis.acl('SETUSER', 'default', '-xadd'),
      (redis: Redis) => redis.acl('SETUSER', 'default', '+xadd'),
    ],
  ] as const)(
    'says so in the body of /readyz and in its metrics, when %s',
    async (_why, reason, take, give) => {
      const server = await startRedisServer();
      const redis = new Redis(server.url);
      onTestFinished(() => redis.disconnect());
      const [node] = await startTwo({}, {}, server.url);
      expect(await publish(node)).toBe(204);
      await take(redis);
      expect(await publish(node)).toBe(503);
      expect(await readiness(node)).toMatchObject({
        status: 200,
        body: { status: 'ready', publishing: false, reason: expect.stringMatching(/Expected/) as string },
      });
      const page = await MetricsPage.of(node.url);
      expect(page.series.get(`belfry_publishes_refused_total{reason="${reason}"}`)).toBe(1);
      expect(page.series.get('belfry_publishing')).toBe(0);
      await give(redis);
      await expect.poll(async () => (await readiness(node)).body, LOOKED).toMatchObject({ publishing: true });
    },
  );
});
