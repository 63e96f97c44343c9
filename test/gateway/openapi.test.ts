import { Validator } from '@seriousme/openapi-schema-validator';
import express from 'express';
import { Redis } from 'ioredis';
import { rmSync } from 'node:fs';
import { describe, expect, inject, it, onTestFinished, vi } from 'vitest';
import { DIALECTS } from '../../src/dialects/index.ts';
import { openApi } from '../../src/gateway/api-docs/openapi.ts';
import { errorsOf, type DescribedRoute } from '../../src/gateway/rest/route.ts';
import { ROUTES } from '../../src/gateway/rest/routes.ts';
import { hashPassword } from '../../src/model/password.ts';
import { ERRORS } from '../../src/model/errors.ts';
import { builtConsole } from '../support/console-home.ts';
import { nativeClient } from '../support/client.ts';
import { validatorsOf } from '../support/json-schema.ts';
import { startNode, type TestNode } from '../support/node.ts';
import { HAS_REDIS_SERVER, randomPrefix, startRedisServer } from '../support/redis.ts';
import { openStream } from '../support/stream.ts';
import { formats } from '../support/formats.ts';

const document = openApi('1.2.3', ROUTES, formats);

interface Layer {
  readonly route?: { readonly path: string; readonly methods: Readonly<Record<string, boolean>> };
  readonly handle: { readonly stack?: readonly Layer[] };
  readonly rawPath: string;
}

/** Every route of a router and of the routers mounted in it, written as in the table of operations. */
function routesIn(layers: readonly Layer[], base = ''): string[] {
  return layers.flatMap(({ route, handle, rawPath }) => {
    const path = `${base}${rawPath === '/' ? '' : rawPath}`.replaceAll(/:(\w+)/g, '{$1}');
    if (route !== undefined) return Object.keys(route.methods).map((method) => `${method} ${path || '/'}`);
    return handle.stack === undefined ? [] : routesIn(handle.stack, path);
  });
}

describe('the OpenAPI document', () => {
  it('is valid by the schema of OpenAPI 3.1', async () => {
    const validator = new Validator();
    expect(await validator.validate(structuredClone(document) as Record<string, unknown>)).toEqual({
      valid: true,
    });
    expect(validator.version).toBe('3.1');
  });

  it('describes every served route, and no other', async () => {
    const handled = vi.spyOn(express.application as unknown as { handle: () => void }, 'handle');
    onTestFinished(() => handled.mockRestore());
    const { url } = await startNode();
    await fetch(`${url}/healthz`);
    const app = handled.mock.contexts[0] as { router: { stack: readonly Layer[] } };
    const described = ROUTES.map(({ method, path }) => `${method} ${path}`);
    expect(routesIn(app.router.stack).toSorted()).toEqual(described.toSorted());
  });

  it('holds every error code with its status and meaning', () => {
    const { 'x-belfry-errors': table } = document as { 'x-belfry-errors': Record<string, object> };
    for (const [code, about] of Object.entries(ERRORS)) expect(table[code]).toMatchObject(about);
    expect(Object.keys(table)).toEqual(Object.keys(ERRORS));
  });

  it('is served on every listener', async () => {
    const node = await startNode({ BELFRY_LISTEN: '127.0.0.1:0=norn,127.0.0.1:0=mist' });
    for (const { url } of node.listening) {
      const response = await fetch(`${url}/openapi.json`);
      expect(response.headers.get('content-type')).toMatch(/^application\/json/);
      expect(await response.json()).toMatchObject({ openapi: '3.1.0', paths: { '/api/v3/events': {} } });
    }
  });
});

interface Asked {
  /** The path with its parameters filled in, and the query. */
  readonly target: string;
  readonly headers?: Record<string, string>;
  readonly body?: string;
  /** The caller: one without grants, or one that may see connections. If absent, it is an admin. */
  readonly as?: 'nobody' | 'watcher';
  /** The console that was built is removed before. */
  readonly withoutConsole?: true;
  /** The expected answer: a status, or the code of an error. */
  readonly gets: number | keyof typeof ERRORS;
}

