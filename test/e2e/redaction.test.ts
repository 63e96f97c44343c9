import { Redis } from 'ioredis';
import { beforeAll, describe, expect, inject, it, onTestFinished } from 'vitest';
import { REDACTED } from '../../src/model/redact-names.ts';
import { connect, drpClient, nativeClient, type TestClient } from '../support/client.ts';
import { startNode } from '../support/node.ts';
import { runCommand, startNodeProcess, type NodeProcess } from '../support/process.ts';
import { HAS_REDIS_SERVER, randomPrefix } from '../support/redis.ts';
import { spawnRedisServer, type RedisServer } from '../support/redis-server.ts';

const SECRET = 'geheim-4711';
const OBJECT = { name: 'web', password: SECRET, list: [{ 'api-key': [SECRET] }], note: 'seen' };

/** One event in each format, with the secret in every place where it can be written. */
const FORMATS: Readonly<Record<string, object>> = {
  native: {
    type: 'cluster',
    action: 'added',
    key: 'web',
    object: OBJECT,
    original: { token: SECRET },
    metadata: { authorization: SECRET },
  },
  drp: { Type: 'cluster', Action: 'added', Key: 'web', Object: OBJECT, Original: { Token: SECRET } },
  norn: { type: 'cluster.added', appId: 'web', payload: OBJECT },
  dorgu: { type: 'cluster.added', data: OBJECT },
  provisioning: { event_type: 'Added', data: OBJECT, metadata: { db_password: { is: SECRET } } },
};
/** The pattern of these events, which is the same in every format. */
const HEARD = 'cluster,custom.*.*';
const NATIVE = JSON.stringify(FORMATS['native']);

interface World {
  readonly redis: Redis;
  readonly prefix: string;
  readonly node: NodeProcess;
  readonly token: string;
  /** Two clients that are connected before the event is published, one of each dialect. */
  readonly clients: readonly [native: TestClient, drp: TestClient];
}

type EntryPoint = (world: World, text: string, dialect: string) => Promise<unknown>;

const byHttp: EntryPoint = ({ node, token }, body, dialect) =>
  fetch(`${node.url}/api/v3/events?dialect=${dialect}`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
    body,
  });
const byFcall: EntryPoint = ({ redis, prefix }, text) =>
  redis.fcall('belfry_publish', 1, `{${prefix}}:log`, text);
const byPublish: EntryPoint = ({ redis, prefix }, text) => redis.publish(`${prefix}:events`, text);
const byIngress: EntryPoint = ({ redis, prefix }, text) =>
  redis.xadd(`{${prefix}}:ingress`, '*', 'event', text);
const bySocket: EntryPoint = async ({ node, token }, text) => {
  const client = await nativeClient(node.url, token, ['none.*.*']);
  client.send({ id: 1, command: 'publish', events: [JSON.parse(text)] });
  return client.next();
};
const byCommand: EntryPoint = ({ node, token }, text) =>
  runCommand(['publish', text], { BELFRY_URL: node.url, BELFRY_TOKEN: token });

const ENTRY_POINTS: readonly (readonly [name: string, format: string, entryPoint: EntryPoint])[] = [
  ...Object.keys(FORMATS).map((format) => ['HTTP', format, byHttp] as const),
  ...Object.keys(FORMATS).map((format) => ['FCALL', format, byFcall] as const),
  ...Object.keys(FORMATS).map((format) => ['PUBLISH', format, byPublish] as const),
  ...Object.keys(FORMATS).map((format) => ['XADD', format, byIngress] as const),
  ...Object.keys(FORMATS).map((format) => ['a socket', format, bySocket] as const),
  ['belfry publish', 'native', byCommand],
];

