import { Redis } from 'ioredis';
import { describe, expect, inject, it, onTestFinished, vi } from 'vitest';
import { DIALECTS } from '../../src/dialects/index.ts';
import { dialectAt } from '../../src/dialects/paths.ts';
import { STREAMS } from '../../src/dialects/mist-streams.ts';
import { native } from '../../src/dialects/native.ts';
import { CLOSE } from '../../src/model/close-codes.ts';
import { ERRORS } from '../../src/model/errors.ts';
import { Description, goldenLines } from '../support/asyncapi.ts';
import { connect, type TestClient } from '../support/client.ts';
import { asyncApiComplaints } from '../support/json-schema.ts';
import { startNode, type TestNode } from '../support/node.ts';
import { randomPrefix } from '../support/redis.ts';
import { post } from './mist-helpers.ts';

const description = new Description();

describe('the AsyncAPI document', () => {
  it('is valid by the schema of AsyncAPI 3.0, with and without TLS', () => {
    const complaints = asyncApiComplaints();
    expect(complaints(description.document)).toEqual([]);
    expect(complaints(new Description({ byDefault: 'drp', tls: true }).document)).toEqual([]);
    expect(complaints({ ...description.document, channels: 1 })).not.toEqual([]);
  });

  it('describes the sockets of every dialect at their paths', () => {
    const addresses = DIALECTS.flatMap(({ name, entryPoints }) =>
      entryPoints.map(({ path }) => (path === '/ws' ? `/${name}/ws` : path)),
    );
    expect(description.addresses('hub').toSorted()).toEqual(addresses.toSorted());
    for (const address of addresses) expect(dialectAt(address, 'metrics', DIALECTS)).toBeDefined();
  });

  it('says which sockets need no token', () => {
    const forAll = description.addresses('hub').filter((address) => !description.asksWhoComes(address));
    expect(forAll.toSorted()).toEqual(['/dorgu/ws', '/norn/ws']);
  });

  it('says which subprotocols native answers, and that the offer may hold a token', () => {
    const { headers } = description.document.channels['hub.native.ws']?.bindings?.ws ?? {};
    const said = headers?.properties['Sec-WebSocket-Protocol']?.description ?? '';
    for (const name of [...(native.subprotocols ?? []), 'belfry.token.']) expect(said).toContain(name);
    for (const address of description.addresses('hub'))
      expect([address, description.asksBy(address, 'subprotocol')]).toEqual([
        address,
        address === '/native/ws',
      ]);
  });

  it.each(DIALECTS.map(({ name }) => name))(
    'describes the messages of /ws on a listener whose default dialect is %s',
    (name) => {
      const described = new Description({ byDefault: name });
      expect(described.addresses('hub').includes('/ws')).toBe(name !== 'mist');
      if (name === 'mist') return;
      expect(described.messages('/ws', 'hear')).toEqual(described.messages(`/${name}/ws`, 'hear'));
    },
  );

  it('holds every error code and close code', () => {
    const tables = description.document as unknown as Record<string, Record<string, object>>;
    for (const [code, about] of Object.entries(ERRORS))
      expect(tables['x-belfry-errors']?.[code]).toMatchObject(about);
    expect(tables['x-belfry-close-codes']).toEqual(CLOSE);
  });

  it('is served on every listener, with the dialect that /ws speaks there', async () => {
    const node = await startNode({ BELFRY_LISTEN: '127.0.0.1:0=norn,127.0.0.1:0=dorgu' });
    for (const { url, dialect } of node.listening) {
      const served = (await (await fetch(`${url}/asyncapi.json`)).json()) as Description['document'];
      expect(served.channels['hub.ws']).toEqual({
        ...served.channels[`hub.${dialect}.ws`],
        address: '/ws',
      });
    }
  });
});

const SOCKETS = ['native', 'drp', 'provisioning', 'norn', 'dorgu'];
const isUseful = ({ came }: { came: string }): boolean =>
  came.startsWith('> ') && !came.includes('"kind":"ignore"');