const JSON_TYPE = { 'Content-Type': 'application/json' };
const EVENT = JSON.stringify({ type: 'cluster', action: 'added', key: 'prod', object: { nodes: 3 } });
const mcp = (message: string): string => `{"jsonrpc":"2.0",${message.slice(1)}`;
const api = (path: string): string => `/api/v3${path}`;

/** Requests for every operation, so that each of its statuses and codes occurs. */
const REQUESTS: Readonly<Record<string, readonly Asked[]>> = {
  getHealth: [{ target: '/healthz', gets: 200 }],
  getReadiness: [{ target: '/readyz', gets: 200 }],
  getMetrics: [{ target: '/metrics', gets: 200 }],
  getFrontPage: [
    { target: '/', headers: { Accept: 'text/html' }, gets: 302 },
    { target: '/', headers: { Accept: 'text/html' }, withoutConsole: true, gets: 200 },
    { target: '/', gets: 'not_found' },
  ],
  getConsole: [
    { target: '/console', gets: 302 },
    { target: '/console/', gets: 200 },
    { target: '/console/', withoutConsole: true, gets: 'not_found' },
    { target: '/console/', headers: { Accept: 'text/html' }, gets: 404 },
  ],
  getConsoleFile: [
    { target: '/console/assets/index-a1.js', gets: 200 },
    { target: '/console/assets/none.js', gets: 'not_found' },
  ],
  getDocs: [
    { target: '/docs', gets: 200 },
    { target: '/docs?q=publish', headers: { Accept: 'text/html' }, gets: 200 },
  ],
  getDocsFile: [
    { target: '/docs/index.md', gets: 200 },
    { target: '/docs/none', gets: 'not_found' },
    { target: '/docs/none', headers: { Accept: 'text/html' }, gets: 404 },
  ],
  getDocsPage: [
    { target: '/docs/how-to/secure', gets: 200 },
    { target: '/docs/how-to/none', gets: 'not_found' },
    { target: '/docs/how-to/none', headers: { Accept: 'text/html' }, gets: 404 },
  ],
  getDocsList: [{ target: '/llms.txt', gets: 200 }],
  getOpenApi: [{ target: '/openapi.json', gets: 200 }],
  getAsyncApi: [{ target: '/asyncapi.json', gets: 200 }],
  getInfo: [{ target: api('/info'), gets: 200 }],
  getMe: [{ target: api('/me'), gets: 200 }],
  listTopics: [{ target: api('/topics'), gets: 200 }],
  getToken: [
    { target: api('/users/ada/token?ttl=60'), gets: 200 },
    { target: api('/users/ada/token?ttl=0'), gets: 'ttl_invalid' },
    { target: api('/users/ada/token'), as: 'nobody', gets: 'forbidden' },
    { target: api('/users/eve/token'), gets: 'not_found' },
  ],
  getEvents: [
    { target: api('/events?limit=5'), gets: 200 },
    { target: api('/events?q=save'), gets: 200 },
    { target: api('/events?as=cloudevents'), gets: 200 },
    { target: api('/events?as=x'), gets: 'parameter_invalid' },
    { target: api('/events?since=1-0'), gets: 200 },
    { target: api('/events?pattern=a'), gets: 'pattern_invalid' },
    { target: api('/events?filters=1'), gets: 'filter_invalid' },
    { target: api('/events?filters=%7B'), gets: 'json_invalid' },
    { target: api('/events?limit=0'), gets: 'parameter_invalid' },
    { target: api('/events?since=x'), gets: 'cursor_invalid' },
    { target: api('/events'), as: 'nobody', gets: 'forbidden' },
  ],
  publish: [
    { target: api('/events'), headers: JSON_TYPE, body: EVENT, gets: 204 },
    { target: api('/events'), headers: JSON_TYPE, body: '{', gets: 'json_invalid' },
    { target: api('/events'), body: EVENT, gets: 'content_type_invalid' },
    {
      target: api('/events'),
      headers: { ...JSON_TYPE, 'Content-Encoding': 'compress' },
      body: EVENT,
      gets: 'encoding_unsupported',
    },
    {
      target: api('/events'),
      headers: { ...JSON_TYPE, 'Content-Encoding': 'gzip' },
      body: EVENT,
      gets: 'request_invalid',
    },
    { target: api('/events'), headers: JSON_TYPE, body: '{}', gets: 'event_invalid' },
    {
      target: api('/events'),
      headers: JSON_TYPE,
      body: EVENT.replace('3', `"${'x'.repeat(2_000)}"`),
      gets: 'event_too_big',
    },
    {
      target: api('/events'),
      headers: JSON_TYPE,
      body: EVENT.replace('cluster', 'belfry'),
      gets: 'type_reserved',
    },
    {
      target: api('/events'),
      headers: { ...JSON_TYPE, 'Belfry-Lease': 'nobody; fence=1' },
      body: EVENT,
      gets: 'lease_lost',
    },
    { target: api('/events?dry=true'), headers: JSON_TYPE, body: EVENT, gets: 200 },
    { target: api('/events?dry=yes'), headers: JSON_TYPE, body: EVENT, gets: 'parameter_invalid' },
    { target: api('/events?dialect=latin'), headers: JSON_TYPE, body: EVENT, gets: 'dialect_unknown' },
    {
      target: api('/events'),
      headers: { ...JSON_TYPE, 'Idempotency-Key': 'x'.repeat(201) },
      body: EVENT,
      gets: 'idempotency_key_invalid',
    },
    { target: api('/events'), headers: { ...JSON_TYPE, 'Idempotency-Key': 'k' }, body: EVENT, gets: 204 },
    {
      target: api('/events'),
      headers: { ...JSON_TYPE, 'Idempotency-Key': 'k' },
      body: EVENT.replace('3', '4'),
      gets: 'idempotency_key_reused',
    },
    { target: api('/events'), headers: JSON_TYPE, body: EVENT, as: 'nobody', gets: 'forbidden' },
  ],
  explain: [
    { target: api('/explain?event=EVENT&connection=CONNECTION'), gets: 200 },
    { target: api('/explain?event=EVENT&connection=x'), gets: 'not_found' },
    { target: api('/explain?event=EVENT'), gets: 200 },
    { target: api('/explain?topic=cluster.added.prod'), gets: 200 },
    { target: api('/explain?topic=cluster'), gets: 'pattern_invalid' },
    { target: api('/explain'), gets: 'parameter_invalid' },
    { target: api('/explain?event=x&connection=x'), gets: 'cursor_invalid' },
    { target: api('/explain'), as: 'nobody', gets: 'forbidden' },
  ],
  listNodes: [
    { target: api('/nodes'), gets: 200 },
    { target: api('/nodes?detail=status'), gets: 200 },
    { target: api('/nodes'), as: 'nobody', gets: 'forbidden' },
  ],
  listDeadLetters: [
    { target: api('/dead-letters'), gets: 200 },
    { target: api('/dead-letters'), as: 'nobody', gets: 'forbidden' },
  ],
  addDeadLetter: [
    { target: api('/dead-letters?sink=s&message=m'), headers: JSON_TYPE, body: EVENT, gets: 201 },
    { target: api('/dead-letters?sink=s&message=m'), body: EVENT, gets: 'content_type_invalid' },
    {
      target: api('/dead-letters?sink=s&message=m'),
      headers: { ...JSON_TYPE, 'Content-Encoding': 'compress' },
      body: EVENT,
      gets: 'encoding_unsupported',
    },
    {
      target: api('/dead-letters?sink=s&message=m'),
      headers: { ...JSON_TYPE, 'Content-Encoding': 'gzip' },
      body: EVENT,
      gets: 'request_invalid',
    },
    { target: api('/dead-letters?sink=s&message=m'), headers: JSON_TYPE, body: '{', gets: 'json_invalid' },
    { target: api('/dead-letters?sink=s&message=m'), headers: JSON_TYPE, body: '{}', gets: 'event_invalid' },
    {
      target: api('/dead-letters?sink=s&message=m'),
      headers: JSON_TYPE,
      body: EVENT.replace('3', `"${'x'.repeat(2_000)}"`),
      gets: 'event_too_big',
    },
    {
      target: api('/dead-letters?sink=a.b&message=m'),
      headers: JSON_TYPE,
      body: EVENT,
      gets: 'parameter_invalid',
    },
    {
      target: api('/dead-letters?sink=s&message=m'),
      as: 'nobody',
      headers: JSON_TYPE,
      body: EVENT,
      gets: 'forbidden',
    },
  ],
  getDeadLetter: [
    { target: api('/dead-letters/DEAD'), gets: 200 },
    { target: api('/dead-letters/1-0'), gets: 'not_found' },
    { target: api('/dead-letters/1-0'), as: 'nobody', gets: 'forbidden' },
  ],
  retryDeadLetter: [
    { target: api('/dead-letters/DEAD/retry'), gets: 204 },
    { target: api('/dead-letters/1-0/retry'), gets: 'not_found' },
    { target: api('/dead-letters/1-0/retry'), as: 'nobody', gets: 'forbidden' },
  ],
  deleteDeadLetter: [
    { target: api('/dead-letters/DEAD'), gets: 204 },
    { target: api('/dead-letters/1-0'), gets: 'not_found' },
    { target: api('/dead-letters/1-0'), as: 'nobody', gets: 'forbidden' },
  ],
  listConnections: [
    { target: api('/connections?Principal=Ne()'), gets: 200 },
    { target: api('/connections?detail=deliveries'), gets: 200 },
  ],
  closeConnections: [
    { target: api('/connections?Principal=user:nobody'), gets: 200 },
    { target: api('/connections?Id=CONNECTION'), as: 'watcher', gets: 'forbidden' },
  ],
  getConnection: [
    { target: api('/connections/CONNECTION'), gets: 200 },
    { target: api('/connections/CONNECTION?detail=deliveries'), gets: 200 },
    { target: api('/connections/x'), gets: 'not_found' },
  ],
  closeConnection: [
    { target: api('/connections/CONNECTION'), as: 'watcher', gets: 'forbidden' },
    { target: api('/connections/x'), gets: 'not_found' },
    { target: api('/connections/CONNECTION'), gets: 200 },
  ],
  ...Object.fromEntries(
    ['machines', 'clusters', 'resource_brokers'].flatMap((type) => [
      [`list_${type}_connections`, [{ target: api(`/${type}/m1/connections`), gets: 200 }]],
      [
        `get_${type}_presence`,
        [
          { target: api(`/${type}/m1/presence`), gets: 200 },
          { target: api(`/${type}/m1/presence`), as: 'nobody', gets: 'not_found' },
        ],
      ],
    ]) as [string, Asked[]][],
  ),
  getPresence: [
    { target: api('/presence?principal=user:admin'), gets: 200 },
    { target: api('/presence'), gets: 200 },
    { target: api('/presence?principal=user:eve'), as: 'nobody', gets: 'not_found' },
  ],
  revokeToken: [
    { target: api('/tokens/t1'), gets: 200 },
    { target: api('/tokens/t1?until=tomorrow'), gets: 'time_invalid' },
    { target: api('/tokens/t1'), as: 'nobody', gets: 'forbidden' },
  ],
  revokePrincipal: [
    { target: api('/tokens?principal=user:eve'), gets: 200 },
    { target: api('/tokens?principal=user:eve&until=tomorrow'), gets: 'time_invalid' },
    { target: api('/tokens?principal=user:eve'), as: 'nobody', gets: 'forbidden' },
  ],
  takeLease: [
    { target: api('/leases/l1?holder=a'), gets: 200 },
    { target: api('/leases/l1?holder=b'), gets: 'lease_held' },
    { target: api('/leases/l1?holder=a&ttlMs=1'), gets: 'parameter_invalid' },
    { target: api('/leases/l1?holder=a'), as: 'nobody', gets: 'forbidden' },
  ],
  getLease: [
    { target: api('/leases/l1'), gets: 200 },
    { target: api('/leases/l2'), gets: 'not_found' },
    { target: api('/leases/l%201'), gets: 'parameter_invalid' },
    { target: api('/leases/l1'), as: 'nobody', gets: 'forbidden' },
  ],
  releaseLease: [
    { target: api('/leases/l1?holder=b'), gets: 'lease_held' },
    { target: api('/leases/l1?holder=a'), gets: 204 },
    { target: api('/leases/l1'), gets: 'parameter_invalid' },
    { target: api('/leases/l1?holder=a'), as: 'nobody', gets: 'forbidden' },
  ],
  getShards: [
    { target: api('/shards'), gets: 200 },
    { target: api('/shards'), as: 'nobody', gets: 'forbidden' },
  ],
  reshard: [
    { target: api('/shards?count=2&fans=%7B%22deploy%22%3A2%7D'), gets: 200 },
    { target: api('/shards?count=2&fans=%7B%22deploy%22%3A2%7D'), gets: 'reshard_refused' },
    { target: api('/shards'), gets: 'parameter_invalid' },
    { target: api('/shards?count=2&fans=%7B%22deploy%22%3A0%7D'), gets: 'parameter_invalid' },
    { target: api('/shards?count=3'), as: 'nobody', gets: 'forbidden' },
  ],
  listRetained: [
    { target: api('/cluster'), gets: 200 },
    { target: api('/cluster?as=cloudevents'), gets: 200 },
    { target: api('/cluster?as=x'), gets: 'not_acceptable' },
    { target: api('/teapots'), gets: 'not_found' },
  ],
  getRetained: [
    { target: api('/cluster/prod'), gets: 200 },
    { target: api('/cluster/prod?as=cloudevents'), gets: 200 },
    { target: api('/cluster/none'), gets: 'not_found' },
  ],
  listClusters: [
    { target: '/api/clusters', gets: 200 },
    { target: '/api/clusters?limit=x', gets: 'parameter_invalid' },
  ],
  getCluster: [
    { target: '/api/clusters/prod', gets: 200 },
    { target: '/api/clusters/none', gets: 404 },
  ],
  callMcp: [
    { target: '/mcp', headers: JSON_TYPE, body: mcp('{"id":1,"method":"ping"}'), gets: 200 },
    { target: '/mcp', headers: JSON_TYPE, body: mcp('{"method":"notifications/initialized"}'), gets: 202 },
    { target: '/mcp', headers: JSON_TYPE, body: '{"jsonrpc":"1.0"}', gets: 400 },
    { target: '/mcp', headers: JSON_TYPE, body: '{', gets: 'json_invalid' },
    { target: '/mcp', body: '{}', gets: 'content_type_invalid' },
    {
      target: '/mcp',
      headers: { ...JSON_TYPE, 'Content-Encoding': 'compress' },
      body: '{}',
      gets: 'encoding_unsupported',
    },
    { target: '/mcp', headers: JSON_TYPE, body: `"${'x'.repeat(9_000)}"`, gets: 'event_too_big' },
    { target: '/mcp', headers: JSON_TYPE, body: `[${Array(17).fill('{}').join()}]`, gets: 'request_invalid' },
  ],
};

