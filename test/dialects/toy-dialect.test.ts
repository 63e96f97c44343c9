/**
 * A dialect needs only its own file and a line in the table. This test adds a seventh dialect, which no other file
 * knows.
 */
import { readFileSync } from 'node:fs';
import { Redis } from 'ioredis';
import { describe, expect, inject, it, onTestFinished } from 'vitest';
import { loadConfig } from '../../src/config/config.ts';
import { describeConfig } from '../../src/config/description.ts';
import { DIALECTS } from '../../src/dialects/index.ts';
import { connect, type TestClient } from '../support/client.ts';
import { asyncApiComplaints } from '../support/json-schema.ts';
import { MetricsPage } from '../support/metrics.ts';
import { startNode, type TestNode } from '../support/node.ts';
import { randomPrefix } from '../support/redis.ts';
import { harbour } from './toy-dialect.ts';

const SEVEN = [...DIALECTS, harbour];
const ARRIVAL = { signal: 'berth.docked', ship: 'Aurora', cargo: { tons: 3 } };

function startHarbour(settings: Record<string, string> = {}): Promise<TestNode> {
  return startNode({ BELFRY_LISTEN: '127.0.0.1:0=harbour', ...settings }, SEVEN);
}

async function join(node: TestNode, path = '/harbour/ws'): Promise<TestClient> {
  const headers = { Authorization: `Bearer ${await node.token()}` };
  return connect(node.url.replace('http', 'ws') + path, { headers });
}

/**
 * A client that has subscribed. It sends a ping after the command, since the answer to the ping proves that the
 * command was read.
 */
async function watching(node: TestNode, path?: string): Promise<TestClient> {
  const client = await join(node, path);
  const pong = new Promise((resolve) => client.ws.once('pong', resolve));
  client.send('watch berth');
  client.ws.ping();
  await pong;
  return client;
}

