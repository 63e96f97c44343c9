import { describe, expect, it } from 'vitest';
import { drpClient } from '../support/client.ts';
import { HAS_REDIS_SERVER, randomPrefix, startRedisServer } from '../support/redis.ts';
import { startNode, type TestNode } from '../support/node.ts';

const BELFRY_RETENTION = JSON.stringify([{ pattern: 'machines,leases.*.*', latest: true }]);

async function startRetaining(settings: Record<string, string> = {}): Promise<TestNode> {
  return startNode({ BELFRY_RETENTION, ...settings });
}

async function publish(node: TestNode, ...events: readonly object[]): Promise<void> {
  const response = await fetch(`${node.url}/api/v3/events`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${await node.token()}`, 'Content-Type': 'application/json' },
    body: JSON.stringify(events),
  });
  expect(response.status).toBe(204);
}

async function get(node: TestNode, path: string, patterns?: string[], method = 'GET'): Promise<Response> {
  const token = await (patterns ? node.token('someone', { subscribe: patterns }) : node.token());
  return fetch(`${node.url}${path}`, { method, headers: { Authorization: `Bearer ${token}` } });
}

const machine = (key: string, object: unknown, action = 'save'): object => ({
  type: 'machines',
  action,
  key,
  object,
});

const counts = ({ headers }: Response): (string | null)[] => [
  headers.get('x-drp-list-total-count'),
  headers.get('x-drp-list-count'),
];

describe('GET /api/v3/<type>', () => {
  it('answers with the latest object of each key, in the order of the keys', async () => {
    const node = await startRetaining();
    await publish(node, machine('b', { Name: 'b' }), machine('c', 1), machine('a', { Name: 'a', v: 1 }));
    await publish(node, machine('a', { Name: 'a', v: 2 }, 'update'), machine('c', null, 'delete'));
    const response = await get(node, '/api/v3/machines');
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8');
    expect(counts(response)).toEqual(['2', '2']);
    expect(await response.json()).toEqual([{ Name: 'a', v: 2 }, { Name: 'b' }]);
  });

  it.each(['/api/v3/machines', '/api/v3/machines/a', '/api/v3/machines/missing'])(
    'answers %s with the position from which a client goes on without a gap',
    async (path) => {
      const node = await startRetaining();
      await publish(node, machine('a', 1));
      const response = await get(node, path);
      expect(response.headers.get('belfry-cursor')).toBe(node.hub.eventLog.position);
      expect(response.headers.get('access-control-expose-headers')).toContain('Belfry-Cursor');
    },
  );

  it('answers with an empty list for a type that has a rule and no events', async () => {
    const response = await get(await startRetaining(), '/api/v3/leases');
    expect([response.status, ...counts(response), await response.text()]).toEqual([200, '0', '0', '[]']);
  });

  it.each([
    ['offset=1&limit=1', ['b'], '1'],
    ['limit=0', [], '0'],
    ['offset=9', [], '0'],
    ['limit=99&slim=Meta&params=x&decode=true', ['a', 'b', 'c'], '3'],
  ])('answers with the page that %s asks for', async (query, names, count) => {
    const node = await startRetaining();
    await publish(node, machine('a', 'a'), machine('b', 'b'), machine('c', 'c'));
    const response = await get(node, `/api/v3/machines?${query}`);
    const link = query === 'offset=1&limit=1' ? '</api/v3/machines?offset=2&limit=1>; rel="next"' : null;
    expect(response.headers.get('link')).toBe(link);
    expect(await response.json()).toEqual(names);
    expect(counts(response)).toEqual(['3', count]);
  });

  it.each(['limit=-1', 'offset=x', 'limit=', 'limit=1.5', 'Name=a', 'sort=Name'])(
    'refuses %s with 406',
    async (query) => {
      const response = await get(await startRetaining(), `/api/v3/machines?${query}`);
      expect(response.status).toBe(406);
      expect(await response.json()).toMatchObject({ Type: 'GET', Code: 406 });
    },
  );

  it('shows the objects that the caller may receive, and leaves out the rest', async () => {
    const node = await startRetaining();
    await publish(node, machine('a', 'a'), machine('b', 'b'), machine('c', 'c', 'secret'));
    for (const [patterns, names] of [
      [['machines.*.a,c'], ['a', 'c']],
      [['machines.save.*'], ['a', 'b']],
      [['leases.*.*'], []],
      [[], []],
    ]) {
      const response = await get(node, '/api/v3/machines', patterns);
      expect(await response.json()).toEqual(names);
      expect(counts(response)).toEqual([`${names?.length}`, `${names?.length}`]);
    }
  });

  it('answers HEAD with the counts and no body', async () => {
    const node = await startRetaining();
    await publish(node, machine('a', 'a'));
    const response = await get(node, '/api/v3/machines?limit=0', undefined, 'HEAD');
    expect([response.status, ...counts(response), await response.text()]).toEqual([200, '1', '0', '']);
  });

  it.each(['nothing', 'event', 'nothing/web', 'machines/a/b'])('has no route to %s', async (path) => {
    const response = await get(await startRetaining(), `/api/v3/${path}`);
    expect(response.status).toBe(404);
    expect(await response.json()).toMatchObject({ Messages: ['No route', expect.anything()] });
  });

  it('refuses a request without credentials', async () => {
    const node = await startRetaining();
    for (const path of ['machines', 'machines/a']) {
      expect((await fetch(`${node.url}/api/v3/${path}`)).status).toBe(401);
    }
  });
});

describe('GET /api/v3/<type>/<key>', () => {
  it.each([
    ['web-1.example.com', 'web-1.example.com'],
    ['a/b c%', 'a%2Fb%20c%25'],
    ['127.0.0.1:80', '127.0.0.1:80'],
    ['漢', encodeURIComponent('漢')],
  ])('answers with the latest object of %s', async (key, path) => {
    const node = await startRetaining();
    await publish(node, machine(key, { Name: key }));
    const response = await get(node, `/api/v3/machines/${path}`);
    expect([response.status, await response.json()]).toEqual([200, { Name: key }]);
    expect((await get(node, `/api/v3/machines/${path}`, undefined, 'HEAD')).status).toBe(200);
  });

  it('answers 404 for a key that does not exist, and for one that the caller may not receive', async () => {
    const node = await startRetaining();
    await publish(node, machine('a', 1), machine('gone', 1), machine('gone', 1, 'destroy'));
    for (const [key, patterns] of [['x'], ['gone'], ['a', ['machines.*.b']]] as [string, string[]?][]) {
      const response = await get(node, `/api/v3/machines/${key}`, patterns);
      expect(response.status).toBe(404);
      expect(await response.json()).toMatchObject({
        Type: 'GET',
        Messages: ['Not Found', expect.anything()],
        Code: 404,
      });
      const head = await get(node, `/api/v3/machines/${key}`, patterns, 'HEAD');
      expect([head.status, await head.text()]).toEqual([404, '']);
    }
  });
});

describe('the latest event of a type that is kept as tails', () => {
  const job = (action: string, key: string, object: unknown): object => ({
    type: 'jobs',
    action,
    key,
    object,
  });
  const started = (settings: Record<string, string> = {}): Promise<TestNode> =>
    startNode({
      BELFRY_RETENTION: '[{"pattern":"jobs.log,save,delete.*","last":3,"ttlMs":60000}]',
      ...settings,
    });

  it('is listed page by page, and answered for one key', async () => {
    const node = await started();
    await publish(
      node,
      job('save', 'b', { Name: 'b' }),
      job('save', 'a:1.x%', { Name: 'a' }),
      job('end', 'c', 1),
    );
    await publish(node, job('log', 'b', 'line'), job('save', 'gone', 1), job('delete', 'gone', 1));
    const list = await get(node, '/api/v3/jobs');
    expect([list.status, ...counts(list), await list.json()]).toEqual([
      200,
      '2',
      '2',
      [{ Name: 'a' }, 'line'],
    ]);
    const page = await get(node, '/api/v3/jobs?offset=1&limit=1');
    expect([...counts(page), await page.json()]).toEqual(['2', '1', ['line']]);
    expect(await (await get(node, '/api/v3/jobs/a:1.x%25')).json()).toEqual({ Name: 'a' });
    for (const key of ['c', 'gone', 'x']) expect((await get(node, `/api/v3/jobs/${key}`)).status).toBe(404);
  });

  it('is the latest event that the caller may receive', async () => {
    const node = await started();
    await publish(node, job('save', 'a', 'saved'), job('log', 'a', 'line'), job('log', 'b', 'line'));
    const refusal = { Code: 404 };
    for (const [patterns, objects, one] of [
      [['jobs.*.*'], ['line', 'line'], 'line'],
      [['jobs.save.*'], ['saved'], 'saved'],
      [['jobs.*.b'], ['line'], refusal],
      [['machines.*.*'], [], refusal],
    ] as [string[], string[], string | object][]) {
      const list = await get(node, '/api/v3/jobs', patterns);
      expect([...counts(list), await list.json()]).toEqual([
        `${objects.length}`,
        `${objects.length}`,
        objects,
      ]);
      expect([await (await get(node, '/api/v3/jobs/a', patterns)).json()]).toMatchObject([one]);
    }
  });

  it('is what the call WaitFor of DRP finds after each event for which it registered', async () => {
    const node = await startNode({ BELFRY_RETENTION: '[{"pattern":"jobs.update,save.*","last":2}]' });
    const client = await drpClient(node.url, await node.token(), ['jobs.update.j.1', 'jobs.save.j.1']);
    expect((await get(node, '/api/v3/jobs/j.1')).status).toBe(404);
    for (const [action, State] of [
      ['save', 'created'],
      ['update', 'running'],
      ['save', 'finished'],
    ] as const) {
      await publish(node, job(action, 'j.1', { State }));
      expect(await client.next()).toMatchObject({ Type: 'jobs', Action: action, Key: 'j.1' });
      expect(await (await get(node, '/api/v3/jobs/j.1')).json()).toEqual({ State });
    }
  });

  it('is masked in the same way as the events of the type', async () => {
    const node = await started({
      BELFRY_REDACTION: '[{"fields":["ssn"],"except":["hr"]}]',
      BELFRY_ROLES: '{"hr":{"subscribe":["*.*.*"]},"dev":{"subscribe":["*.*.*"]}}',
    });
    await publish(node, job('save', 'a', { ssn: '1', password: 'x' }));
    for (const [role, ssn] of [
      ['hr', '1'],
      ['dev', '[redacted]'],
    ] as const) {
      const headers = { Authorization: `Bearer ${await node.token('someone', { roles: [role] })}` };
      const shown = { ssn, password: '[redacted]' };
      const answers = ['jobs/a', 'jobs'].map(async (path) =>
        (await fetch(`${node.url}/api/v3/${path}`, { headers })).json(),
      );
      expect(await Promise.all(answers)).toEqual([shown, [shown]]);
    }
  });

  it('exists for every type when a rule keeps all types', async () => {
    const node = await started({ BELFRY_RETENTION: '[{"pattern":"*.save.*","last":1}]' });
    await publish(node, machine('a', 1));
    const bodies = ['machines', 'machines/a', 'nothing'].map(async (path) =>
      (await get(node, `/api/v3/${path}`)).text(),
    );
    expect(await Promise.all(bodies)).toEqual(['[1]', '1', '[]']);
  });
});

describe('GET /api/clusters', () => {
  const cluster = (action: string, key: string, object: unknown): object => ({
    type: 'cluster',
    action,
    key,
    object,
  });

  it('answers everybody on every listener with the last object of each cluster', async () => {
    const node = await startRetaining({ BELFRY_LISTEN: '127.0.0.1:0=drp,127.0.0.1:0=dorgu' });
    const eu = { name: 'eu.1', spec: { name: 'eu', environment: 'prod' }, status: { phase: 'Ready' } };
    await publish(node, cluster('added', 'us', { name: 'us' }), cluster('added', 'eu.1', {}));
    await publish(node, cluster('updated', 'eu.1', eu), cluster('added', 'gone', {}));
    await publish(node, cluster('deleted', 'gone', {}));
    const us = { name: 'us', spec: { name: 'us' }, status: {} };
    for (const { url } of node.listening) {
      const list = await fetch(`${url}/api/clusters`, { headers: { Origin: 'http://localhost:3000' } });
      expect([list.status, await list.json()]).toEqual([200, { clusters: [eu, us] }]);
      expect(list.headers.get('access-control-allow-origin')).toBe('*');
      expect(await (await fetch(`${url}/api/clusters/eu.1`)).json()).toEqual(eu);
    }
  });

  it('answers with an empty list before any cluster was published, and with 404 as text for an unknown cluster', async () => {
    const node = await startRetaining();
    expect(await (await fetch(`${node.url}/api/clusters`)).json()).toEqual({ clusters: [] });
    const response = await fetch(`${node.url}/api/clusters/nowhere`);
    expect(response.status).toBe(404);
    expect(response.headers.get('content-type')).toMatch(/^text\/plain/);
    expect(await response.text()).toBe('cluster not found\n');
  });

  it('shows a cluster that was published in the format of Dorgu', async () => {
    const node = await startRetaining();
    await publish(node, { type: 'cluster.added', data: { name: 'eu.1', status: { phase: 'Ready' } } });
    const response = await fetch(`${node.url}/api/clusters/eu.1`);
    expect(await response.json()).toEqual({
      name: 'eu.1',
      spec: { name: 'eu.1' },
      status: { phase: 'Ready' },
    });
    await publish(node, { type: 'cluster.deleted', data: { name: 'eu.1' } });
    expect((await fetch(`${node.url}/api/clusters/eu.1`)).status).toBe(404);
  });

  it.each([
    ['without an object', null],
    ['whose object is no cluster', [1]],
    ['with neither spec nor status', { spec: null, status: null }],
    ['whose object has another name', { name: 'other' }],
  ])('shows a cluster for an event %s, under the name that its sockets send', async (_what, object) => {
    const node = await startRetaining();
    await publish(node, cluster('added', 'bare', object));
    const bare = { name: 'bare', spec: { name: 'bare' }, status: {} };
    expect(await (await fetch(`${node.url}/api/clusters/bare`)).json()).toEqual(bare);
    expect(await (await fetch(`${node.url}/api/clusters`)).json()).toEqual({ clusters: [bare] });
  });

  it('lets pages of any origin ask first', async () => {
    const node = await startRetaining();
    const headers = { Origin: 'http://ui.example', 'Access-Control-Request-Method': 'GET' };
    const response = await fetch(`${node.url}/api/clusters`, { method: 'OPTIONS', headers });
    expect(response.status).toBe(204);
    expect(response.headers.get('access-control-allow-origin')).toBe('*');
  });
});

describe.runIf(HAS_REDIS_SERVER)('while Redis is away', () => {
  const paths = ['/api/v3/machines', '/api/v3/machines/a', '/api/v3/container', '/api/v3/container/a'];
  it.each([...paths, '/api/clusters', '/api/clusters/a'])(
    '%s answers 503 and when to come back',
    async (path) => {
      const server = await startRedisServer();
      const node = await startRetaining({ BELFRY_REDIS_URL: server.url, BELFRY_PREFIX: randomPrefix() });
      await publish(node, machine('a', 1));
      expect((await get(node, '/api/v3/machines/a')).status).toBe(200);
      await server.stop();
      const response = await get(node, path);
      expect([response.status, response.headers.get('retry-after')]).toEqual([503, '1']);
    },
  );
});
