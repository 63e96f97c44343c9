import { Marked } from 'marked';
import { escapeHtml, htmlPage, rootFrom } from '../http/html-page.ts';
import { anchors, pictureOf, KINDS, linkOf, plain, type Kind, type Page } from './pages.ts';
import type { Found } from './search.ts';

/** The only HTML that a page may hold: comments for its writers, and anchors within a table. */
const COMMENT = /^<!--[\s\S]*?-->\s*$/;
const ANCHOR = /^<a id="[\w.-]+">$|^<\/a>$/;

/** The page as HTML, with links that begin at the root of the node. Other HTML in the page is shown as plain text. */
export function bodyOf(page: Pick<Page, 'name' | 'markdown'>): string {
  const anchorOf = anchors();
  const marked = new Marked({
    renderer: {
      heading({ tokens, depth, text }) {
        const id = anchorOf(plain(text));
        const title = this.parser.parseInline(tokens);
        const content = depth === 1 || title.includes('<a ') ? title : `<a href="#${id}">${title}</a>`;
        return `<h${depth} id="${id}">${content}</h${depth}>\n`;
      },
      link({ href, tokens }) {
        return `<a href="${escapeHtml(linkOf(page, href))}">${this.parser.parseInline(tokens)}</a>`;
      },
      html: ({ text }) => (ANCHOR.test(text) ? text : escapeHtml(text.replace(COMMENT, ''))),
      image({ href, text }) {
        const picture = pictureOf(page, href);
        return picture === undefined ? escapeHtml(text) : `<img alt="${escapeHtml(text)}" src="${picture}">`;
      },
    },
  });
  const html = marked.parse(page.markdown, { async: false });
  // A table or code that is wider than the screen scrolls by itself, with the keyboard too.
  return html
    .replaceAll('<table>', '<div class="table" tabindex="0"><table>')
    .replaceAll('</table>', '</table></div>')
    .replaceAll('<pre>', '<pre tabindex="0">');
}

export function pageHtml(page: Page, pages: readonly Page[], root: string): string {
  const { title, summary, kind } = page;
  return htmlPage({
    title: kind === undefined ? title : `${title} · Belfry`,
    root,
    summary,
    main: bodyOf(page),
    beside: navigation(pages, page.path) + contentsOf(page),
  });
}

export function foundHtml(
  query: string,
  found: readonly Found[],
  pages: readonly Page[],
  root: string,
): string {
  const rows = found.map(({ page, section, excerpt }) => {
    const text = excerpt.map((part) =>
      part.hit ? `<mark>${escapeHtml(part.text)}</mark>` : escapeHtml(part.text),
    );
    const kind = page.kind === undefined ? '' : `<small>${KINDS[page.kind]}</small>`;
    return `<li>${kind}<a href="${escapeHtml(placeOf(page, section))}">${escapeHtml(nameOf(page, section))}</a><br>${text.join('')}</li>`;
  });
  const list =
    rows.length === 0
      ? '<p>Nothing was found. Try fewer or other words, or look through the pages.</p>'
      : `<ol class="found">\n${rows.join('\n')}\n</ol>`;
  return htmlPage({
    title: `${query} · Belfry`,
    root,
    query,
    main: `<h1>Search: ${escapeHtml(query)}</h1>\n${list}`,
    beside: navigation(pages),
  });
}

export function missingHtml(path: string, pages: readonly Page[]): string {
  const main = `<h1>There is no such page</h1>
<p>Nothing stands at <code>${escapeHtml(path)}</code>. Expected one of the pages listed here; <a href="/docs">the overview</a> says
which of them answers what, and the search looks through all of them.</p>`;
  return htmlPage({
    title: 'There is no such page · Belfry',
    root: rootFrom(path),
    main,
    beside: navigation(pages),
  });
}

/** The results of a search, as Markdown. */
export function foundMarkdown(query: string, found: readonly Found[]): string {
  const rows = found.map(({ page, section, excerpt }) => {
    const text = excerpt.map((part) => part.text).join('');
    return `- [${nameOf(page, section)}](${placeOf(page, section)}): ${text}`;
  });
  return `# Search: ${query}\n\n${rows.length === 0 ? 'Nothing was found. See /docs.' : rows.join('\n')}\n`;
}

/** All pages for a language model (llmstxt.org): first what this project is, then each page with its summary. */
export function llmsText(pages: readonly Page[]): string {
  const lists = byKind(pages).map(([kind, of]) => {
    const rows = of.map(({ title, path, summary }) => `- [${title}](${path}.md): ${summary}`);
    return `## ${KINDS[kind]}\n\n${rows.join('\n')}\n`;
  });
  return [
    '# Belfry',
    '',
    '> An event hub: any service publishes an event with one Redis command or one HTTP call, and every interested WebSocket client hears it, on whichever node it is connected.',
    '',
    'This node serves these pages in its own version, and describes its API in /openapi.json and its sockets in /asyncapi.json. `/docs?q=` searches the pages.',
    '',
    ...lists,
  ].join('\n');
}

function nameOf(page: Page, { title }: Found['section']): string {
  return title === '' || title === page.title ? page.title : `${page.title}: ${title}`;
}

function placeOf({ path, title: ofPage }: Page, { anchor, title }: Found['section']): string {
  return anchor === '' || title === ofPage ? path : `${path}#${anchor}`;
}

function byKind(pages: readonly Page[]): [Kind, Page[]][] {
  const kinds = Object.keys(KINDS) as Kind[];
  return kinds.map((kind) => [kind, pages.filter((page) => page.kind === kind)]);
}

function navigation(pages: readonly Page[], current?: string): string {
  const lists = byKind(pages).map(([kind, of]) => {
    const rows = of.map(({ path, title }) => {
      const mark = path === current ? ' aria-current="page"' : '';
      return `<li><a href="${path}"${mark}>${escapeHtml(title)}</a></li>`;
    });
    return `<h2>${KINDS[kind]}</h2>\n<ul>\n${rows.join('\n')}\n</ul>`;
  });
  return `<nav class="pages" aria-label="All pages">\n${lists.join('\n')}\n</nav>\n`;
}

/** A page with fewer sections than this has no table of contents. */
const LONG_SECTIONS = 3;

function contentsOf({ sections, title: ofPage }: Page): string {
  const headings = sections.filter(
    ({ title, anchor, level }) => level === 2 && title !== ofPage && anchor !== '',
  );
  if (headings.length < LONG_SECTIONS) return '';
  const rows = headings.map(({ title, anchor }) => `<li><a href="#${anchor}">${escapeHtml(title)}</a></li>`);
  return `<nav class="contents" aria-label="On this page">\n<h2>On this page</h2>\n<ul>\n${rows.join('\n')}\n</ul>\n</nav>`;
}