async function publish(node: TestNode, event: object, query = ''): Promise<Response> {
  return fetch(`${node.url}/api/v3/events${query}`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${await node.token()}`, 'Content-Type': 'application/json' },
    body: JSON.stringify(event),
  });
}

async function document<Shape>(node: TestNode, name: string): Promise<Shape> {
  return (await (await fetch(`${node.url}/${name}`)).json()) as Shape;
}

describe('the settings, with a seventh dialect,', () => {
  it('serve it and open its listener unless they say otherwise', () => {
    const config = loadConfig({}, readFileSync, SEVEN);
    expect(config.dialects).toEqual([...DIALECTS.map(({ name }) => name), 'harbour']);
    expect(config.listen).toContainEqual({ port: 7070, dialect: 'harbour', tls: false });
    expect(config.anonymous).not.toContain('harbour');
    const open = loadConfig({}, readFileSync, [...DIALECTS, { ...harbour, isAnonymous: true }]);
    expect(open.anonymous).toEqual(['norn', 'dorgu', 'harbour']);
    expect(describeConfig(config, SEVEN)).toContainEqual(
      expect.objectContaining({
        name: 'BELFRY_LISTEN',
        value: '8800=norn,8080=dorgu,9090=provisioning,7070=harbour,8092=drp+tls',
      }),
    );
  });

  it('accept its name, which is refused where only the six dialects exist', () => {
    const env = { BELFRY_DIALECTS: 'native,harbour', BELFRY_LISTEN: '1=harbour' };
    expect(loadConfig(env, readFileSync, SEVEN).dialects).toEqual(['native', 'harbour']);
    expect(() => loadConfig(env)).toThrow(/BELFRY_LISTEN.*not a listener[^]*BELFRY_DIALECTS/);
  });
});

describe('a node with a seventh dialect', () => {
  it.each(['/ws', '/harbour/ws', '/radio', '/harbour/radio'])(
    'opens its socket at %s, decodes its commands and encodes its events',
    async (path) => {
      const node = await startHarbour();
      const client = await watching(node, path);
      await publish(node, { type: 'berth', action: 'left', key: 'Vega' });
      expect(await client.nextText()).toBe('left Vega null');
      client.send('wait berth');
      await publish(node, { type: 'crane', action: 'moved', key: '1' });
      await publish(node, { type: 'berth', action: 'left', key: 'Lyra' });
      expect(await client.nextText()).toBe('left Lyra null');
    },
  );

  it('serves none of its paths when the settings leave it out', async () => {
    const node = await startHarbour({ BELFRY_DIALECTS: 'native', BELFRY_LISTEN: '127.0.0.1:0=native' });
    await expect(join(node)).rejects.toThrow('404');
    await expect(join(node, '/radio')).rejects.toThrow('404');
    expect((await publish(node, ARRIVAL)).status).toBe(204);
  });

  it('reads its token from a cookie, answers its subprotocol, and refuses clients without a token in its words', async () => {
    const node = await startHarbour();
    const url = `${node.url.replace('http', 'ws')}/radio`;
    const headers = { Cookie: `${node.config.cookie}=${await node.token('ada')}` };
    const client = await connect(url, { headers }, ['harbour.v1']);
    expect(client.ws.protocol).toBe('harbour.v1');
    expect([...node.hub.connections].map(({ identity }) => identity.principal)).toEqual(['user:ada']);
    await expect(connect(url)).rejects.toThrow('401');
  });

  it.each(['', '?dialect=harbour'])(
    'reads what publishers write in its format by HTTP, with the query "%s"',
    async (query) => {
      const node = await startHarbour();
      const client = await watching(node);
      const native = await join(node, '/native/ws?pattern=berth.*.*');
      expect(await native.next()).toMatchObject({ type: 'belfry', action: 'subscribe' });
      expect((await publish(node, ARRIVAL, query)).status).toBe(204);
      expect(await client.nextText()).toBe('docked Aurora {"tons":3}');
      expect(await native.next()).toMatchObject({
        type: 'berth',
        action: 'docked',
        key: 'Aurora',
        object: { tons: 3 },
      });
    },
  );

  it('names its format among the others when an event is not in it', async () => {
    const node = await startHarbour();
    const other = await publish(node, { type: 'berth', action: 'left', key: 'Vega' }, '?dialect=harbour');
    expect(other.status).toBe(422);
    expect(await other.text()).toContain('Not an event in harbour');
    expect(await (await publish(node, {})).text()).toContain(
      'type, data.name (dorgu), signal, ship (harbour) or specversion',
    );
    expect(await (await publish(node, {}, '?dialect=port')).text()).toContain('dorgu, harbour');
  });

  it('reads its format in commands of sockets and in the Redis function', async () => {
    const prefix = randomPrefix();
    const node = await startHarbour({ BELFRY_REDIS_URL: inject('redisUrl'), BELFRY_PREFIX: prefix });
    const redis = new Redis(inject('redisUrl'));
    onTestFinished(() => redis.disconnect());
    const client = await watching(node);
    const native = await join(node, '/native/ws');
    native.send({ id: 1, command: 'publish', events: [ARRIVAL] });
    expect(await native.next()).toMatchObject({ action: 'publish', key: '1' });
    expect(await client.nextText()).toBe('docked Aurora {"tons":3}');
    await redis.fcall('belfry_publish', 1, `{${prefix}}:log`, JSON.stringify({ ...ARRIVAL, ship: 'Lyra' }));
    expect(await client.nextText()).toBe('docked Lyra {"tons":3}');
  });

  it('describes it in both API descriptions as any other dialect', async () => {
    const node = await startHarbour();
    const asyncapi = await document<{ channels: Record<string, { messages: object; bindings: object }> }>(
      node,
      'asyncapi.json',
    );
    expect(asyncApiComplaints()(asyncapi)).toEqual([]);
    for (const id of ['hub.ws', 'hub.harbour.ws', 'hub.radio'])
      expect([id, Object.keys(asyncapi.channels[id]?.messages ?? {})]).toEqual([
        id,
        ['hear.event', 'say.watch'],
      ]);
    const radio = JSON.stringify(asyncapi.channels['hub.radio']?.bindings);
    for (const said of ['"token"', '"band"', 'harbour.v1']) expect(radio).toContain(said);
    const openapi = await document<{ components: { schemas: object }; paths: object }>(node, 'openapi.json');
    expect(Object.keys(openapi.components.schemas)).toContain('Published_harbour');
    expect(JSON.stringify(openapi.paths)).toContain('"dorgu","harbour"');
  });

  it('counts its connections and deliveries under its name', async () => {
    const node = await startHarbour();
    const before = await MetricsPage.of(node.url);
    expect(before.get('belfry_connections{dialect="harbour",principal_kind="user"}')).toBe(0);
    const client = await watching(node);
    await publish(node, ARRIVAL);
    await client.nextText();
    const after = await MetricsPage.of(node.url);
    expect(after.get('belfry_connections{dialect="harbour",principal_kind="user"}')).toBe(1);
    expect(after.get('belfry_deliveries_total{dialect="harbour",outcome="delivered"}')).toBe(1);
  });
});