// All users of a Redis share its functions, so these tests have a Redis of their own.
describe.skipIf(!HAS_REDIS_SERVER)('a secret in an event', () => {
  let server: RedisServer;
  beforeAll(async () => {
    server = await spawnRedisServer();
    return () => server.dispose();
  });

  async function start(): Promise<World> {
    const prefix = randomPrefix();
    const redis = new Redis(server.url);
    onTestFinished(() => redis.disconnect());
    const node = await startNodeProcess({
      BELFRY_REDIS_URL: server.url,
      BELFRY_PREFIX: prefix,
      BELFRY_LOG_LEVEL: 'trace',
    });
    const { token } = await startNode();
    const admin = await token();
    const clients = [
      await nativeClient(node.url, admin, [HEARD]),
      await drpClient(node.url, admin, [HEARD]),
    ] as const;
    return { redis, prefix, node, token: admin, clients };
  }

  it.each(ENTRY_POINTS)(
    'published by %s in the %s format is heard, stored and logged nowhere',
    async (name, format, entryPoint) => {
      const world = await start();
      await entryPoint(world, JSON.stringify(FORMATS[format]), format);
      const heard = await Promise.all(world.clients.map((client) => client.nextText()));
      const late = await nativeClient(world.node.url, world.token, [HEARD], { since: '0-0' });
      if (name !== 'PUBLISH') heard.push(await late.nextText());

      for (const text of heard) {
        expect(text).not.toContain(SECRET);
        expect(text).toContain(`"password":"${REDACTED}","list":[{"api-key":["${REDACTED}"]}],"note":"seen"`);
      }
      const kept = await everything(world);
      expect(kept.includes(REDACTED)).toBe(name !== 'PUBLISH');
      expect(kept).not.toContain(SECRET);
      expect([...world.node.lines, ...world.node.errorLines].join('\n')).not.toContain(SECRET);
    },
  );

  it.each([
    ['HTTP', byHttp],
    ['FCALL', byFcall],
    ['PUBLISH', byPublish],
  ])('that is refused at the entry point %s is not logged either', async (_name, entryPoint) => {
    const world = await start();
    const odd = { type: 'belfry', action: SECRET, key: SECRET, object: { [SECRET]: SECRET } };
    for (const text of [`{"password":"${SECRET}"`, `{"a":"${SECRET}"}`, JSON.stringify(odd), SECRET]) {
      await entryPoint(world, text, 'native').catch(() => undefined);
    }
    await entryPoint(world, NATIVE, 'native');
    await world.clients[0].next();
    world.node.child.kill('SIGTERM');
    await world.node.exited;
    expect([...world.node.lines, ...world.node.errorLines].join('\n')).not.toContain(SECRET);
    expect(await everything(world)).not.toContain(SECRET);
  });
});

describe('a masked field that one role may see', () => {
  it('is shown to that role and masked for others, in retained events as well', async () => {
    const node = await startNode({
      BELFRY_REDACTION: '[{"fields":["object.spec.owner"],"except":["hr"]}]',
      BELFRY_ROLES: '{"hr":{"subscribe":["*.*.*"]},"dev":{"subscribe":["*.*.*"]}}',
    });
    const [hr, dev] = [await node.token('a', { roles: ['hr'] }), await node.token('b', { roles: ['dev'] })];
    const clients = [await nativeClient(node.url, hr, [HEARD]), await nativeClient(node.url, dev, [HEARD])];
    const env = { BELFRY_URL: node.url, BELFRY_TOKEN: await node.token() };
    await runCommand(['publish', 'cluster.added.prod', '{"spec":{"owner":"ada","token":"x"}}'], env);
    const heard = await Promise.all(clients.map(async (client) => (await client.next())['object']));
    const shown = { spec: { owner: 'ada', token: REDACTED } };
    const masked = { spec: { owner: REDACTED, token: REDACTED } };
    expect(heard).toEqual([shown, masked]);
    const retained = [hr, dev].map(async (token) => {
      const headers = { Authorization: `Bearer ${token}` };
      const one = await fetch(`${node.url}/api/v3/cluster/prod`, { headers });
      const all = await fetch(`${node.url}/api/v3/cluster`, { headers });
      return [await one.json(), await all.json()];
    });
    expect(await Promise.all(retained)).toEqual([
      [shown, [shown]],
      [masked, [masked]],
    ]);
  });
});

describe('the address in an event about a connection', () => {
  const nodes: readonly [name: string, hasRedis: boolean][] = [
    ['without a Redis', false],
    ['with a Redis', true],
  ];
  it.each(nodes.filter(([, hasRedis]) => !hasRedis || HAS_REDIS_SERVER))(
    'is masked on a node %s, both for anonymous connections, whose events are live only, and for others',
    async (_name, hasRedis) => {
      const node = await startNode({
        BELFRY_REDACTION: '[{"fields":["remoteAddr"]}]',
        ...(hasRedis && { BELFRY_REDIS_URL: inject('redisUrl'), BELFRY_PREFIX: randomPrefix() }),
      });
      const client = await nativeClient(node.url, await node.token(), ['connections.create.*']);
      await connect(`${node.url}/norn/ws`);
      await nativeClient(node.url, await node.token('ben'), ['none.*.*']);
      const isKept: boolean[] = [];
      for (let n = 0; n < 2; n++) {
        const { id, object } = await client.next();
        isKept.push(id !== undefined);
        expect(object).toMatchObject({ RemoteAddr: REDACTED });
      }
      // The two are told by different ways, so either may come first.
      expect(new Set(isKept)).toEqual(new Set([false, true]));
    },
  );
});

/** Every key of the hub with its value. */
async function everything({ redis, prefix }: World): Promise<string> {
  const keys = await redis.keys(`*${prefix}*`);
  const values = keys.map(async (key) => {
    switch (await redis.type(key)) {
      case 'stream':
        return redis.xrange(key, '-', '+');
      case 'hash':
        return redis.hgetall(key);
      case 'set':
        return redis.smembers(key);
      case 'zset':
        return redis.zrange(key, '0', '-1');
      case 'list':
        return redis.lrange(key, 0, -1);
      default:
        return redis.get(key);
    }
  });
  return JSON.stringify([keys, await Promise.all(values)]);
}
