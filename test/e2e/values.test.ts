import { Redis } from 'ioredis';
import { describe, expect, inject, it, onTestFinished } from 'vitest';
import { drpClient, nativeClient, connect, type TestClient } from '../support/client.ts';
import { startNode, type TestNode } from '../support/node.ts';
import { runCommand } from '../support/process.ts';
import { randomPrefix } from '../support/redis.ts';
import { openStream } from '../support/stream.ts';

/** Every value that JSON.parse and JSON.stringify would change, and the name by which Dorgu knows a cluster. */
const VALUE = String.raw`{"name":"eu","timeNano":1743494400123456789,"most":18446744073709551615,"pi":0.1234567890123456789,"one":1.0,"huge":1e400,"zero":-0,"10":"ten","9":[1E5, 2.50],"e":"\u00e9\/","n":1,"n":2}`;
const SECRET = VALUE.replace('{', '{"password":"geheim",');
const MASKED = VALUE.replace('{', '{"password":"[redacted]",');

/** An event of a cluster in each format that publishers may use, with the given object. */
const FORMATS: readonly [dialect: string, event: (object: string) => string][] = [
  ['native', (object) => `{"type":"cluster","action":"added","key":"eu","object":${object}}`],
  ['drp', (object) => `{"Type":"cluster","Action":"added","Key":"eu","Object":${object}}`],
  ['norn', (object) => `{"type":"cluster.added","appId":"eu","payload":${object}}`],
  ['dorgu', (object) => `{"type":"cluster.added","data":${object}}`],
];
const [, native] = FORMATS[0] as (typeof FORMATS)[0];

const post = async (node: TestNode, body: string, query = ''): Promise<void> => {
  const headers = { Authorization: `Bearer ${await node.token()}`, 'Content-Type': 'application/json' };
  const response = await fetch(`${node.url}/api/v3/events${query}`, { method: 'POST', headers, body });
  expect(response.status).toBe(204);
};

const get = async (node: TestNode, path: string): Promise<string> => {
  const response = await fetch(`${node.url}${path}`, {
    headers: { Authorization: `Bearer ${await node.token()}`, Accept: 'application/json' },
  });
  return response.text();
};

async function onRedis(): Promise<{ node: TestNode; redis: Redis; prefix: string }> {
  const prefix = randomPrefix();
  const settings = { BELFRY_REDIS_URL: inject('redisUrl'), BELFRY_PREFIX: prefix };
  await startNode(settings);
  const node = await startNode(settings);
  const redis = new Redis(inject('redisUrl'));
  onTestFinished(() => redis.disconnect());
  return { node, redis, prefix };
}

const heardBy = async (client: TestClient): Promise<string> => {
  const frame = await client.nextText();
  return /"(?:object|Object)":(.*?)(?:,"Original":null)?\}$/.exec(frame)?.[1] ?? frame;
};