describe('each golden frame', () => {
  it.each(SOCKETS)('from the hub to %s is one of the described messages', (name) => {
    const said = goldenLines(`${name}/events.txt`).filter(isUseful);
    expect(said.length).toBeGreaterThan(1);
    for (const { came } of said)
      expect([came, description.fitting(`/${name}/ws`, 'hear', came.slice(2)).length]).toEqual([came, 1]);
  });

  it.each([
    ['events', '/ws/'],
    ['server', '/api/'],
    ['stats', '/api/ws/container/stats'],
  ])('of Mist in %s is one of the messages of its streams', (file, under) => {
    const streams = STREAMS.filter(({ path }) => path.startsWith(under));
    for (const { came } of goldenLines(`mist/${file}.txt`).filter(isUseful)) {
      const fitting = streams.flatMap(({ path }) => description.fitting(path, 'hear', came.slice(2)));
      expect([came, fitting.length > 0]).toEqual([came, true]);
    }
  });

  it.each(['native', 'drp', 'provisioning'])(
    'from %s to the hub is one of the described commands',
    (name) => {
      for (const { given, came } of goldenLines(`${name}/commands.txt`).filter(isUseful))
        expect([given, came, description.fitting(`/${name}/ws`, 'say', given).length]).toEqual([
          given,
          came,
          1,
        ]);
    },
  );

  it.each(SOCKETS)('from publishers of %s is an event as it is described', (name) => {
    // The document describes the names as DRP writes them, but DRP reads them in any case.
    const published = goldenLines(`${name}/published.txt`).filter(
      (line) => isUseful(line) && !line.given.includes('aCTION'),
    );
    expect(published.length).toBeGreaterThan(1);
    for (const { given } of published)
      expect([given, description.fitting('belfry_publish', 'say', given)]).toEqual([given, ['event']]);
  });
});

const EVENTS = [
  { type: 'profiles', action: 'save', key: 'global', object: { n: 1 } },
  { type: 'deploy.step', appId: 'shop', payload: { step: 'build' } },
  { type: 'cluster.added', data: { name: 'prod', spec: {} } },
  { event_type: 'TaskStatusChanged', data: { task_id: 't1' } },
  { event_type: 'TeapotBoiled', data: {} },
  { event_type: 'MetricUpdate', data: { metric_name: 'cpu' } },
  { event_type: 'MetricUpdate', data: { metric_name: 'disk' } },
  { event_type: 'LogEntry', data: { level: 'INFO', component: 'a' } },
  { event_type: 'LogEntry', data: { level: 'INFO', component: 'b' } },
] as unknown as Parameters<typeof post>[1][];

const say = (client: TestClient, ...commands: readonly (object | string)[]): void => {
  for (const command of commands) client.send(command);
};

/** The messages that clients send before the events are published, so that the hub sends every message that it has. */
const SAID: Readonly<Record<string, (token: string) => readonly (object | string)[]>> = {
  '/native/ws': (token) => [
    { id: 1, command: 'subscribe', patterns: ['*.*.*'], since: '1-0' },
    { id: 2, command: 'subscribe', patterns: ['a.b.c'] },
    { id: 3, command: 'unsubscribe', patterns: ['a.b.c'] },
    { id: 4, command: 'auth', token },
    { id: 5, command: 'ping' },
    { id: 6, command: 'publish', events: [{ type: 'a', action: 'b', key: 'c' }] },
    'no command',
  ],
  '/drp/ws': () => ['register *.*.*', 'deregister a.*.*'],
  '/api/v3/ws': () => ['register *.*.*', 'deregister a.*.*'],
  '/provisioning/ws': (token) => [
    { type: 'ping' },
    { type: 'auth', token },
    { type: 'subscribe', events: 'task,log,metric' },
    'x',
  ],
  '/metrics': (token) => [
    { type: 'ping' },
    { type: 'auth', token },
    { type: 'subscribe', events: 'metric' },
    'x',
  ],
  '/logs': (token) => [{ type: 'ping' }, { type: 'auth', token }, { type: 'subscribe', events: 'log' }, 'x'],
  '/norn/ws': () => [],
  '/dorgu/ws': () => [],
};

/** The objects of the events of a Mist stream, one for each action. */
const MIST_OBJECTS: Readonly<Record<string, object>> = {
  status: { container: 'c', state: 'running', status: 'running', stage: 's', progress: 1, message: 'm' },
  log: { line: 'l', stream: 'stdout' },
  stats: Object.fromEntries(
    'cpu_percent memory_used_mb memory_limit_mb memory_percent network_rx_mb network_tx_mb block_read_mb block_write_mb pids'
      .split(' ')
      .map((name) => [name, 1]),
  ),
  end: { message: 'over' },
  error: { message: 'lost' },
  sample: { cpu: { usage: 1, cores: 2 }, memory: { used: 1, total: 2 }, disk: { used: 1, total: 2 } },
};

async function open({ url }: TestNode, address: string, token: string, query = ''): Promise<TestClient> {
  return connect(`${url.replace('http', 'ws')}${address}?token=${token}${query}`);
}

/** Reads until every described message has come, and returns the messages that are not described. */
async function hearAll(client: TestClient, address: string, wanted: readonly string[]): Promise<string[]> {
  const missing = new Set(wanted);
  while (missing.size > 0) {
    const frame = await client.nextText();
    const fitting = description.fitting(address, 'hear', frame);
    expect([frame, fitting.length]).toEqual([frame, 1]);
    for (const name of fitting) missing.delete(name);
  }
  return [...missing];
}