/** Answers that no request can cause. Other tests cause them. */
const NOT_ASKED_FOR = new Set([
  'unavailable',
  'outcome_unknown',
  'internal',
  'limit_reached',
  'signing_unavailable',
  'attempts_exceeded',
  'session_ended',
  'reads_exceeded',
]);

/** Faults that are the same at every route. */
const COMMON: readonly { readonly code: string; readonly headers: Record<string, string> }[] = [
  { code: 'credentials_missing', headers: { Authorization: '' } },
  { code: 'credentials_malformed', headers: { Authorization: 'Basic !' } },
  { code: 'password_wrong', headers: { Authorization: `Basic ${btoa('ada:wrong')}` } },
  { code: 'token_invalid', headers: { Authorization: 'Bearer x' } },
  { code: 'origin_forbidden', headers: { Origin: 'https://elsewhere.example' } },
  { code: 'not_acceptable', headers: { Accept: 'text/html' } },
];

const complaintsAt = validatorsOf(document, '2020');
const escaped = (path: string): string => path.replaceAll('~', '~0').replaceAll('/', '~1');

/** Checks a response against the description of its status. The body may have one of several types, or be absent. */
async function fits({ method, path }: DescribedRoute, response: Response): Promise<unknown> {
  const { status, headers } = response;
  const at = `/paths/${escaped(path)}/${method}/responses/${status}`;
  const described = (document as { paths: Record<string, Record<string, { responses: object }>> }).paths[
    path
  ]?.[method]?.responses as Record<number, { content?: object; headers?: object }>;
  expect(Object.keys(described).map(Number)).toContain(status);
  const { content = {}, headers: named = {} } = described[status] ?? {};
  for (const name of Object.keys(named)) expect([name, headers.has(name)]).toEqual([name, true]);
  const text = await response.text();
  const type = headers.get('content-type')?.split(';')[0] ?? '';
  const isEmpty = Object.keys(content).length === 0;
  expect([text === '', isEmpty || Object.keys(content).includes(type)]).toEqual([isEmpty, true]);
  if (isEmpty) return undefined;
  const body: unknown = /[/+]json$/.test(type) ? JSON.parse(text) : text;
  expect(complaintsAt(`${at}/content/${escaped(type)}/schema`)(body)).toEqual([]);
  return body;
}

