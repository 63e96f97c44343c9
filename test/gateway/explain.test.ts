import { describe, expect, it } from 'vitest';
import { ask } from './connections-helpers.ts';
import { drpClient, nativeClient } from '../support/client.ts';
import { startNode, type TestNode } from '../support/node.ts';

interface Explained {
  readonly outcome: string;
  readonly why: readonly { readonly rule: string; readonly passed: boolean; readonly detail: string }[];
}

async function publish(node: TestNode, event: object): Promise<string> {
  const response = await fetch(`${node.url}/api/v3/events`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${await node.token()}`, 'Content-Type': 'application/json' },
    body: JSON.stringify({ type: 'jobs', action: 'save', key: 'a', object: { n: 1 }, ...event }),
  });
  return response.headers.get('belfry-event-ids') ?? '';
}

async function get(node: TestNode, event: string, connection: string, token?: string): Promise<Response> {
  const query = new URLSearchParams({ event, connection });
  return fetch(`${node.url}/api/v3/explain?${query.toString()}`, {
    headers: { Authorization: `Bearer ${token ?? (await node.token())}` },
  });
}

const addressOf = (node: TestNode): string => [...node.hub.connections].at(-1)?.remoteAddr ?? '';

async function explained(node: TestNode, id: string): Promise<Explained> {
  const response = await get(node, id, addressOf(node));
  expect(response.status).toBe(200);
  return (await response.json()) as Explained;
}

describe('GET /api/v3/explain', () => {
  it('names each rule that an event passed on its way', async () => {
    const node = await startNode();
    const client = await nativeClient(node.url, await node.token(), ['jobs.*.*']);
    const id = await publish(node, {});
    await client.next();
    const { outcome, why } = await explained(node, id);
    expect(outcome).toBe('sent');
    expect(why.every(({ passed }) => passed)).toBe(true);
    expect(why.map(({ rule }) => rule)).toEqual([
      'reached',
      'subscribed',
      'subscribed',
      'grant',
      'filter',
      'dialect',
      'queue',
    ]);
  });

  it.each([
    ['a pattern', ['machines.*.*'], {}, 'not_subscribed', 'none of machines.*.*'],
    ['a filter', ['jobs.*.*'], { filters: { 'object.n': 2 } }, 'filtered', 'object.n=[2]'],
    ['a grant', ['*.*.*'], {}, 'not_permitted', 'user:someone may hear ["machines.*.*"]'],
  ])('names %s as the rule that stopped the event', async (_what, patterns, more, outcome, detail) => {
    const node = await startNode();
    const subscribe = outcome === 'not_permitted' ? ['machines.*.*'] : ['*.*.*'];
    await nativeClient(node.url, await node.token('someone', { subscribe, roles: [] }), patterns, more);
    const { why, ...about } = await explained(node, await publish(node, {}));
    expect(about).toMatchObject({ outcome, topic: 'jobs.save.a', connection: addressOf(node) });
    expect(why.at(-1)).toMatchObject({ passed: false, detail });
  });

  it('says that the client subscribed only after the event', async () => {
    const node = await startNode();
    const id = await publish(node, {});
    await nativeClient(node.url, await node.token(), ['jobs.*.*']);
    expect(await explained(node, id)).toMatchObject({ outcome: 'not_subscribed' });
  });

  it('explains connections of every dialect', async () => {
    const node = await startNode();
    await drpClient(node.url, await node.token(), ['jobs.*.*']);
    expect(await explained(node, await publish(node, {}))).toMatchObject({ outcome: 'sent' });
  });

  it.each([
    ['a connection that no node has', '192.0.2.1:1', undefined, 404, 'No node has a connection'],
    ['an event that the log does not have', undefined, '1-0', 404, 'has no event 1-0'],
    ['an invalid id', undefined, 'x', 400, 'is not an id'],
  ])('refuses %s', async (_what, connection, event, status, message) => {
    const node = await startNode();
    await nativeClient(node.url, await node.token(), ['jobs.*.*']);
    const response = await get(node, event ?? (await publish(node, {})), connection ?? addressOf(node));
    expect(response.status).toBe(status);
    expect(await response.text()).toContain(message);
  });

  it('is refused to a caller who is no administrator', async () => {
    const node = await startNode();
    const token = await node.token('someone', { subscribe: ['*.*.*'], roles: [] });
    expect((await get(node, '1-0', 'x', token)).status).toBe(403);
  });
});

interface Hearers {
  readonly total: number;
  readonly connections: readonly (Explained & { readonly node: string })[];
  readonly silent: readonly string[];
}

async function whoHears(node: TestNode, query: string): Promise<Hearers> {
  return (await ask<Hearers>(node.url, `/explain?${query}`, await node.token())).body;
}

const detailOf = ({ connections: [first] }: Hearers, asked: string): string | undefined =>
  first?.why.find(({ rule }) => rule === asked)?.detail;

describe('GET /api/v3/explain about a topic', () => {
  it('says on which conditions the rest of the event decides, and asks filters on the topic itself', async () => {
    const node = await startNode();
    await nativeClient(node.url, await node.token(), ['jobs.*.*'], { filters: { 'object.n': 2, key: 'a' } });
    const hearers = await whoHears(node, 'topic=jobs.save.a');
    expect(hearers).toMatchObject({ total: 1, connections: [{ outcome: 'depends_on_event' }] });
    expect(detailOf(hearers, 'filter')).toBe('object.n=[2]');
    expect(await whoHears(node, 'topic=jobs.save.b')).toMatchObject({ total: 0 });
  });

  it('leaves out whom the grants of the connection or its patterns exclude', async () => {
    const node = await startNode();
    const narrow = await node.token('narrow', { subscribe: ['machines.*.*'], roles: [] });
    await nativeClient(node.url, narrow, ['*.*.*']);
    await nativeClient(node.url, await node.token(), ['jobs.delete.*', 'machines.*.*']);
    expect(await whoHears(node, 'topic=jobs.save.a')).toMatchObject({ total: 0, connections: [] });
  });

  it('counts all and names as many as were asked for', async () => {
    const node = await startNode();
    for (let i = 0; i < 3; i++) await nativeClient(node.url, await node.token(), ['jobs.*.*']);
    const { total, connections } = await whoHears(node, 'topic=jobs.save.a&limit=2');
    expect([total, connections.length]).toEqual([3, 2]);
  });

  it('answers the same for an event of the log, by the whole event', async () => {
    const node = await startNode();
    await nativeClient(node.url, await node.token(), ['jobs.*.*'], { filters: { 'object.n': 2 } });
    const [other, fitting] = [await publish(node, {}), await publish(node, { object: { n: 2 } })];
    expect(await whoHears(node, `event=${other}`)).toMatchObject({ total: 0 });
    expect(await whoHears(node, `event=${fitting}`)).toMatchObject({
      total: 1,
      connections: [{ outcome: 'sent' }],
    });
  });

  it.each([
    ['neither an event nor a topic', '', 400, 'neither an event nor a topic'],
    ['a topic with a wildcard', 'topic=jobs.*.a', 422, 'stands for more than one'],
    ['a topic with a list', 'topic=jobs.save.a,b', 422, 'stands for more than one'],
    ['a topic of two parts', 'topic=jobs.save', 422, 'fewer than three parts'],
    ['a limit that is too high', 'topic=jobs.save.a&limit=1001', 400, 'from 1 to 1000'],
  ])('is refused for %s', async (_what, query, status, message) => {
    const node = await startNode();
    const { status: got, body } = await ask(node.url, `/explain?${query}`, await node.token());
    expect([got, JSON.stringify(body)]).toEqual([status, expect.stringContaining(message)]);
  });

  it('is refused to a caller who is no administrator', async () => {
    const node = await startNode();
    const token = await node.token('someone', { subscribe: ['*.*.*'], roles: [] });
    expect((await ask(node.url, '/explain?topic=jobs.save.a', token)).status).toBe(403);
  });
});

describe('the metrics', () => {
  it('count deliveries by dialect and outcome, and the outcomes add up', async () => {
    const node = await startNode();
    const client = await nativeClient(node.url, await node.token(), ['jobs.*.*']);
    await nativeClient(node.url, await node.token(), ['jobs.*.*'], { filters: { key: 'z' } });
    const drp = await drpClient(node.url, await node.token(), ['jobs.*.*']);
    await publish(node, {});
    await Promise.all([client.next(), drp.next()]);
    const text = await (await fetch(`${node.url}/metrics`)).text();
    expect(text).toContain('belfry_deliveries_total{dialect="native",outcome="delivered"} 3');
    expect(text).toContain('belfry_deliveries_total{dialect="native",outcome="filtered"} 1');
    expect(text).toContain('belfry_deliveries_received_total{dialect="native"} 4');
    expect(text).toContain('belfry_deliveries_total{dialect="drp",outcome="delivered"} 2');
  });
});
