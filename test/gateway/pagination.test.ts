import { Redis } from 'ioredis';
import { describe, expect, inject, it, onTestFinished } from 'vitest';
import { loadConfig } from '../../src/config/config.ts';
import { ROUTES } from '../../src/gateway/rest/routes.ts';
import { startNode, type TestNode } from '../support/node.ts';
import { rawRequest, type RawAnswer } from '../support/raw-http.ts';
import { randomPrefix } from '../support/redis.ts';
import { thrownBy } from '../support/thrown.ts';

const LISTED = 'https://pages.example';

async function ask(node: TestNode, path: string, headers: Record<string, string>, method = 'GET') {
  return fetch(`${node.url}${path}`, {
    method,
    headers: { Authorization: `Bearer ${await node.token()}`, ...headers },
  });
}

/** The headers that a browser checks before it shows a response to a page. */
const allowed = ({ headers }: Response): (string | null)[] => [
  headers.get('access-control-allow-origin'),
  headers.get('access-control-allow-credentials'),
];

describe('a page of another origin', () => {
  it.each([
    ['/api/v3/info', 'https://anywhere.example'],
    ['/api/v3/info', 'null'],
    ['/api/clusters', 'https://anywhere.example'],
    ['/api/clusters', 'null'],
  ])(
    'reads %s from the origin "%s", without the credentials of the browser, while no origin is listed',
    async (path, Origin) => {
      const response = await ask(await startNode(), path, { Origin });
      expect([response.status, ...allowed(response)]).toEqual([200, '*', null]);
    },
  );

  it.each(['/api/v3/info', '/api/clusters'])(
    'reads %s with credentials if its origin is listed, and is refused if not',
    async (path) => {
      const node = await startNode({ BELFRY_ALLOWED_ORIGINS: LISTED });
      const listed = await ask(node, path, { Origin: LISTED });
      expect([listed.status, ...allowed(listed), listed.headers.get('vary')]).toEqual([
        200,
        LISTED,
        'true',
        'Origin',
      ]);
      for (const Origin of ['https://anywhere.example', 'null', 'http://pages.example', `${LISTED}:444`]) {
        const other = await ask(node, path, { Origin });
        expect([other.status, ...allowed(other), other.headers.get('vary')]).toEqual([
          403,
          null,
          null,
          'Origin',
        ]);
      }
    },
  );

  it('gets answers that caches do not mix with those to requests without an origin', async () => {
    const response = await ask(await startNode({ BELFRY_ALLOWED_ORIGINS: LISTED }), '/api/v3/info', {});
    expect([response.status, ...allowed(response), response.headers.get('vary')]).toEqual([
      200,
      null,
      null,
      'Origin',
    ]);
  });

  it('may first ask for every header that the API reads, and may read every header that it sends', async () => {
    const node = await startNode();
    const headers = { Origin: LISTED, 'Access-Control-Request-Method': 'POST', Authorization: '' };
    const asked = await ask(node, '/api/v3/events', headers, 'OPTIONS');
    expect([asked.status, ...allowed(asked)]).toEqual([204, '*', null]);
    const lists = ['methods', 'headers'].map((name) => asked.headers.get(`access-control-allow-${name}`));
    expect(lists[0]?.split(', ')).toEqual(expect.arrayContaining(['GET', 'POST', 'DELETE']));
    expect(lists[1]?.toLowerCase().split(', ')).toEqual(
      expect.arrayContaining(['authorization', 'content-type', 'idempotency-key', 'last-event-id']),
    );
    expect(Number(asked.headers.get('access-control-max-age'))).toBeGreaterThan(0);
    // A browser follows a redirect by itself.
    const answers = ROUTES.flatMap(({ answers: each }) =>
      Object.entries(each).flatMap(([status, answer]) => (status.startsWith('3') ? [] : [answer])),
    );
    const declared = answers.flatMap(({ headers: named = [] }) => named);
    expect(declared).toContain('Belfry-Event-Ids');
    const { headers: told } = await ask(node, '/api/v3/events', { Origin: LISTED });
    expect(told.get('access-control-expose-headers')?.split(', ')).toEqual(
      expect.arrayContaining(['Retry-After', ...new Set(declared)]),
    );
  });

  it('is not a page that the hub itself served, whatever origins are listed', async () => {
    const node = await startNode({ BELFRY_ALLOWED_ORIGINS: LISTED });
    expect((await ask(node, '/api/v3/info', { Origin: node.url })).status).toBe(200);
  });
});

