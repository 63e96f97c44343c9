import { beforeEach, describe, expect, inject, it } from 'vitest';
import { ask, type Answer, type Shown } from '../gateway/connections-helpers.ts';
import { nativeClient, type TestClient } from '../support/client.ts';
import { startNode, TEST_SECRET, type TestNode } from '../support/node.ts';
import { startNodeProcess } from '../support/process.ts';
import { randomPrefix } from '../support/redis.ts';

interface Hearers {
  readonly topic: string;
  readonly total: number;
  readonly connections: readonly { readonly node: string; readonly outcome: string }[];
  readonly silent: readonly string[];
}

interface Topic {
  readonly type: string;
  readonly events: number;
  readonly perSecond: number;
  readonly lastSeen: string;
}

interface Listed {
  readonly name: string;
  readonly connections: number;
  readonly status?: { readonly connections: Record<string, number> } & Record<string, unknown>;
}

type Detailed = Shown & { readonly Deliveries?: Record<string, unknown> | null };

let prefix: string;
let first: TestNode;
let second: TestNode;

beforeEach(async () => {
  prefix = randomPrefix();
  const settings = { BELFRY_REDIS_URL: inject('redisUrl'), BELFRY_PREFIX: prefix };
  first = await startNode({ ...settings, BELFRY_NODE: 'first' });
  second = await startNode({ ...settings, BELFRY_NODE: 'second' });
});

async function get<Body>(path: string): Promise<Answer<Body>> {
  return ask<Body>(first.url, path, await first.token());
}