/** The error code of a refusal, if it names one. */
function codeOf(response: Response, body: unknown): string {
  const { Messages = [] } = (body ?? {}) as { Messages?: readonly string[] };
  if (Messages[0] === 'Access Denied') return 'password_wrong';
  return /#(\w+)$/.exec(Messages.at(-1) ?? '')?.[1] ?? String(response.status);
}

/** A node on Redis with a connection, an event, a lease and a dead letter. */
async function startStage(redisUrl = inject('redisUrl')): Promise<{
  node: TestNode;
  ask: (asked: Asked, method: string) => Promise<Response>;
}> {
  const prefix = randomPrefix();
  const users = [{ name: 'ada', password: await hashPassword('lovelace') }];
  const settings = {
    BELFRY_REDIS_URL: redisUrl,
    BELFRY_PREFIX: prefix,
    BELFRY_ALLOWED_ORIGINS: 'https://here.example',
    BELFRY_EVENT_MAX_BYTES: '1024',
    BELFRY_USERS: JSON.stringify(users),
    BELFRY_CONSOLE: 'on',
  };
  const home = builtConsole();
  const node = await startNode(settings, DIALECTS, home);
  const admin = await node.token();
  const tokens = {
    nobody: await node.token('nobody', {}),
    watcher: await node.token('watcher', { subscribe: ['connections.create.*'] }),
  };
  await nativeClient(node.url, admin, ['*.*.*']);
  const posted = await fetch(`${node.url}/api/v3/events`, {
    method: 'POST',
    headers: { ...JSON_TYPE, Authorization: `Bearer ${admin}` },
    body: EVENT,
  });
  const lease = `${node.url}/api/v3/leases/l1?holder=a`;
  await fetch(lease, { method: 'PUT', headers: { Authorization: `Bearer ${admin}` } });
  const redis = new Redis(redisUrl);
  redis.on('error', () => undefined);
  onTestFinished(() => redis.disconnect());
  const deadLetters = async (): Promise<string> => {
    await redis.xadd(`{${prefix}}:ingress`, '*', 'event', '{}');
    const found = await vi.waitUntil(
      async () => (await redis.xrange(`{${prefix}}:dead-letters`, '-', '+'))[0],
      { timeout: 10_000 },
    );
    return found[0];
  };
  const event = posted.headers.get('belfry-event-ids') ?? '';
  const ask = async (asked: Asked, method: string): Promise<Response> => {
    const { target, headers = {}, body, as, withoutConsole } = asked;
    if (withoutConsole) rmSync(new URL('dist/', home), { recursive: true });
    const [connection] = [...node.hub.connections];
    const filled = target
      .replace('EVENT', event)
      .replace('CONNECTION', connection?.id ?? '')
      .replace('DEAD', target.includes('DEAD') ? await deadLetters() : '');
    const token = as === undefined ? admin : tokens[as];
    return fetch(`${node.url}${filled}`, {
      method: method.toUpperCase(),
      headers: { Authorization: `Bearer ${token}`, ...headers },
      ...(body !== undefined && { body }),
      redirect: 'manual',
    });
  };
  return { node, ask };
}

