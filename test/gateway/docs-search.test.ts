import { describe, expect, it } from 'vitest';
import { pageOf, readPages } from '../../src/gateway/docs/pages.ts';
import { Search } from '../../src/gateway/docs/search.ts';
import { startNode } from '../support/node.ts';

const BROWSER = { Accept: 'text/html,*/*;q=0.8' };

const find = (query: string, ...markdown: string[]): string[] =>
  new Search(markdown.map((text, i) => pageOf(`reference/${i}`, text)))
    .find(query)
    .map(({ page, section }) => `${page.title}#${section.anchor}`);

describe('a search of the documentation', () => {
  it('finds headings before texts, by the beginnings of words in any case', () => {
    const pages = ['# Queue\n\nThe setting SLOW.', '# Bound\n\n## Slowness\n\nx', '# Other\n\nx'] as const;
    expect(find('slow', ...pages)).toEqual(['Bound#slowness', 'Queue#queue']);
    expect(find('SLOWLY, settings?', ...pages)).toEqual(['Queue#queue']);
    expect(find('low', ...pages)).toEqual([]);
  });

  it('gives more weight to words that are in few places', () => {
    const pages = ['# A\n\nthe hub and the gap', '# B\n\nthe hub', '# C\n\nthe hub'] as const;
    expect(find('the gap in the hub', ...pages)[0]).toBe('A#a');
  });

  it('finds a row of a table by its anchor, and the parts of a name', () => {
    const page = '# Errors\n\n| <a id="event_invalid"></a>`event_invalid` | no event |\n';
    expect(find('event_invalid', page)).toEqual(['Errors#event_invalid']);
    expect(find('invalid', page)).toEqual(['Errors#event_invalid']);
  });

  it('shows the text around the words, with the words marked', () => {
    const long = `${'before '.repeat(40)}needle ${'after '.repeat(40)}`;
    const [found] = new Search([pageOf('reference/a', `# A\n\n${long}`)]).find('needle');
    expect(found?.excerpt.filter(({ hit }) => hit).map(({ text }) => text)).toEqual(['needle']);
    const text = found?.excerpt.map((part) => part.text).join('') ?? '';
    expect(text).toMatch(/^… before .* after …$/);
    expect(text.length).toBeLessThan(250);
  });

  it.each(['', '   ', '*', '\\', '(', '[a-', '<b>', '__proto__', 'x'.repeat(10_000), 'a '.repeat(5_000)])(
    'treats %j as it treats any words',
    (query) => {
      expect(() => new Search(readPages()).find(query)).not.toThrow();
    },
  );

  it('is answered as a page to a browser and as Markdown to others, by the same path', async () => {
    const { url } = await startNode();
    const html = await (await fetch(`${url}/docs?q=bounds`, { headers: BROWSER })).text();
    expect(html).toContain('<a href="./docs/reference/bounds">');
    expect(html).toContain('value="bounds"');
    const plain = await (await fetch(`${url}/docs?q=bounds`)).text();
    expect(plain).toMatch(/^# Search: bounds\n\n- \[[^\]]+\]\(\/docs\/reference\/bounds\): /);
    expect(await (await fetch(`${url}/docs?q=zzzz`)).text()).toContain('Nothing was found');
  });

  it('shows the words of a query as plain text, whatever they are', async () => {
    const { url } = await startNode();
    const query = encodeURIComponent('"><script>alert(1)</script>');
    const html = await (await fetch(`${url}/docs?q=${query}`, { headers: BROWSER })).text();
    expect(html).not.toContain('<script');
    expect(html).toContain('&quot;&gt;&lt;script&gt;');
  });
});
