import { globSync } from 'node:fs';
import { array, assert, asyncProperty, constantFrom } from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { linkOf, pageOf, readPages, servedMarkdown, type Page } from '../../src/gateway/docs/pages.ts';
import { bodyOf } from '../../src/gateway/docs/render.ts';
import { BelfryError, ERROR_CODES } from '../../src/model/errors.ts';
import { nativeClient } from '../support/client.ts';
import { startNode } from '../support/node.ts';
import { rawConnection } from '../support/raw-http.ts';

const BROWSER = { Accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8' };
const PAGES = readPages();
const [DRAWING] = globSync('*.svg', { cwd: new URL('../../src/docs/reference/growth/', import.meta.url) });
const some = PAGES.find(({ kind }) => kind === 'reference') as Page;

/** Every `href` and `id` of a served page. */
const hrefsOf = (html: string): string[] =>
  Array.from(html.matchAll(/ href="([^"]+)"/g), ([, to = '']) => to);
const idsOf = (html: string): Set<string> =>
  new Set(Array.from(html.matchAll(/ id="([^"]+)"/g), ([, id = '']) => id));

describe('a page of the documentation', () => {
  it('is served unchanged to a client that asks for Markdown, and rendered to a browser', async () => {
    const { url } = await startNode();
    expect(PAGES.length).toBeGreaterThan(50);
    for (const page of PAGES) {
      const plain = await fetch(`${url}${page.path}`);
      expect(plain.headers.get('content-type')).toBe('text/markdown; charset=utf-8');
      expect(await plain.text()).toBe(page.name === 'index' ? servedMarkdown(page) : page.markdown);
      const rendered = await fetch(`${url}${page.path}`, { headers: BROWSER });
      expect(rendered.headers.get('content-type')).toBe('text/html; charset=utf-8');
      const html = await rendered.text();
      expect(html).toContain('<main>\n<h1 id="');
      expect(html).not.toMatch(/<script|<main>[\s\S]*<(?:style|iframe)/);
      expect(html).not.toMatch(/<img (?!alt="[^"]*" src="data:image\/(?:svg\+xml|png);base64,[\w+/=]+">)/);
    }
  });

  it.each([
    ['text/markdown', 'text/markdown'],
    ['*/*', 'text/markdown'],
    ['application/json', 'text/markdown'],
    ['text/html;q=0.5, text/markdown', 'text/markdown'],
    [BROWSER.Accept, 'text/html'],
  ])('is served for the header Accept: %s as %s', async (accept, type) => {
    const { url } = await startNode();
    const response = await fetch(`${url}${some.path}`, { headers: { Accept: accept } });
    expect(response.headers.get('content-type')).toBe(`${type}; charset=utf-8`);
    expect(response.headers.get('vary')).toBe('Accept');
  });

  it('is Markdown to a browser too if its path ends in .md', async () => {
    const { url } = await startNode();
    const response = await fetch(`${url}${some.path}.md`, { headers: BROWSER });
    expect(await response.text()).toBe(some.markdown);
    expect(response.headers.get('content-type')).toBe('text/markdown; charset=utf-8');
  });

  it('may load and run nothing in a browser, and no page may frame it', async () => {
    const { url } = await startNode();
    for (const path of ['/', some.path, '/docs?q=hub', '/docs/none']) {
      const { headers } = await fetch(`${url}${path}`, { headers: BROWSER });
      expect(headers.get('content-security-policy')).toMatch(
        /^default-src 'none'; style-src 'sha256-[\w+/]+='; img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'$/,
      );
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('referrer-policy')).toBe('no-referrer');
    }
  });

  it.each([
    '/',
    '/docs',
    '/docs/',
    '/docs/index',
    some.path,
    `${some.path}/`,
    '/docs?q=hub',
    '/docs/none',
    '/docs/a/b',
  ])(
    'has links and a search that lead to this node from %s, whatever path a proxy puts before it',
    async (path) => {
      const { url } = await startNode();
      const html = await (await fetch(`${url}${path}`, { headers: BROWSER })).text();
      const links = [...html.matchAll(/ (?:href|action)="(?!#|[a-z]+:)([^"]*)"/g)].map(
        ([, link = '']) => link,
      );
      const paths = links.map((link) => new URL(link, `http://proxy/some/hub${path}`).pathname);
      expect(paths).toContain('/some/hub/docs');
      expect(paths.filter((each) => !each.startsWith('/some/hub/'))).toEqual([]);
    },
  );

  it('is not sent again to a client that has it, unless it has changed', async () => {
    const { url } = await startNode();
    const connection = await rawConnection(url);
    const ask = (...headers: string[]) =>
      connection.ask([`GET ${some.path} HTTP/1.1`, 'Host: a', ...headers, '']);
    const { headers } = await ask();
    expect(headers['cache-control']).toBe('no-cache');
    expect(await ask(`If-None-Match: ${headers['etag']}`)).toMatchObject({ status: 304, body: '' });
    const rendered = await ask(`If-None-Match: ${headers['etag']}`, 'Accept: text/html');
    expect(rendered.status).toBe(200);
  });

  it('answers HEAD with the headers only and OPTIONS with its methods, and refuses all other methods', async () => {
    const { url } = await startNode();
    const head = await fetch(`${url}${some.path}`, { method: 'HEAD' });
    expect(head.headers.get('content-length')).toBe(String(Buffer.byteLength(some.markdown)));
    const options = await fetch(`${url}${some.path}`, { method: 'OPTIONS' });
    expect([options.status, options.headers.get('allow')]).toEqual([204, 'GET, HEAD, OPTIONS']);
    expect((await fetch(`${url}${some.path}`, { method: 'POST' })).status).toBe(405);
  });

  it('is answered with an error when it does not exist, and to a browser with a page of links', async () => {
    const { url } = await startNode();
    const plain = await fetch(`${url}/docs/reference/none`);
    expect([plain.status, await plain.text()]).toEqual([404, expect.stringContaining('/docs lists')]);
    const rendered = await fetch(`${url}/docs/reference/<i>`, { headers: BROWSER });
    const html = await rendered.text();
    expect([rendered.status, html]).toEqual([404, expect.stringContaining('<a href="../../docs">')]);
    expect(html).not.toContain('<i>');
  });
});

describe('the address in an error', () => {
  it('opens a page that a node serves, with an anchor for each code', async () => {
    const { url } = await startNode();
    for (const code of ERROR_CODES) {
      const see = new URL(new BelfryError(code, 'Why.').see, url);
      const html = await (await fetch(see, { headers: BROWSER })).text();
      expect(idsOf(html)).toContain(see.hash.slice(1));
    }
  });

  it('is a path on the node that was asked, in REST and in sockets', async () => {
    const node = await startNode();
    const refused = await fetch(`${node.url}/api/v3/events`);
    expect(await refused.json()).toMatchObject({
      Messages: [expect.anything(), 'See /docs/reference/errors#credentials_missing'],
    });
    const socket = await nativeClient(node.url, await node.token(), ['a.*.*']);
    socket.send({ id: 1, command: 'subscribe', patterns: ['a'] });
    expect(await socket.next()).toMatchObject({ object: { see: '/docs/reference/errors#pattern_invalid' } });
  });
});

describe('the links of the rendered documentation', () => {
  let html: ReadonlyMap<string, string>;
  beforeAll(() => {
    html = new Map(PAGES.map((page) => [page.path, bodyOf(page)]));
  });

  it.each(PAGES)('lead from $name to pages and anchors that exist', ({ path }) => {
    const inside = hrefsOf(html.get(path) ?? '').filter((href) => !/^https?:\/\//.test(href));
    const astray = inside.filter((href) => {
      const [to = '', anchor] = href.split('#');
      const target = html.get(to === '' ? path : to);
      return target === undefined || (anchor !== undefined && !idsOf(target).has(anchor));
    });
    expect(astray).toEqual([]);
  });

  it.each([
    ['how-to/secure', '../reference/errors.md#forbidden', '/docs/reference/errors#forbidden'],
    ['how-to/secure', 'stop.md', '/docs/how-to/stop'],
    ['how-to/secure', '../index.md', '/docs'],
    ['index', 'how-to/stop.md', '/docs/how-to/stop'],
    ['index', '#here', '#here'],
    ['index', 'https://redis.io', 'https://redis.io'],
  ])('in %s to %s become %s', (name, href, expected) => {
    expect(linkOf({ name }, href)).toBe(expected);
  });
});

describe('the Markdown of a page', () => {
  const html = (markdown: string): string => bodyOf({ name: 'how-to/x', markdown });

  it('keeps its anchors, and shows any other HTML as text', () => {
    expect(html('| a |\n|---|\n| <a id="x_y"></a>`x` |')).toContain('<a id="x_y"></a><code>x</code>');
    expect(html('<script>alert(1)</script>\n\n<b onclick="x">b</b>')).not.toMatch(/<(?:script|b)\b/);
    expect(html('<a id="x" href="javascript:1">y</a>')).not.toContain('<a id');
    expect(html('<!-- for writers -->\n\nx')).toBe('<p>x</p>\n');
    expect(html('```sh run\n<i>$X</i>\n```')).toContain('<code class="language-sh">&lt;i&gt;$X');
    expect(html('![a](x.png "<i>")')).not.toContain('<img');
  });

  // The charts are made by the benchmark, and one of them is enough here.
  it.skipIf(DRAWING === undefined)('holds the whole of each drawing of the documentation', () => {
    const drawn = bodyOf({ name: 'reference/x', markdown: `![a "b"](growth/${DRAWING})` });
    const [, bytes = ''] =
      /<img alt="a &quot;b&quot;" src="data:image\/svg\+xml;base64,([^"]+)">/.exec(drawn) ?? [];
    expect(Buffer.from(bytes, 'base64').toString()).toMatch(/^<svg /);
  });

  it('holds the words for any other image', () => {
    for (const path of [
      'growth/none.svg',
      '../../../package.json',
      'https://example.org/a.svg',
      '../index.md',
    ])
      expect(bodyOf({ name: 'reference/x', markdown: `![words](${path})` })).toBe('<p>words</p>\n');
  });

  it('has headings with the anchors that GitHub gives them', () => {
    expect(idsOf(html('# A `b_c`, d!\n\n## Same\n\n## Same\n'))).toEqual(
      new Set(['a-b_c-d', 'same', 'same-1']),
    );
  });

  it('is divided at headings and anchors, but not within blocks', () => {
    const { sections, title, summary } = pageOf(
      'how-to/x',
      '# A `b`\n\nAfter reading this page you know\n[c](d.md).\n\n```sh\n# no heading\n```\n## E\n| <a id="f"></a>`f` | g |',
    );
    expect({ title, summary }).toEqual({ title: 'A b', summary: 'You know c.' });
    expect(sections).toEqual([
      { title: 'A b', level: 1, anchor: 'a-b', text: 'After reading this page you know c. no heading' },
      { title: 'E', level: 2, anchor: 'e', text: '' },
      { title: 'f', level: 0, anchor: 'f', text: 'f · g' },
    ]);
  });
});

