import { describe, expect, inject, it, onTestFinished } from 'vitest';
import { Hub } from '../../src/clients/sdk/hub.ts';
import { aroundEvent, cursorMs, shardOfCursor } from '../../src/model/cursor.ts';
import { startNode, type TestNode } from '../support/node.ts';
import { randomPrefix } from '../support/redis.ts';

interface Page {
  readonly events: readonly { readonly id: string; readonly key: string; readonly object: unknown }[];
  readonly cursor: string;
  readonly more: boolean;
  readonly earlier?: string;
  readonly gap?: object;
}

/** Publishes events with the keys 0, 1, 2, …, and returns their ids. */
async function publish(node: TestNode, count: number): Promise<string[]> {
  const ids: string[] = [];
  const headers = { Authorization: `Bearer ${await node.token()}`, 'Content-Type': 'application/json' };
  for (let from = 0; from < count; from += 256) {
    const events = Array.from({ length: Math.min(256, count - from) }, (_, i) => {
      const key = String(from + i);
      return { type: Number(key) % 2 === 0 ? 'even' : 'odd', action: 'save', key, object: { n: key } };
    });
    const body = JSON.stringify(events);
    const response = await fetch(`${node.url}/api/v3/events`, { method: 'POST', headers, body });
    ids.push(...(response.headers.get('belfry-event-ids') ?? '').split(','));
  }
  return ids;
}

async function get(node: TestNode, query: string, subscribe?: string[]): Promise<Response> {
  const token = await (subscribe ? node.token('someone', { subscribe, roles: [] }) : node.token());
  return fetch(`${node.url}/api/v3/events?${query}`, { headers: { Authorization: `Bearer ${token}` } });
}

async function page(node: TestNode, query: string, subscribe?: string[]): Promise<Page> {
  const response = await get(node, query, subscribe);
  expect(response.status).toBe(200);
  return (await response.json()) as Page;
}

/** The events of {@link publish}, without those of connections that open and close. */
const PUBLISHED = 'pattern=even,odd.*.*';

const keys = ({ events }: Page): string[] => events.map(({ key }) => key);
const range = (from: number, to: number): string[] =>
  Array.from({ length: to - from }, (_, i) => String(from + i));

