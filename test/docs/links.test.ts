import { existsSync } from 'node:fs';
import { posix } from 'node:path';
import { describe, expect, it } from 'vitest';
import { allPages, anchorsOf, linksOf, page, type Page } from './pages.ts';

const ROOT = new URL('../../', import.meta.url);
const PAGES = allPages();

/** The reason why a link of this page leads nowhere, or `undefined`. */
function faultOf(from: Page, target: string): string | undefined {
  const [file = '', anchor] = target.split('#');
  const path = file === '' ? from.path : posix.join(posix.dirname(from.path), file);
  if (!existsSync(new URL(path, ROOT))) return `${target}: there is no ${path}`;
  if (anchor === undefined || anchorsOf(page(path)).has(anchor)) return undefined;
  return `${target}: ${path} has no heading and no anchor "${anchor}"`;
}

describe('the documentation', () => {
  it.each(PAGES)('has only links in $path that lead to a page and a heading', (from) => {
    expect(linksOf(from).flatMap((target) => faultOf(from, target) ?? [])).toEqual([]);
  });

  it('has a link from its index to every page', () => {
    const index = page('src/docs/index.md');
    const linked = new Set(linksOf(index).map((target) => posix.join('src/docs', target)));
    const written = PAGES.map(({ path }) => path).filter((path) => !['README.md', index.path].includes(path));
    expect(written.filter((path) => !linked.has(path))).toEqual([]);
  });

  it.each(PAGES.filter(({ path }) => path !== 'README.md'))(
    'begins $path with a title and a sentence on what its readers can do afterwards',
    ({ text }) => {
      expect(text).toMatch(/^# \S.*\n\nAfter (?:reading this page|this tutorial) \S[\s\S]*?\.\n/);
    },
  );

  it('has a README of 10 KB at most', () => {
    expect(Buffer.byteLength(page('README.md').text)).toBeLessThanOrEqual(10 * 1_024);
  });
});

describe('the anchors of a page', () => {
  it('are those that GitHub makes of its headings, and those that the page contains itself', () => {
    const text =
      '# One `two`, three!\n```\n# no heading\n```\n## Misuse of the ingress\n| <a id="x_y"></a>`x_y` |\n';
    expect([...anchorsOf({ path: 'a.md', text })]).toEqual(['one-two-three', 'misuse-of-the-ingress', 'x_y']);
  });
});
