import { describe, expect, it } from 'vitest';
import { nativeClient } from '../support/client.ts';
import { startNode, type TestNode } from '../support/node.ts';

interface Asked {
  readonly status: number;
  readonly headers: Headers;
  readonly body: unknown;
}

async function ask(node: TestNode, method: string, path: string, token: string): Promise<Asked> {
  const response = await fetch(`${node.url}/api/v3/leases/${path}`, {
    method,
    headers: { Authorization: `Bearer ${token}` },
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: text === '' ? '' : JSON.parse(text) };
}

async function publish(node: TestNode, token: string, lease: string): Promise<[number, string]> {
  const response = await fetch(`${node.url}/api/v3/events`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json', 'Belfry-Lease': lease },
    body: JSON.stringify({ type: 'leased', action: 'save', key: 'a' }),
  });
  return [response.status, await response.text()];
}

const OF = { publish: ['leases.take.jobs', 'leased.*.*'] };

describe('the routes of leases', () => {
  it('take, show, renew and release a lease', async () => {
    const node = await startNode();
    const ada = await node.token('ada', OF);
    expect((await ask(node, 'GET', 'jobs', ada)).status).toBe(404);
    const taken = await ask(node, 'PUT', 'jobs?holder=web-1', ada);
    const lease = {
      name: 'jobs',
      holder: 'web-1',
      principal: 'user:ada',
      fence: expect.any(Number) as number,
    };
    expect(taken).toMatchObject({ status: 200, body: { ...lease, ttlMs: 15_000 } });
    const { fence } = taken.body as { fence: number };
    expect(await ask(node, 'GET', 'jobs', ada)).toMatchObject({ status: 200, body: { ...lease, fence } });
    expect((await ask(node, 'PUT', 'jobs?holder=web-1&ttlMs=60000', ada)).body).toMatchObject({
      fence,
      ttlMs: 60_000,
    });
    const held = await ask(node, 'PUT', 'jobs?holder=web-2', ada);
    expect([held.status, held.headers.get('Retry-After')]).toEqual([409, '60']);
    expect(JSON.stringify(held.body)).toContain('is held by \\"web-1\\" of user:ada');
    expect((await ask(node, 'DELETE', 'jobs?holder=web-2', ada)).status).toBe(409);
    expect((await ask(node, 'DELETE', 'jobs?holder=web-1', ada)).status).toBe(204);
    const next = await ask(node, 'PUT', 'jobs?holder=web-2', ada);
    expect((next.body as { fence: number }).fence).toBeGreaterThan(fence);
  });

  it('need a grant to publish leases.take.<name>', async () => {
    const node = await startNode();
    const token = await node.token('ada', {
      publish: ['leases.take.other', 'jobs.*.*'],
      subscribe: ['*.*.*'],
    });
    for (const method of ['PUT', 'GET', 'DELETE']) {
      const { status, body } = await ask(node, method, 'jobs?holder=a', token);
      expect([status, JSON.stringify(body)]).toEqual([403, expect.stringContaining('leases.take.jobs')]);
    }
  });

  it.each([
    ['PUT', 'jobs', 'holder'],
    ['PUT', 'jobs?holder=', 'holder'],
    ['PUT', `jobs?holder=${'h'.repeat(201)}`, 'holder'],
    ['DELETE', 'jobs', 'holder'],
    ['PUT', 'jobs?holder=a&ttlMs=999', 'ttlMs'],
    ['PUT', 'jobs?holder=a&ttlMs=3600001', 'ttlMs'],
    ['PUT', 'a%2Fb?holder=a', 'name'],
  ])('refuse %s %s with what was expected of the %s', async (method, path, what) => {
    const node = await startNode();
    const { status, body } = await ask(node, method, path, await node.token());
    expect([status, JSON.stringify(body)]).toEqual([400, expect.stringContaining(what)]);
  });
});

describe('a publish that names a lease', () => {
  it('is accepted over HTTP under its fence, and refused when that is over', async () => {
    const node = await startNode();
    const ada = await node.token('ada', OF);
    const { fence } = (await ask(node, 'PUT', 'jobs?holder=a', ada)).body as { fence: number };
    expect(await publish(node, ada, `jobs; fence=${fence}`)).toEqual([204, '']);
    expect(await publish(node, ada, `jobs;fence=${fence}`)).toEqual([204, '']);
    await ask(node, 'DELETE', 'jobs?holder=a', ada);
    expect(await publish(node, ada, `jobs; fence=${fence}`)).toEqual([
      409,
      expect.stringContaining('lease_lost'),
    ]);
    for (const wrong of [
      'jobs',
      'jobs; fence=',
      'jobs; fence=0',
      'jobs; fence=x',
      '; fence=1',
      'a b; fence=1',
    ])
      expect(await publish(node, ada, wrong)).toEqual([400, expect.stringContaining('Belfry-Lease')]);
  });

  it('is accepted from a native socket under its fence, and refused when that is over', async () => {
    const node = await startNode();
    const ada = await node.token('ada', { ...OF, subscribe: ['x.*.*'] });
    const { fence } = (await ask(node, 'PUT', 'jobs?holder=a', ada)).body as { fence: number };
    const client = await nativeClient(node.url, ada, ['x.*.*']);
    const events = [{ type: 'leased', action: 'save', key: 'a' }];
    const send = async (lease: object): Promise<unknown> => {
      client.send({ id: 'p', command: 'publish', events, lease });
      return client.next();
    };
    const name = 'jobs';
    expect(await send({ name, fence })).toMatchObject({
      action: 'publish',
      object: { ids: [expect.any(String)] },
    });
    expect(await send({ name, fence: fence - 1 })).toMatchObject({
      action: 'error',
      object: { command: 'publish', code: 'lease_lost' },
    });
    expect(await send({ name })).toMatchObject({ action: 'error', object: { code: 'command_invalid' } });
  });
});
