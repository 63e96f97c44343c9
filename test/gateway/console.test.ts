import { rmSync } from 'node:fs';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { DIALECTS } from '../../src/dialects/index.ts';
import { builtConsole, SCRIPT, writeConsole } from '../support/console-home.ts';
import { startNode, type TestNode } from '../support/node.ts';
import { rawRequest, type RawAnswer } from '../support/raw-http.ts';
import { startSubpathProxy } from '../support/subpath-proxy.ts';

const HTML = { Accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8' };
const AS_IT_IS = { 'Accept-Encoding': 'identity' };

function startWith(home: URL, settings: Record<string, string> = {}): Promise<TestNode> {
  return startNode({ BELFRY_CONSOLE: 'on', ...settings }, DIALECTS, home);
}

/** Asks for a path that is sent as it stands here. */
function ask(url: string, path: string, ...headers: readonly string[]): Promise<RawAnswer> {
  return rawRequest(url, [`GET ${path} HTTP/1.1`, `Host: ${new URL(url).host}`, ...headers]);
}

/** The addresses of what a page loads. */
async function loadedBy(page: string): Promise<string[]> {
  const response = await fetch(page, { headers: HTML });
  expect([page, response.status]).toEqual([page, 200]);
  const found = [...(await response.text()).matchAll(/(?:src|href)="([^"]+)"/g)];
  return found.map(([, address = '']) => new URL(address, page).href);
}

describe('the console', () => {
  it('is a page at /console/ of every listener, which loads files with their types', async () => {
    const { listening } = await startWith(builtConsole(), {
      BELFRY_LISTEN: '127.0.0.1:0=norn,127.0.0.1:0=mist',
    });
    for (const { url } of listening) {
      const files = await loadedBy(`${url}/console/`);
      const types = await Promise.all(
        files.map(async (file) => (await fetch(file)).headers.get('content-type')),
      );
      expect(types).toEqual(['image/svg+xml', 'text/javascript; charset=utf-8', 'text/css; charset=utf-8']);
    }
  });

  it('works below a path of a proxy, to which /console and the root lead by relative addresses', async () => {
    const node = await startWith(builtConsole());
    const proxy = await startSubpathProxy('/hub', node.url);
    for (const entry of [`${proxy}/`, `${proxy}/console`, `${proxy}/console/`]) {
      const page = await fetch(entry, { headers: HTML });
      expect([page.status, page.url]).toEqual([200, `${proxy}/console/`]);
    }
    const files = await loadedBy(`${proxy}/console/`);
    expect(files).toHaveLength(3);
    for (const file of files) {
      expect(file.startsWith(`${proxy}/console/assets/`)).toBe(true);
      expect([file, (await fetch(file)).status]).toEqual([file, 200]);
    }
    // What the page asks, it asks by an address that is relative, too.
    const info = await fetch(new URL('../api/v3/me', `${proxy}/console/`), {
      headers: { Authorization: `Bearer ${await node.token()}` },
    });
    expect(await info.json()).toMatchObject({ principal: 'user:admin' });
  });

  it('may load and run only files of its node, and styles that carry the nonce of its page', async () => {
    const { url } = await startWith(builtConsole());
    const nonces = new Set<string>();
    for (let visit = 0; visit < 2; visit++) {
      const { headers, text } = await fetch(`${url}/console/`).then(async (page) => ({
        headers: page.headers,
        text: await page.text(),
      }));
      const [, nonce = ''] = /<meta property="csp-nonce" nonce="([^"]{22,})"/.exec(text) ?? [];
      nonces.add(nonce);
      expect(headers.get('content-security-policy')).toBe(
        `default-src 'none'; script-src 'self'; style-src 'self' 'nonce-${nonce}'; connect-src 'self'; ` +
          "img-src 'self' data:; font-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
      );
      expect([headers.get('cache-control'), headers.get('referrer-policy')]).toEqual([
        'no-cache',
        'no-referrer',
      ]);
    }
    expect(nonces.size).toBe(2);
    const script = await fetch(`${url}/console/assets/index-a1.js`);
    expect(script.headers.get('content-security-policy')).toContain("connect-src 'self'");
    expect(script.headers.get('x-content-type-options')).toBe('nosniff');
  });

  it.each([
    ['gzip, deflate, br, zstd', 'br', brotliDecompressSync],
    ['gzip', 'gzip', gunzipSync],
    ['br;q=0, gzip;q=0.5', 'gzip', gunzipSync],
    ['identity', undefined, (body: Buffer) => body],
    ['', undefined, (body: Buffer) => body],
  ] as const)('sends a file to a client that takes "%s" as %s', async (accept, encoding, decode) => {
    const { url } = await startWith(builtConsole());
    const { headers, body } = await ask(url, '/console/assets/index-a1.js', `Accept-Encoding: ${accept}`);
    expect([headers['content-encoding'], headers['vary']]).toEqual([encoding, 'Accept-Encoding']);
    expect(decode(Buffer.from(body, 'latin1')).toString()).toBe(SCRIPT);
  });

  it('has files that a browser keeps for a year, and is not sent again', async () => {
    const { url } = await startWith(builtConsole());
    const tags = new Set<string>();
    for (const encoding of ['br', 'gzip', 'identity']) {
      const script = (...more: string[]): Promise<RawAnswer> =>
        ask(url, '/console/assets/index-a1.js', `Accept-Encoding: ${encoding}`, ...more);
      const { headers } = await script();
      expect(headers['cache-control']).toBe('public, max-age=31536000, immutable');
      const tag = headers['etag'] ?? '';
      tags.add(tag);
      expect(await script(`If-None-Match: ${tag}`)).toMatchObject({ status: 304, body: '' });
    }
    expect(tags.size).toBe(3);
  });

  it('answers HEAD with the headers of GET, and refuses other methods', async () => {
    const { url } = await startWith(builtConsole());
    for (const path of ['/console/', '/console/assets/index-a1.js']) {
      const head = await fetch(url + path, { method: 'HEAD', headers: AS_IT_IS });
      const length = Number(head.headers.get('content-length'));
      expect([head.status, await head.text()]).toEqual([200, '']);
      expect(length).toBe((await (await fetch(url + path, { headers: AS_IT_IS })).arrayBuffer()).byteLength);
      expect((await fetch(url + path, { method: 'POST' })).status).toBe(405);
    }
  });

  it.each([
    '/console/live',
    '/console/index.html',
    '/console/assets/none.js',
    '/console/assets/',
    '/console/assets/index-a1.js.br',
    '/console/assets/..%2findex.html',
    '/console/assets/..%2F..%2F..%2Fetc%2Fpasswd',
    '/console/assets/%2e%2e/index.html',
    '/console/assets/../index.html',
    '/console/assets/__proto__',
    '/Console/assets/..\\index.html',
  ])('has nothing at %s', async (path) => {
    const { url } = await startWith(builtConsole());
    const { status, body } = await ask(url, path);
    expect([status, JSON.parse(body)]).toMatchObject([404, { Code: 404 }]);
  });

  it('shows what was built last, without a restart', async () => {
    const home = builtConsole('1');
    const { url } = await startWith(home);
    const script = async (): Promise<string> => {
      await fetch(`${url}/console/`);
      return (await fetch(`${url}/console/assets/index-a1.js`)).text();
    };
    expect(await script()).toBe('1');
    rmSync(new URL('dist/', home), { recursive: true });
    expect((await fetch(`${url}/console/`)).status).toBe(404);
    writeConsole(home, '2');
    expect(await script()).toBe('2');
  });

  it('is not shown where BELFRY_CONSOLE is off, which a browser and a program are told in a sentence', async () => {
    const { url } = await startWith(builtConsole(), { BELFRY_CONSOLE: 'off' });
    const page = await fetch(`${url}/console`, { headers: HTML });
    expect([page.status, page.headers.get('content-type')]).toEqual([404, 'text/html; charset=utf-8']);
    expect(await page.text()).toContain('This node shows no console, since BELFRY_CONSOLE is off.');
    const refusal = await fetch(`${url}/console/`, { headers: { Accept: 'application/json' } });
    expect([refusal.status, await refusal.json()]).toMatchObject([
      404,
      { Messages: [expect.stringContaining('BELFRY_CONSOLE is off'), expect.any(String)] },
    ]);
    expect((await fetch(`${url}/console/assets/index-a1.js`)).status).toBe(404);
    expect(await (await fetch(url, { headers: HTML })).text()).toContain(
      'what <code>/ws</code> speaks there',
    );
  });

  it('leaves the root to the front page where an installation carries none', async () => {
    const home = builtConsole();
    rmSync(new URL('dist/', home), { recursive: true });
    const { url } = await startWith(home);
    expect(await (await fetch(url, { headers: HTML })).text()).toContain(
      'what <code>/ws</code> speaks there',
    );
    const page = await fetch(`${url}/console/`, { headers: HTML });
    expect([page.status, await page.text()]).toEqual([404, expect.stringContaining('carries no console')]);
  });

  it('is not what a program is sent that asks for the root', async () => {
    const { url } = await startWith(builtConsole());
    const response = await fetch(url, { headers: { Accept: '*/*' }, redirect: 'manual' });
    expect([response.status, await response.json()]).toMatchObject([404, { Code: 404 }]);
  });
});