async function post(query: string, events: object): Promise<Response> {
  return fetch(`${first.url}/api/v3/events${query}`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${await first.token()}`, 'Content-Type': 'application/json' },
    body: JSON.stringify(events),
  });
}

const job = (key: string, object: object = { n: 1 }) => ({ type: 'jobs', action: 'save', key, object });
const listen = async (
  node: { readonly url: string },
  patterns: string[],
  more: object = {},
): Promise<TestClient> => nativeClient(node.url, await first.token(), patterns, more);
describe('a question to one node about another', () => {
  it('why a connection there did not hear an event, is answered with each rule as that node sees it', async () => {
    const client = await listen(second, ['jobs.*.*'], { filters: { 'object.n': 2 } });
    const id = (await post('', job('a'))).headers.get('belfry-event-ids');
    await post('', job('b', { n: 2 }));
    await client.next();
    const [connection] = second.hub.connections;
    for (const name of [connection?.remoteAddr, connection?.id]) {
      const { status, body } = await get(`/explain?event=${id}&connection=${name}`);
      const outcome = { outcome: 'filtered', node: 'second', connection: name };
      expect([status, body]).toEqual([200, expect.objectContaining(outcome)]);
    }
  });

  it('who would hear a topic or an event, is answered for the connections of both, and those hear it', async () => {
    const [here, there] = [await listen(first, ['jobs.save.a']), await listen(second, ['jobs.*.a,b'])];
    await listen(second, ['jobs.delete.*']);
    const { body } = await get<Hearers>('/explain?topic=jobs.save.a');
    const [dry] = (await (await post('?dry=true', job('a'))).json()) as Hearers[];
    for (const hearers of [body, dry])
      expect(hearers).toMatchObject({
        topic: 'jobs.save.a',
        total: 2,
        connections: [
          { node: 'first', outcome: 'sent' },
          { node: 'second', outcome: 'sent' },
        ],
        silent: [],
      });
    await post('', job('a'));
    expect([await here.next(), await there.next()]).toMatchObject([{ key: 'a' }, { key: 'a' }]);
  });

  it('what became of the deliveries to a connection, is answered alone and in the list', async () => {
    const client = await listen(second, ['jobs.*.*']);
    await post('', [job('a'), job('b')]);
    await client.next();
    await client.next();
    const [connection] = second.hub.connections;
    const one = `/connections/${connection?.id}`;
    // The answer to its subscription counts as well.
    const sent = { Delivered: 3, Dropped: 0, Queued: 0, QueuedBytes: 0, LaggingSince: null };
    expect((await get(`${one}?detail=deliveries`)).body).toMatchObject({ Node: 'second', Deliveries: sent });
    await listen(first, ['machines.*.*']);
    const { body: list } = await get<Detailed[]>('/connections?detail=deliveries&sort=Node');
    const sockets = list.filter(({ Type }) => Type === 'websocket');
    expect(sockets.map(({ Node, Deliveries }) => [Node, Deliveries?.['Delivered']])).toEqual([
      ['first', 1],
      ['second', 3],
    ]);
    const callers = list.filter(({ Type }) => Type === 'api');
    for (const shown of [(await get<Detailed>(one)).body, ...callers])
      expect(shown).not.toHaveProperty('Deliveries');
  });

  it('since when a client there is slow, is answered with what waits for it and what it lost', async () => {
    const client = await listen(second, ['jobs.*.*'], { slow: 'drop-oldest' });
    client.ws.pause();
    const [connection] = second.hub.connections;
    const began = Date.now();
    const text = 'x'.repeat(60_000);
    const deliveries = async (): Promise<Detailed['Deliveries']> =>
      (await get<Detailed>(`/connections/${connection?.id}?detail=deliveries`)).body.Deliveries;
    await expect
      .poll(async () => {
        await post(
          '',
          Array.from({ length: 10 }, (_, i) => job(`${i}`, { text })),
        );
        return Number((await deliveries())?.['Dropped']);
      })
      .toBeGreaterThan(0);
    const { body: nodes } = await get<Listed[]>('/nodes?detail=status');
    const node = nodes.find(({ name }) => name === 'second');
    expect(node?.status).toMatchObject({
      slow: 1,
      refusing: null,
      redisVersion: expect.stringMatching(/^\d+\.\d+/) as string,
    });
    expect(Number(node?.status?.['queuedBytes'])).toBeGreaterThan(60_000);
    const { Queued, QueuedBytes, LaggingSince } = (await deliveries()) ?? {};
    expect(Number(Queued)).toBeGreaterThan(0);
    expect(Number(QueuedBytes)).toBeGreaterThan(60_000);
    const since = Date.parse(String(LaggingSince));
    expect([since >= began - 1_000, since <= Date.now()]).toEqual([true, true]);
  });

  it('what it has heard, is answered by a node that started later, with how many events and when', async () => {
    await post('', [job('a'), job('b')]);
    const settings = { BELFRY_REDIS_URL: inject('redisUrl'), BELFRY_PREFIX: prefix };
    const young = await startNode({ ...settings, BELFRY_NODE: 'young' });
    const { body, headers } = await ask<Topic[]>(young.url, '/topics', await young.token());
    const jobs = body.find(({ type }) => type === 'jobs');
    expect([jobs?.events, Date.now() - Date.parse(jobs?.lastSeen ?? '') < 10_000]).toEqual([2, true]);
    expect(jobs?.perSecond).toBeCloseTo(2 / 60, 2);
    expect(headers['belfry-silent-nodes']).toBe('');
  });

  it('that hangs, is answered by the others, and with the name of the one that does not answer', async () => {
    const third = await startNodeProcess({
      BELFRY_REDIS_URL: inject('redisUrl'),
      BELFRY_PREFIX: prefix,
      BELFRY_JWT_SECRET: TEST_SECRET,
      BELFRY_NODE: 'third',
    });
    await listen(third, ['jobs.*.*']);
    await listen(second, ['jobs.*.*']);
    const id = (await post('', job('a'))).headers.get('belfry-event-ids');
    third.child.kill('SIGSTOP');
    const { body: list } = await get<Detailed[]>('/connections?detail=deliveries&Type=websocket&sort=Node');
    expect(list.map(({ Node, Deliveries }) => [Node, Deliveries === null])).toEqual([
      ['second', false],
      ['third', true],
    ]);
    const [explained, hearers] = await Promise.all([
      get(`/explain?event=${id}&connection=${list[1]?.Id}`),
      get<Hearers>('/explain?topic=jobs.save.a'),
    ]);
    const message = expect.stringContaining('The node third, which has the connection') as string;
    expect([explained.status, JSON.stringify(explained.body)]).toEqual([503, message]);
    expect(hearers.body).toMatchObject({ total: 1, silent: ['third'] });
    expect((await get('/topics')).headers['belfry-silent-nodes']).toBe('third');
    const { body: nodes } = await get<Listed[]>('/nodes?detail=status');
    // What the nodes say is of now, and not of their last report.
    expect(nodes.map(({ name, connections, status }) => [name, connections, status?.connections])).toEqual([
      ['first', 0, {}],
      ['second', 1, { native: 1 }],
      ['third', expect.any(Number), undefined],
    ]);
  });
});