describe('the values of an event', () => {
  it.each(['memory', 'redis'])(
    'are heard to the letter when they are published by HTTP in any format, alone or in a list, on the %s broker',
    async (kind) => {
      const node = kind === 'memory' ? await startNode() : (await onRedis()).node;
      const clients = [
        await nativeClient(node.url, await node.token(), ['cluster.*.*']),
        await drpClient(node.url, await node.token(), ['cluster.*.*']),
      ];
      for (const [dialect, event] of FORMATS) {
        await post(node, event(VALUE), `?dialect=${dialect}`);
        await post(node, `[${event(SECRET)},\n ${event(VALUE)}]`);
        for (const client of clients)
          expect([dialect, await heardBy(client), await heardBy(client), await heardBy(client)]).toEqual([
            dialect,
            VALUE,
            MASKED,
            VALUE,
          ]);
      }
    },
  );

  it('are heard to the letter when they are published by a socket or by the command line', async () => {
    const node = await startNode();
    const client = await nativeClient(node.url, await node.token(), ['cluster.*.*']);
    client.send(
      `{"id":18446744073709551615,"command":"publish","events":[${native(SECRET)},${native(VALUE)}]}`,
    );
    expect(await client.next()).toMatchObject({ action: 'publish', key: '18446744073709551615' });
    expect([await heardBy(client), await heardBy(client)]).toEqual([MASKED, VALUE]);
    const env = { BELFRY_URL: node.url, BELFRY_TOKEN: await node.token() };
    await runCommand(['publish', 'cluster.added.eu', VALUE], env);
    expect(await heardBy(client)).toBe(VALUE);
  });

  it('are heard to the letter when they are published by the Redis function, the ingress or the channel, in any format', async () => {
    const { node, redis, prefix } = await onRedis();
    const client = await nativeClient(node.url, await node.token(), ['cluster.*.*']);
    for (const [dialect, event] of FORMATS) {
      await redis.fcall('belfry_publish', 1, `{${prefix}}:log`, event(SECRET));
      expect([dialect, 'function', await heardBy(client)]).toEqual([dialect, 'function', MASKED]);
      await redis.xadd(`{${prefix}}:ingress`, '*', 'event', event(SECRET));
      expect([dialect, 'ingress', await heardBy(client)]).toEqual([dialect, 'ingress', MASKED]);
      await redis.publish(`${prefix}:events`, `[${event(SECRET)}]`);
      expect([dialect, 'channel', await heardBy(client)]).toEqual([dialect, 'channel', MASKED]);
    }
  });

  it.each(['memory', 'redis'])(
    'are read to the letter by REST, streams and replays, on the %s broker',
    async (kind) => {
      const node = kind === 'memory' ? await startNode() : (await onRedis()).node;
      await post(node, native(VALUE));
      const token = await node.token();
      const replayed = await nativeClient(node.url, token, ['cluster.*.*'], { since: '0-0' });
      expect(await heardBy(replayed)).toBe(VALUE);
      const events = `/api/v3/events?pattern=cluster.*.*&since=0-0&token=${token}`;
      const stream = await openStream(`${node.url}${events}`);
      let data: string | undefined;
      while (data === undefined) data = (await stream.next())?.data;
      expect(data).toContain(`,"object":${VALUE}}`);
      expect(await get(node, events)).toContain(`,"object":${VALUE}}`);
      expect(await get(node, '/api/v3/cluster/eu')).toBe(VALUE);
      expect(await get(node, '/api/v3/cluster')).toBe(`[${VALUE}]`);
      const cluster = VALUE.replace('"n":1,', '').replace(/\}$/, ',"spec":{"name":"eu"},"status":{}}');
      expect(await get(node, '/api/clusters/eu')).toBe(cluster);
      expect(await get(node, '/api/clusters')).toBe(`{"clusters":[${cluster}]}`);
    },
  );

  it('are heard to the letter in the formats of Norn, Mist and the Provisioning Platform, and in batches of the last', async () => {
    const node = await startNode();
    const token = await node.token();
    const socket = (path: string): Promise<TestClient> => connect(`${node.url.replace('http', 'ws')}${path}`);
    const norn = await socket('/norn/ws');
    const tasks = await socket(`/provisioning/ws?events=task&batch_size=10&token=${token}`);
    const stats = await socket(`/api/ws/container/stats?appId=9007199254740993&token=${token}`);
    const deployment = await socket(`/ws/deployment/logs?deploymentId=9007199254740993&token=${token}`);
    await Promise.all([stats.next(), deployment.next()]);
    await expect
      .poll(() => [...node.hub.connections].filter(({ cohort }) => cohort !== undefined).length)
      .toBe(4);

    await post(node, `{"type":"deploy.step","appId":"shop","payload":${VALUE}}`);
    expect(await norn.nextText()).toBe(`{"type":"deploy.step","appId":"shop","payload":${VALUE}}`);
    const task = `{"event_type":"TaskStatusChanged","timestamp":"2025-01-15T10:30:00Z","data":${VALUE},"metadata":${VALUE}}`;
    await post(node, `[${task},${task}]`);
    expect(await tasks.nextText()).toContain(`"events":[${task},${task}]`);
    const numbers = '"cpu_percent":1.0,"memory_used_mb":0.1234567890123456789,"memory_limit_mb":18446744073709551615,"memory_percent":0,"network_rx_mb":-0,"network_tx_mb":0,"block_read_mb":0,"block_write_mb":0,"pids":1E5'; // prettier-ignore
    await post(node, `{"type":"container","action":"stats","key":"9007199254740993","object":{${numbers}}}`);
    expect(await stats.nextText()).toContain(`"data":{${numbers}}`);
    const status = '{"status":"building","progress":50.0}';
    await post(node, `{"type":"deployment","action":"status","key":"9007199254740993","object":${status}}`);
    const told = await deployment.nextText();
    expect(told).toContain('"deployment_id":9007199254740993,');
    expect(told).toContain('"progress":50.0,');
  });
});

describe('a filter on a number', () => {
  it('lets through only numbers that are equal to it, whatever notation the filter and the event use', async () => {
    const node = await startNode();
    const filters = '{"object.n":[9007199254740993,18446744073709551615.0,2.50,1e400]}';
    const client = await connect(`${node.url.replace('http', 'ws')}/native/ws?token=${await node.token()}`);
    client.send(`{"id":1,"command":"subscribe","patterns":["a.*.*"],"filters":${filters}}`);
    await client.next();
    const told = (n: string): string => `{"type":"a","action":"b","key":"","object":{"n":${n}}}`;
    const equal = ['9007199254740993', '9007199254740993.0', '18446744073709551615', '25e-1', '10e399'];
    const others = ['9007199254740992', '9007199254740994', '18446744073709551616', '2.5000000000000000001', '1e401', '"2.5"']; // prettier-ignore
    await post(node, `[${[...others, ...equal].map(told).join()}]`);
    for (const n of equal) expect(await client.nextText()).toContain(`{"n":${n}}`);
  });
});
