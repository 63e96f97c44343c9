import { Redis } from 'ioredis';
import { describe, expect, inject, it, onTestFinished } from 'vitest';
import { startNode, type TestNode } from '../support/node.ts';
import { randomPrefix } from '../support/redis.ts';

interface Entry {
  readonly id: string;
  readonly entry: string;
  readonly event: string;
  readonly reason: string;
}

interface World {
  readonly node: TestNode;
  readonly redis: Redis;
  readonly ingress: string;
  readonly log: string;
  /** Makes a request with these grants, or as an admin if none are named. */
  readonly call: (method: string, path: string, grants?: Grants) => Promise<Response>;
  readonly list: (query?: string) => Promise<Entry[]>;
}

type Grants = { subscribe?: string[]; publish?: string[]; roles?: string[] };

async function start(settings: Record<string, string> = {}): Promise<World> {
  const prefix = randomPrefix();
  const node = await startNode({ BELFRY_REDIS_URL: inject('redisUrl'), BELFRY_PREFIX: prefix, ...settings });
  const redis = new Redis(inject('redisUrl'));
  onTestFinished(async () => {
    const keys = await redis.keys(`{${prefix}}:*`);
    if (keys.length > 0) await redis.del(keys);
    redis.disconnect();
  });
  const call: World['call'] = async (method, path, grants) => {
    const token = await (grants ? node.token('someone', grants) : node.token());
    return fetch(`${node.url}/api/v3/dead-letters${path}`, {
      method,
      headers: { Authorization: `Bearer ${token}` },
    });
  };
  const list: World['list'] = async (query = '') => (await (await call('GET', query)).json()) as Entry[];
  return { node, redis, ingress: `{${prefix}}:ingress`, log: `{${prefix}}:log`, call, list };
}

/** Makes dead letters of these texts, and returns their ids. */
async function bury({ redis, ingress, list }: World, ...texts: string[]): Promise<string[]> {
  for (const text of texts) await redis.xadd(ingress, '*', 'event', text);
  await expect.poll(() => list()).toHaveLength(texts.length);
  return (await list()).map(({ id }) => id);
}

const EVENT = '{"type":"a","action":"b","key":"c"}';

describe('GET /api/v3/dead-letters', () => {
  it('answers with the entries that the ingress could not accept, oldest first, with the counts', async () => {
    const world = await start();
    const ids = await bury(world, 'one', 'two', 'three');
    const response = await world.call('GET', '?offset=1&limit=1');
    expect(response.headers.get('x-drp-list-total-count')).toBe('3');
    expect(response.headers.get('x-drp-list-count')).toBe('1');
    expect(response.headers.get('link')).toBe('</api/v3/dead-letters?offset=2&limit=1>; rel="next"');
    expect(await response.json()).toEqual([
      {
        id: ids[1],
        entry: expect.stringMatching(/^\d+-\d+$/) as string,
        time: expect.stringMatching(/Z$/) as string,
        reason: 'json_invalid',
        message: expect.stringContaining('Expected JSON in UTF-8.') as string,
        event: 'two',
      },
    ]);
  });

  it('answers with an empty list on a node without Redis, and with 404 for any id', async () => {
    const node = await startNode();
    const headers = { Authorization: `Bearer ${await node.token()}` };
    const response = await fetch(`${node.url}/api/v3/dead-letters`, { headers });
    expect([response.status, await response.json()]).toEqual([200, []]);
    for (const [method, path] of [
      ['GET', '1-1'],
      ['POST', '1-1/retry'],
      ['DELETE', '1-1'],
    ]) {
      expect(
        (await fetch(`${node.url}/api/v3/dead-letters/${path}`, { method: method ?? '', headers })).status,
      ).toBe(404);
    }
  });

  it('cuts the texts off where only short ones are wanted, never within a character, and says how many bytes each has', async () => {
    const world = await start();
    await bury(world, `${'é'.repeat(199)}😀x`, 'short');
    const listed = (await (await world.call('GET', '?texts=short')).json()) as (Entry & { bytes: number })[];
    expect(listed.map(({ event, bytes }) => [event, bytes])).toEqual([
      ['é'.repeat(199), 199 * 2 + 5],
      ['short', 5],
    ]);
  });

  it('refuses an unusable offset or limit with 406, and an unknown form of the texts', async () => {
    const { call } = await start();
    expect((await call('GET', '?limit=x')).status).toBe(406);
    expect((await call('GET', '?texts=long')).status).toBe(406);
  });

  it('is counted in the metrics by reason', async () => {
    const world = await start();
    await bury(world, 'one');
    const metrics = await (await fetch(`${world.node.url}/metrics`)).text();
    expect(metrics).toContain('belfry_rejected_total{source="ingress",reason="json_invalid"} 1');
  });
});

