import { expect, it } from 'vitest';
import { startNode, type TestNode } from '../support/node.ts';

/** Publishes clusters c0000, c0001, … */
async function publishClusters(node: TestNode, count: number): Promise<void> {
  const events = Array.from({ length: count }, (_, i) => ({
    type: 'cluster',
    action: 'added',
    key: `c${String(i).padStart(4, '0')}`,
    object: {},
  }));
  while (events.length > 0) {
    const response = await fetch(`${node.url}/api/v3/events?token=${await node.token()}`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(events.splice(0, 256)),
    });
    expect(response.status).toBe(204);
  }
}

interface Page {
  readonly names: readonly string[];
  readonly counts: readonly (string | null)[];
  /** The path of the next page. */
  readonly path: string | undefined;
}

async function pageAt(node: TestNode, path: string): Promise<Page> {
  const response = await fetch(`${node.url}${path}`);
  expect([path, response.status]).toEqual([path, 200]);
  const { clusters } = (await response.json()) as { clusters: readonly { name: string }[] };
  const { headers } = response;
  return {
    names: clusters.map(({ name }) => name),
    counts: [headers.get('x-drp-list-total-count'), headers.get('x-drp-list-count')],
    path: /^<(.+)>; rel="next"$/.exec(headers.get('link') ?? '')?.[1],
  };
}

it('a request for clusters without a page gets the first thousand, and Link leads to the others', async () => {
  const node = await startNode();
  await publishClusters(node, 1_002);
  const first = await pageAt(node, '/api/clusters');
  expect([first.names.length, first.names[0], first.names.at(-1)]).toEqual([1_000, 'c0000', 'c0999']);
  expect([first.counts, first.path]).toEqual([['1002', '1000'], '/api/clusters?offset=1000']);
  expect(await pageAt(node, first.path ?? '')).toEqual({
    names: ['c1000', 'c1001'],
    counts: ['1002', '2'],
    path: undefined,
  });
  expect((await pageAt(node, '/api/clusters?limit=5000')).counts).toEqual(['1002', '1000']);
});

it('a list of clusters that fits one page has no Link, whatever else the query holds', async () => {
  const node = await startNode();
  await publishClusters(node, 3);
  const whole = { names: ['c0000', 'c0001', 'c0002'], counts: ['3', '3'], path: undefined };
  expect(await pageAt(node, '/api/clusters')).toEqual(whole);
  expect(await pageAt(node, '/api/clusters?_=17')).toEqual(whole);
});

it('a page of clusters is as long as the query says, and holds the clusters that the token may receive', async () => {
  const node = await startNode();
  await publishClusters(node, 5);
  expect(await pageAt(node, '/api/clusters?offset=1&limit=2')).toEqual({
    names: ['c0001', 'c0002'],
    counts: ['5', '2'],
    path: '/api/clusters?offset=3&limit=2',
  });
  expect(await pageAt(node, '/api/clusters?limit=0')).toEqual({
    names: [],
    counts: ['5', '0'],
    path: undefined,
  });
  const token = await node.token('ann', { subscribe: ['cluster.*.c0002,c0004'] });
  expect(await pageAt(node, `/api/clusters?limit=1&token=${token}`)).toEqual({
    names: ['c0002'],
    counts: ['2', '1'],
    path: '/api/clusters?limit=1&offset=1',
  });
});

it.each(['limit=x', 'limit=-1', 'offset=1.5', 'offset='])(
  '%s is refused with parameter_invalid',
  async (query) => {
    const response = await fetch(`${(await startNode()).url}/api/clusters?${query}`);
    expect([response.status, await response.text()]).toEqual([
      400,
      expect.stringContaining('#parameter_invalid'),
    ]);
  },
);