describe('GET /api/v3/events', () => {
  it('answers with one event by its id, whatever other shards have of the same millisecond', async () => {
    const node = await startNode({
      BELFRY_REDIS_URL: inject('redisUrl'),
      BELFRY_PREFIX: randomPrefix(),
      BELFRY_SHARDS: '12',
    });
    const types = range(0, 60).map((n) => `type${n}`);
    const hub = new Hub(node.url, { token: await node.token() });
    onTestFinished(() => hub.close());
    const ids = await hub.publishAll(
      types.flatMap((type) => ['a', 'b'].map((key) => ({ type, action: 'save', key, object: null }))),
    );
    expect(new Set(ids.map(shardOfCursor)).size).toBeGreaterThan(6);
    expect(new Set(ids.map(cursorMs)).size).toBeLessThan(ids.length / 2);
    for (const id of ids) {
      const query = new URLSearchParams({ ...aroundEvent(id), limit: '10' });
      expect((await page(node, query.toString())).events.map((event) => event.id)).toEqual([id]);
    }
  });

  it('answers with the newest 100 events, oldest first, and with the cursors to go back and on', async () => {
    const node = await startNode();
    const ids = await publish(node, 250);
    const newest = await page(node, PUBLISHED);
    expect(keys(newest)).toEqual(range(150, 250));
    expect(newest).toMatchObject({ cursor: ids.at(-1), more: false, earlier: ids[150] });
    const before = await page(node, `${PUBLISHED}&until=${newest.earlier ?? ''}&limit=149`);
    expect(keys(before)).toEqual(range(1, 150));
    const first = await page(node, `${PUBLISHED}&until=${before.earlier ?? ''}`);
    expect(keys(first)).toEqual(['0']);
    expect(first.earlier).toBeUndefined();
  });

  it('answers with the events in whose JSON the text of q stands, in capital or small letters', async () => {
    const node = await startNode();
    await publish(node, 30);
    expect(keys(await page(node, `${PUBLISHED}&q=%22N%22:%2222%22`))).toEqual(['22']);
    expect(keys(await page(node, `${PUBLISHED}&q=ODD&limit=3`))).toEqual(['25', '27', '29']);
    expect(keys(await page(node, `${PUBLISHED}&q=nowhere`))).toEqual([]);
  });

  it('finds nothing by a text that is masked for the caller', async () => {
    const node = await startNode();
    await fetch(`${node.url}/api/v3/events`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${await node.token()}`, 'Content-Type': 'application/json' },
      body: JSON.stringify({ type: 'even', action: 'save', key: 'k', object: { password: 'hunter2', n: 1 } }),
    });
    expect(keys(await page(node, `${PUBLISHED}&q=hunter2`))).toEqual([]);
    expect(keys(await page(node, `${PUBLISHED}&q=redacted`))).toEqual(['k']);
  });

  it.each(['', 'x'.repeat(201)])('refuses the text "%s" as q', async (text) => {
    const node = await startNode();
    const response = await get(node, `q=${text}`);
    expect([response.status, await response.text()]).toEqual([
      400,
      expect.stringContaining('Expected 1 to 200 characters'),
    ]);
  });

  it('answers with the events after a cursor page by page, and keeps its cursor at the end of the log', async () => {
    const node = await startNode();
    const ids = await publish(node, 6);
    const first = await page(node, `since=${ids[1] ?? ''}&limit=3`);
    expect([keys(first), first.more, first.gap]).toEqual([['2', '3', '4'], true, undefined]);
    const second = await page(node, `since=${first.cursor}&limit=3`);
    expect([keys(second), second.more]).toEqual([['5'], false]);
    expect(await page(node, `since=${second.cursor}`)).toEqual({
      events: [],
      cursor: second.cursor,
      more: false,
    });
  });

  it('answers with the events between two positions or times, without the event of the first cursor', async () => {
    const node = await startNode();
    const ids = await publish(node, 6);
    expect(keys(await page(node, `since=${ids[1] ?? ''}&until=${ids[4] ?? ''}`))).toEqual(['2', '3']);
    expect(keys(await page(node, `${PUBLISHED}&since=2020-01-01T00:00:00Z`))).toEqual(range(0, 6));
    expect(keys(await page(node, 'until=2020-01-01T00:00:00Z'))).toEqual([]);
    expect(keys(await page(node, 'since=2999-01-01T00:00:00Z'))).toEqual([]);
  });

  it('answers with the events that patterns, filters and grants admit, masked as for a socket', async () => {
    const node = await startNode({ BELFRY_REDACTION: '[{"fields":["n"],"except":["hr"]}]' });
    await publish(node, 6);
    expect(keys(await page(node, 'pattern=even.*.0,2&pattern=odd.*.5'))).toEqual(['0', '2', '5']);
    const filters = encodeURIComponent('{"object.n":["1","2"]}');
    expect(keys(await page(node, `filters=${filters}`))).toEqual(['1', '2']);
    const limited = await page(node, '', ['odd.*.*']);
    expect(keys(limited)).toEqual(['1', '3', '5']);
    expect(limited.events[0]).toMatchObject({
      id: expect.any(String) as string,
      object: { n: '[redacted]' },
    });
    expect(limited.events[0]).not.toHaveProperty('previous');
    expect((await page(node, `filters=${filters}`, ['*.*.*'])).events).toEqual([]);
  });

  it('reads at most 10,000 events of the log, and says where it stopped', async () => {
    const node = await startNode();
    const ids = await publish(node, 10_300);
    const since = await page(node, `pattern=even.*.10100&since=${ids[0] ?? ''}`);
    expect(since).toMatchObject({ events: [], more: true });
    // Connections that opened or closed meanwhile are in the log too.
    expect(ids.slice(9_990, 10_001)).toContain(since.cursor);
    expect(keys(await page(node, `pattern=even.*.10100&since=${since.cursor}`))).toEqual(['10100']);
    const newest = await page(node, 'pattern=even.*.100');
    expect(newest.events).toEqual([]);
    expect(ids.slice(300, 310)).toContain(newest.earlier);
    expect(keys(await page(node, `pattern=even.*.100&until=${newest.earlier ?? ''}`))).toEqual(['100']);
  });

  it('reports a gap after a cursor that the log no longer holds, or never had', async () => {
    const node = await startNode({ BELFRY_LOG_MAX_EVENTS: '3' });
    const ids = await publish(node, 6);
    const gap = { from: ids[0], to: ids[2], reason: 'trimmed' };
    expect(await page(node, `since=${ids[0] ?? ''}`)).toMatchObject({ gap, cursor: ids[5] });
    const unknown = { from: '99999999999999-0', to: ids[5], reason: 'unknown cursor' };
    expect((await page(node, 'since=99999999999999-0')).gap).toEqual(unknown);
    expect((await page(node, `since=${ids[5] ?? ''}`)).gap).toBeUndefined();
    expect((await page(node, 'since=2999-01-01T00:00:00Z')).gap).toBeUndefined();
  });

  it.each(['99999999999999-0', '2999-01-01T00:00:00Z'])(
    'goes on at the end of the log when the position %s is beyond it',
    async (since) => {
      const node = await startNode();
      await publish(node, 1);
      const { cursor } = await page(node, `since=${since}`);
      await publish(node, 2);
      const next = await page(node, `${PUBLISHED}&since=${cursor}`);
      expect(keys(next)).toEqual(['0', '1']);
      expect(next.gap).toBeUndefined();
    },
  );

  it.each([
    ['limit=0', 400, 'The limit \\"0\\" is not usable. Expected a whole number from 1 to 1000.'],
    ['limit=1001', 400, 'is not usable'],
    ['since=never', 400, 'is not a cursor'],
    ['until=', 400, 'is not a cursor'],
    ['pattern=a', 422, 'pattern'],
    ['filters=x', 400, 'JSON'],
  ])('refuses %s', async (query, status, message) => {
    const response = await get(await startNode(), query);
    expect(response.status).toBe(status);
    expect(await response.text()).toContain(message);
  });

  it('refuses a pattern that the grants do not touch', async () => {
    expect((await get(await startNode(), 'pattern=a.*.*', ['b.*.*'])).status).toBe(403);
  });
});