describe('a dead letter at /api/v3/dead-letters/<id>', () => {
  it('is answered with its text and its reason', async () => {
    const world = await start();
    const [id] = await bury(world, 'one');
    expect(await (await world.call('GET', `/${id}`)).json()).toMatchObject({ id, event: 'one' });
  });

  it('goes back into the ingress by POST to /retry, and is taken from there', async () => {
    const world = await start();
    await world.redis.xadd(world.ingress, '*', 'evnt', EVENT);
    await expect.poll(() => world.list()).toHaveLength(1);
    const [entry] = await world.list();
    expect((await world.call('POST', `/${entry?.id}/retry`)).status).toBe(204);
    expect(await world.list()).toEqual([]);
    const taken = async (): Promise<unknown[]> =>
      (await world.redis.xrange(world.log, '-', '+')).filter(
        ([, fields]) => !fields.join().includes('connections'),
      );
    await expect.poll(taken).toHaveLength(1);
  });

  it('is gone after DELETE', async () => {
    const world = await start();
    const [id] = await bury(world, 'one');
    expect((await world.call('DELETE', `/${id}`)).status).toBe(204);
    expect(await world.list()).toEqual([]);
  });

  it.each([
    ['GET', ''],
    ['POST', '/retry'],
    ['DELETE', ''],
  ])('is refused with 404 by %s when it is not there', async (method, rest) => {
    const { call } = await start();
    for (const id of ['1-1', '*', 'x%2Fy']) {
      const response = await call(method, `/${id}${rest}`);
      expect(response.status).toBe(404);
      const { Messages } = (await response.json()) as { Messages: string[] };
      expect(Messages[0]).toMatch(
        /^There is no dead letter with the id ".*"\. Expected an id from the list\.$/,
      );
    }
  });
});

describe('the right to see or change dead letters', () => {
  it('is refused to a request without a token', async () => {
    const { node } = await start();
    expect((await fetch(`${node.url}/api/v3/dead-letters`)).status).toBe(401);
  });

  it('to retry and delete them belongs to a caller that may publish dead-letters.retry', async () => {
    const world = await start();
    const [one, two] = await bury(world, 'one', 'two');
    const matches = { subscribe: ['*.*.*'], publish: ['a.*.*'] };
    for (const [method, path] of [
      ['POST', `/${one}/retry`],
      ['DELETE', `/${one}`],
    ] as const) {
      const response = await world.call(method, path, matches);
      expect([response.status, await response.text()]).toEqual([
        403,
        expect.stringContaining('dead-letters.retry'),
      ]);
    }
    expect(await world.list()).toHaveLength(2);
    expect((await world.call('DELETE', `/${one}`, { publish: ['dead-letters.retry.*'] })).status).toBe(204);
    expect((await world.call('POST', `/${two}/retry`, { publish: ['dead-letters.retry.*'] })).status).toBe(
      204,
    );
  });

  it('to read them belongs to a caller that may receive dead-letters.list, for the ids that the grant names', async () => {
    const world = await start();
    const [one, two] = await bury(world, 'one', 'two');
    for (const path of ['', `/${one}`]) {
      expect((await world.call('GET', path, { subscribe: ['a.*.*'], publish: ['*.*.*'] })).status).toBe(403);
    }
    const some = { subscribe: [`dead-letters.list.${two}`] };
    expect(await (await world.call('GET', '', some)).json()).toMatchObject([{ id: two }]);
    expect((await world.call('GET', `/${one}`, some)).status).toBe(403);
    expect((await world.call('GET', `/${two}`, some)).status).toBe(200);
  });

  it('shows a masked field only to a role that the redaction excepts', async () => {
    const world = await start({
      BELFRY_REDACTION: '[{"fields":["ssn"],"events":"people.*.*","except":["hr"]}]',
      BELFRY_ROLES: '{"hr":{"subscribe":["*.*.*"]},"ops":{"subscribe":["dead-letters.*.*"]}}',
    });
    const text = '{"type":"people","object":{"ssn":"123","token":"abc"}}';
    const [id] = await bury(world, text);
    const seen = async (...roles: string[]): Promise<string> => {
      const list = (await (await world.call('GET', '', { roles })).json()) as Entry[];
      const one = (await (await world.call('GET', `/${id}`, { roles })).json()) as Entry;
      expect([one]).toEqual(list);
      return one.event;
    };
    const masked = text.replace('abc', '[redacted]');
    expect([await seen('hr'), await seen('admin')]).toEqual([masked, masked]);
    expect(await seen('ops')).toBe(masked.replace('123', '[redacted]'));
  });
});