const PARTS = ['..', '.', '%2e%2e', '%2E.', '%2f', '%5c', '\\', '', '%00', 'constructor', '__proto__'];
const NAMES = ['docs', 'reference', 'bounds', 'bounds.md', 'package.json', 'src', 'main.ts', 'etc', 'passwd'];

it('a path under /docs opens nothing but the pages of the documentation', async () => {
  const { url } = await startNode();
  const connection = await rawConnection(url);
  const known = new Set(PAGES.map(servedMarkdown));
  const parts = array(constantFrom(...PARTS, ...NAMES), { maxLength: 6 });
  await assert(
    asyncProperty(parts, constantFrom('', '.md', '/', '%00.md'), async (path, end) => {
      const { status, body } = await connection.ask([
        `GET /docs/${path.join('/')}${end} HTTP/1.1`,
        'Host: a',
        '',
      ]);
      const isPage = known.has(Buffer.from(body, 'latin1').toString());
      expect(status).toBe(isPage ? 200 : 404);
    }),
  );
});

it('/llms.txt lists every page with its summary', async () => {
  const { url } = await startNode();
  const response = await fetch(`${url}/llms.txt`);
  expect(response.headers.get('content-type')).toBe('text/plain; charset=utf-8');
  const text = await response.text();
  expect(text).toMatch(/^# Belfry\n\n> An event hub: /);
  const others = PAGES.filter(({ name }) => name !== 'index');
  const rows = others.map(({ title, path, summary }) => `- [${title}](${path}.md): ${summary}`);
  expect(text.split('\n').filter((line) => line.startsWith('- '))).toEqual(rows);
});

it('the documentation is served on listeners of the hub, and not on a listener of metrics alone', async () => {
  const { listening } = await startNode({ BELFRY_LISTEN: '127.0.0.1:0=norn,127.0.0.1:0=metrics' });
  const statuses = listening.map(async ({ url }) => (await fetch(`${url}/llms.txt`)).status);
  expect(await Promise.all(statuses)).toEqual([200, 404]);
});

it('the front page leads to the documentation', async () => {
  const { url } = await startNode();
  const html = await (await fetch(url, { headers: BROWSER })).text();
  expect(hrefsOf(html)).toContain('./docs');
});
