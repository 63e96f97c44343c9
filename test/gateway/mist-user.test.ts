import { describe, expect, it } from 'vitest';
import { connect } from '../support/client.ts';
import { startNode } from '../support/node.ts';
import { cookie, mistToken, refusalOf, running, socketOf } from './mist-helpers.ts';

describe('a user of Mist', () => {
  const PATHS = [
    '/ws/container/logs?appId=7',
    '/api/ws/container/logs?appId=7',
    '/api/ws/container/stats?appId=7',
    '/ws/deployment/logs?deploymentId=15',
    '/api/deployments/logs/stream?id=15',
    '/ws/metrics',
    '/api/ws/stats',
    '/api/ws/system/logs',
  ];
  const missing =
    '{"success":false,"data":null,"message":"Authentication required","error":"No token provided"}';

  it('needs a token on every stream', async () => {
    const node = await startNode();
    for (const path of PATHS) {
      const refused = { status: 401, type: 'application/json', body: missing };
      expect(await refusalOf(socketOf(node, path))).toEqual(refused);
      const plain = await fetch(`${node.url}${path}`);
      expect([plain.status, await plain.text()]).toEqual([401, missing]);
    }
  });

  it('is refused with an expired token, or with a token signed by another secret', async () => {
    const node = await startNode();
    const good = await mistToken();
    for (const headers of [
      await cookie({ exp: Math.floor(Date.now() / 1_000) - 1 }),
      { Cookie: `mist_token=${good.slice(0, -4)}AAAA` },
      { Cookie: 'mist_token=nonsense' },
    ]) {
      const { status, body } = await refusalOf(socketOf(node, '/ws/metrics'), headers);
      expect([status, JSON.parse(body)]).toEqual([
        401,
        {
          success: false,
          data: null,
          message: 'Invalid or expired token',
          error: expect.any(String) as string,
        },
      ]);
    }
  });

  it('may send the token in a cookie, in the query or as a bearer, and the cookie may have another name', async () => {
    const node = await startNode({ BELFRY_COOKIE: 'session' });
    const token = await mistToken();
    await connect(socketOf(node, '/ws/metrics'), { headers: { Cookie: `a=b; session=${token}` } });
    await connect(socketOf(node, `/ws/metrics?token=${token}`));
    await connect(socketOf(node, '/ws/metrics'), { headers: { Authorization: `Bearer ${token}` } });
    const refused = await refusalOf(socketOf(node, '/ws/metrics'), { Cookie: `mist_token=${token}` });
    expect(refused.body).toBe(missing);
    expect(new Set([...node.hub.connections].map(({ identity }) => identity.principal))).toEqual(
      new Set(['user:ada@example.com']),
    );
  });

  it('is not lent to a page of another host', async () => {
    const node = await startNode({ BELFRY_ALLOWED_ORIGINS: 'https://mist.example.com' });
    const headers = await cookie();
    const url = socketOf(node, '/ws/metrics');
    await connect(url, { headers, origin: 'https://mist.example.com' });
    expect((await refusalOf(url, { ...headers, Origin: 'https://evil.example.com' })).status).toBe(403);
    const open = await startNode();
    const refused = await refusalOf(socketOf(open, '/ws/metrics'), {
      ...headers,
      Origin: 'https://evil.example.com',
    });
    expect([refused.status, refused.body]).toEqual([403, expect.stringContaining('Permission denied')]);
    await connect(socketOf(open, '/ws/metrics'), { headers, origin: open.url });
  });

  it('is no admin of the hub when it is an admin of Mist', async () => {
    const node = await startNode();
    const headers = { Authorization: `Bearer ${await mistToken({ role: 'admin' })}` };
    const response = await fetch(`${node.url}/api/v3/events`, {
      method: 'POST',
      headers: { ...headers, 'Content-Type': 'application/json' },
      body: JSON.stringify(running()),
    });
    expect(response.status).toBe(403);
  });

  it('is told before the upgrade when the id is wrong, or the path has no stream', async () => {
    const node = await startNode();
    const headers = await cookie();
    const answers = await Promise.all(
      ['/api/ws/container/logs?appId=x', '/api/deployments/logs/stream?id=x', '/mist/ws'].map((path) =>
        refusalOf(socketOf(node, path), headers),
      ),
    );
    expect(answers.map(({ status, type }) => [status, type])).toEqual([
      [400, 'text/plain; charset=utf-8'],
      [400, 'application/json'],
      [404, 'application/json'],
    ]);
  });
});