describe('a running node', () => {
  it.each(ROUTES)(
    'answers $id as /openapi.json describes it, with every answer and every error',
    async (route) => {
      const { ask } = await startStage();
      const met = new Set<string>();
      const requests = REQUESTS[route.id] ?? [];
      for (const asked of requests) {
        const response = await ask(asked, route.method);
        const body = await fits(route, response);
        expect([asked.target, codeOf(response, body)]).toEqual([asked.target, String(asked.gets)]);
        met.add(String(asked.gets));
      }
      const [first = { target: route.path, gets: 200 }] = requests;
      const codes = errorsOf(route);
      for (const { code, headers } of COMMON.filter((common) => codes.some((each) => each === common.code))) {
        const response = await ask({ ...first, headers: { ...first.headers, ...headers } }, route.method);
        const body = await fits(route, response);
        expect(codeOf(response, body).replace('401', code)).toBe(code);
        met.add(code);
      }
      const codesToMeet = codes.filter((code) => !NOT_ASKED_FOR.has(code));
      const statuses = Object.keys(route.answers).filter((status) => status !== '503');
      expect([...met].toSorted()).toEqual([...codesToMeet, ...statuses].toSorted());
    },
  );

  it.skipIf(!HAS_REDIS_SERVER)('answers 503 as /openapi.json describes it while Redis is away', async () => {
    const redis = await startRedisServer();
    const { node, ask } = await startStage(redis.url);
    await redis.kill();
    await vi.waitUntil(async () => (await fetch(`${node.url}/readyz`)).status === 503);
    for (const id of [
      'getReadiness',
      'publish',
      'listConnections',
      'listDeadLetters',
      'getEvents',
      'listClusters',
    ]) {
      const route = ROUTES.find((each) => each.id === id) as DescribedRoute;
      const [asked] = REQUESTS[id] as [Asked];
      const response = await ask(asked, route.method);
      expect([id, response.status]).toEqual([id, 503]);
      await fits(route, response);
    }
  });

  it('streams events in the form that /openapi.json describes for a page', async () => {
    const { node } = await startStage();
    const stream = await openStream(`${node.url}/api/v3/events?since=1-0&token=${await node.token()}`);
    const event = complaintsAt('/components/schemas/Page/properties/events/items');
    const gap = await stream.nextEvent();
    expect([gap.event, event(gap.data).length > 0]).toEqual(['gap', true]);
    const { data } = await stream.nextEvent();
    expect(event(data)).toEqual([]);
  });
});
