import { describe, expect, it } from 'vitest';
import { startNode } from '../support/node.ts';

const FROM_A_BROWSER = { Accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8' };

describe('the root of a listener', () => {
  it('shows a browser which listener speaks which dialect, and where to go on', async () => {
    const node = await startNode({ BELFRY_LISTEN: '127.0.0.1:0=norn,127.0.0.1:0=drp' });
    const response = await fetch(node.url, { headers: FROM_A_BROWSER });
    const page = await response.text();
    expect([response.status, response.headers.get('content-type')]).toEqual([
      200,
      'text/html; charset=utf-8',
    ]);
    for (const { url, dialect } of node.listening)
      expect(page).toContain(`<code>${url}</code><td>${dialect}`);
    for (const [, path = ''] of page.matchAll(/<a [^>]*href="([^"]+)"/g)) {
      const { status } = await fetch(new URL(path, node.url), { headers: FROM_A_BROWSER });
      expect([path, status]).toEqual([path, 200]);
    }
  });

  it('leads to the metrics on a listener of their own, where there is one, which speaks no dialect', async () => {
    const node = await startNode({ BELFRY_LISTEN: '127.0.0.1:0=norn,127.0.0.1:0=metrics' });
    const page = await (await fetch(node.url, { headers: FROM_A_BROWSER })).text();
    const [, apart] = node.listening;
    expect(page).toContain(`<a href="${apart?.url}/metrics">`);
    expect(page).not.toMatch(/href="[^"]*\/metrics">\/metrics|<td>metrics/);
    expect((await fetch(`${apart?.url}/metrics`)).status).toBe(200);
  });

  it('answers OPTIONS with what it takes, and refuses the rest', async () => {
    const { url } = await startNode();
    const options = await fetch(url, { method: 'OPTIONS' });
    expect([options.status, options.headers.get('allow')]).toEqual([204, 'GET, HEAD, OPTIONS']);
    expect((await fetch(url, { method: 'POST' })).status).toBe(405);
  });

  it('answers 404 to a program', async () => {
    const node = await startNode();
    const response = await fetch(node.url, { headers: { Accept: 'application/json' } });
    expect([response.status, await response.json()]).toEqual([404, expect.objectContaining({ Code: 404 })]);
  });
});