describe('the setting of allowed origins', () => {
  it.each([
    ['https://pages.example/', 'Expected https://pages.example.'],
    ['https://Pages.Example', 'Expected https://pages.example.'],
    ['https://pages.example:443', 'Expected https://pages.example.'],
    ['https://pages.example/app', 'Expected https://pages.example.'],
    ['https://bücher.example', 'Expected https://xn--bcher-kva.example.'],
    ['pages.example', 'Expected one such as https://pages.example.'],
    ['*', 'Expected one such as https://pages.example.'],
    ['null', 'Expected one such as https://pages.example.'],
  ])('is refused at the start for %s, which no browser sends', async (value, expected) => {
    for (const name of ['BELFRY_ALLOWED_ORIGINS', 'NORN_ALLOWED_ORIGINS']) {
      const error = thrownBy(() => loadConfig({ [name]: value }));
      expect(String(error)).toContain(expected);
    }
  });

  it('may name pages of apps, ports and addresses', () => {
    const origins = [
      'capacitor://localhost',
      'chrome-extension://abc',
      'http://10.0.0.1:8080',
      'http://[::1]',
    ];
    expect(loadConfig({ BELFRY_ALLOWED_ORIGINS: origins.join() }).allowedOrigins).toEqual(origins);
  });
});

describe('every answer', () => {
  const UPGRADE = ['Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13'];
  it.each([
    ['of health', ['GET /healthz HTTP/1.1', 'Host: a'], 200],
    ['of metrics', ['GET /metrics HTTP/1.1', 'Host: a'], 200],
    ['of the API', ['GET /api/clusters HTTP/1.1', 'Host: a'], 200],
    ['to a request without a token', ['GET /api/v3/info HTTP/1.1', 'Host: a'], 401],
    ['at an unknown path', ['GET /nowhere HTTP/1.1', 'Host: a'], 404],
    ['to an upgrade that is refused', ['GET /nowhere HTTP/1.1', 'Host: a', ...UPGRADE], 404],
    ['to a bad handshake', ['GET /native/ws HTTP/1.1', 'Host: a', ...UPGRADE], 400],
    ['to input that is no request', ['GET / HTTP/1.1', 'Host: a', 'Content-Length: x'], 400],
  ])(
    '%s forbids browsers to guess its type, to keep it and to pass on its address',
    async (_of, head, status) => {
      const { url } = await startNode();
      const answer: RawAnswer = await rawRequest(url, head);
      expect(answer.status).toBe(status);
      expect(answer.headers).toMatchObject({
        'cache-control': 'no-store',
        'x-content-type-options': 'nosniff',
        'referrer-policy': 'no-referrer',
      });
      expect(answer.headers).not.toHaveProperty('x-powered-by');
    },
  );
});

describe('the answer to a fault of Redis', () => {
  it('has words of the hub, and the log has the words of Redis', async () => {
    const [prefix, redisUrl] = [randomPrefix(), inject('redisUrl')];
    const node = await startNode({ BELFRY_REDIS_URL: redisUrl, BELFRY_PREFIX: prefix });
    const redis = new Redis(redisUrl);
    onTestFinished(() => redis.disconnect());
    await redis.set(`{${prefix}}:latest:cluster`, 'no hash');
    onTestFinished(async () => void (await redis.del(`{${prefix}}:latest:cluster`)));
    for (const path of ['/api/clusters', '/api/clusters/a', '/api/v3/cluster']) {
      const response = await ask(node, path, {});
      const body = await response.text();
      expect([response.status, response.headers.get('retry-after')]).toEqual([503, '1']);
      expect(body).toContain('the log of the node says why');
      expect(body).not.toContain('WRONGTYPE');
    }
    const told = node.log.filter(({ msg }) => msg === 'a command failed at Redis');
    expect(told).toEqual([
      expect.objectContaining({ reason: expect.stringContaining('WRONGTYPE') as string }),
    ]);
  });
});