describe('a running node', () => {
  const entryPoints = description
    .addresses('hub')
    .filter((path) => STREAMS.every((stream) => stream.path !== path));

  it.each(entryPoints)(
    'sends and accepts every message that the document describes at %s',
    async (address) => {
      const node = await startNode();
      const token = await node.token();
      await post(node, ...EVENTS.slice(0, 2));
      // Only a client that asks for batches is sent any. The other dialects ignore this parameter.
      const client = await open(node, address, token, '&batch_size=10');
      say(client, ...(SAID[address]?.(token) ?? []));
      await vi.waitUntil(() => node.hub.stats.commands >= (SAID[address]?.(token) ?? []).length);
      // Commands are carried out in their order, so once the last is answered all of them are done.
      await post(node, ...EVENTS);
      for (const event of EVENTS) await post(node, event);
      const described = description.messages(address, 'hear').filter((name) => name !== 'cloudevent');
      expect(await hearAll(client, address, described)).toEqual([]);
    },
  );

  it('sends every message of /native/ws as a described CloudEvent where it is asked for them', async () => {
    const node = await startNode();
    const token = await node.token();
    const client = await open(node, '/native/ws', token, '&as=cloudevents');
    const commands = SAID['/native/ws']?.(token) ?? [];
    say(client, ...commands);
    await post(node, ...EVENTS);
    const frames = await Promise.all(
      Array.from({ length: commands.length + EVENTS.length }, () => client.nextText()),
    );
    for (const frame of frames)
      expect([frame, description.fitting('/native/ws', 'hear', frame)]).toEqual([frame, ['cloudevent']]);
  });

  const actions = STREAMS.flatMap(({ path, type, keyOf }) =>
    description.messages(path, 'hear').map((action) => ({ path, type, action, keyOf })),
  );

  it.each(actions)('sends $action at $path as it is described', async ({ path, type, action, keyOf }) => {
    const node = await startNode();
    const query = '&appId=7&deploymentId=7&id=7';
    const key = keyOf(new URLSearchParams(query));
    await post(node, { type, action: 'status', key, object: MIST_OBJECTS['status'] as never });
    const client = await open(node, path, await node.token(), query);
    if (action !== 'connected')
      await post(node, { type, action, key, object: MIST_OBJECTS[action] as never });
    expect(await hearAll(client, path, [action])).toEqual([]);
  });

  it('keeps, accepts and sends in Redis what the document describes', async () => {
    const prefix = randomPrefix();
    const described = new Description({ prefix });
    const url = inject('redisUrl');
    const [redis, ear] = [new Redis(url), new Redis(url)];
    onTestFinished(() => [redis, ear].forEach((each) => each.disconnect()));
    const heard: string[] = [];
    ear.on('message', (channel: string, text: string) => {
      if (channel === `${prefix}:log`) heard.push(text);
    });
    await ear.subscribe(`${prefix}:log`);
    await startNode({ BELFRY_REDIS_URL: url, BELFRY_PREFIX: prefix });
    const event = JSON.stringify(EVENTS[0]);
    const [ingress, deadLetters, log] = ['ingress', 'dead-letters', 'log'].map(
      (name) => `{${prefix}}:${name}`,
    ) as [string, string, string];
    await redis.xadd(ingress, '*', 'event', event);
    await redis.xadd(ingress, '*', 'event', '{}');
    const ids = (await redis.fcall('belfry_publish', 1, log, event)) as string[];
    const refused = await redis.fcall('belfry_publish', 1, log, '{}').catch((error: Error) => error.message);
    const entries = async (key: string): Promise<string[]> => {
      const found = await vi.waitUntil(async () => {
        const all = await redis.xrange(key, '-', '+');
        return all.length > 0 && all;
      });
      return found.map(([, fields]) => JSON.stringify(Object.fromEntries(pairs(fields))));
    };
    expect(described.fitting(ingress, 'say', JSON.stringify({ event }))).toEqual(['entry']);
    for (const entry of await entries(deadLetters))
      expect(described.fitting(deadLetters, 'hear', entry)).toEqual(['entry']);
    for (const entry of await entries(log)) expect(described.fitting(log, 'hear', entry)).toEqual(['entry']);
    expect(described.fitting('belfry_publish', 'hear', JSON.stringify(ids))).toEqual(['ids']);
    expect(described.fitting('belfry_publish', 'hear', String(refused))).toEqual(['refused']);
    await vi.waitUntil(() => heard.length >= 2);
    for (const text of heard)
      expect([text, described.fitting(`${prefix}:log`, 'hear', text)]).toEqual([text, ['entry']]);
    const command = '{"close":{"principal":"user:ada"},"reason":"tea time"}';
    expect(described.fitting(`${prefix}:control`, 'say', command)).toEqual(['command']);
    expect(described.fitting(`${prefix}:control`, 'say', '{"open":{}}')).toEqual([]);
  });
});

function pairs(fields: readonly string[]): [string, string][] {
  return fields.flatMap((name, i) => (i % 2 === 0 ? [[name, fields[i + 1] ?? ''] as [string, string]] : []));
}
