/** The documentation of the hub: the pages in `src/docs`, how a node serves them, and the texts that a search reads. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';

const FOLDER = new URL('../../docs/', import.meta.url);
/** The page that lists all other pages. It belongs to no kind. */
export const INDEX = 'index';

/**
 * The kinds of pages (after Diátaxis). Each kind is a folder, and the order is the one in which a reader needs them.
 */
export const KINDS = {
  tutorial: 'Tutorials',
  'how-to': 'How to',
  reference: 'Reference',
  explanation: 'Explanation',
} as const;

export type Kind = keyof typeof KINDS;

/** The text under one heading, or behind one anchor within a table. */
export interface Section {
  readonly title: string;
  /** The level of the heading, 1 to 6, or 0 if there is none. */
  readonly level: number;
  /** Empty for the text before the first heading. */
  readonly anchor: string;
  /** The text without the marks of Markdown. */
  readonly text: string;
}

export interface Page {
  /** A name such as `how-to/secure` or `index`. */
  readonly name: string;
  readonly path: string;
  readonly kind: Kind | undefined;
  readonly title: string;
  /** One sentence about what the page is good for. */
  readonly summary: string;
  readonly markdown: string;
  readonly sections: readonly Section[];
}

/** Every page: first the index, then the others by kind and title. */
export function readPages(): readonly Page[] {
  const names = readdirSync(FOLDER, { recursive: true, encoding: 'utf8' })
    .map((file) => file.replaceAll('\\', '/'))
    .filter((file) => file.endsWith('.md'))
    .map((file) => file.slice(0, -'.md'.length));
  return names
    .map((name) => pageOf(name, readFileSync(new URL(`${name}.md`, FOLDER), 'utf8')))
    .toSorted((a, b) => rankOf(a) - rankOf(b) || (a.title < b.title ? -1 : 1));
}

export function pageOf(name: string, markdown: string): Page {
  const [folder = ''] = name.split('/', 1);
  const paragraph = /^# .*\n\n([\s\S]*?)(?:\n\n|$)/.exec(markdown)?.[1] ?? '';
  return {
    name,
    path: pathOf(name),
    kind: Object.hasOwn(KINDS, folder) ? (folder as Kind) : undefined,
    title: plain(/^# (.*)$/m.exec(markdown)?.[1] ?? name),
    summary: summaryOf(plain(paragraph)),
    markdown,
    sections: sectionsOf(markdown),
  };
}

export function pathOf(name: string): string {
  return name === INDEX ? '/docs' : `/docs/${name}`;
}

/**
 * The Markdown of the file. The links of the index change, because the index is served as `/docs`, from which they
 * would lead elsewhere.
 */
export function servedMarkdown({ name, markdown }: Page): string {
  return name === INDEX ? markdown.replaceAll(/\]\((?![a-z]+:|[#/])/g, '](/docs/') : markdown;
}

/**
 * The address under `/docs` to which a link of a page leads. A link to another site or within the page is unchanged.
 */
export function linkOf({ name }: Pick<Page, 'name'>, href: string): string {
  if (/^(?:[a-z][a-z\d+.-]*:|#)/i.test(href)) return href;
  const [file = '', anchor] = href.split('#', 2);
  const target = posix.join(posix.dirname(name), file).replace(/\.md$/, '');
  return pathOf(target) + (anchor === undefined ? '' : `#${anchor}`);
}

const PICTURE_TYPES: Readonly<Record<string, string>> = { svg: 'image/svg+xml', png: 'image/png' };

/**
 * The picture that a page shows, as a URL that holds all of it, since a page loads nothing. The result is `undefined` where
 * the documentation has no such picture.
 */
export function pictureOf({ name }: Pick<Page, 'name'>, href: string): string | undefined {
  const file = posix.join(posix.dirname(name), href);
  const type = PICTURE_TYPES[/^[\w/-]+\.(svg|png)$/.exec(file)?.[1] ?? ''];
  if (type === undefined || !existsSync(new URL(file, FOLDER))) return undefined;
  return `data:${type};base64,${readFileSync(new URL(file, FOLDER), 'base64')}`;
}

/** Makes anchors for the headings of one page as GitHub does, so that links work both there and here. */
export function anchors(): (title: string) => string {
  const used = new Map<string, number>();
  return (title) => {
    const slug = title
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-');
    const count = used.get(slug) ?? 0;
    used.set(slug, count + 1);
    return count === 0 ? slug : `${slug}-${count}`;
  };
}

/** The text without the marks of Markdown. */
export function plain(markdown: string): string {
  return markdown
    .replaceAll(/<!--[\s\S]*?-->/g, '')
    .replaceAll(/<a id="[^"]*"><\/a>/g, '')
    .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replaceAll(/^\s*\|?(?:[-: ]+\|)+[-: ]*$/gm, '')
    .replaceAll(/^ *(?:```.*|#+ )/gm, '')
    .replaceAll(/`|\*\*|^\||\|$/gm, '')
    .replaceAll(' | ', ' · ')
    .replaceAll(/\\([<*_|])/g, '$1')
    .replaceAll(/\s+/g, ' ')
    .trim();
}

function rankOf({ kind }: Page): number {
  return kind === undefined ? -1 : Object.keys(KINDS).indexOf(kind);
}

/**
 * Pages begin with what their readers can do after reading. The beginning of that sentence adds nothing to the title
 * of the page, so it is left out.
 */
function summaryOf(paragraph: string): string {
  const summary = paragraph.replace(/^After (?:reading this page|this tutorial),? /, '');
  return summary.charAt(0).toUpperCase() + summary.slice(1);
}

const HEADING = /^(#{1,6}) (.*)$/;
const ANCHOR = /<a id="([^"]+)"><\/a>/;

function sectionsOf(markdown: string): Section[] {
  const anchorOf = anchors();
  const found = [{ title: '', level: 0, anchor: '', lines: [] as string[] }];
  let inBlock = false;
  for (const line of markdown.split('\n')) {
    if (/^ *```/.test(line)) inBlock = !inBlock;
    const [, marks = '', heading] = inBlock ? [] : (HEADING.exec(line) ?? []);
    const [, id] = inBlock ? [] : (ANCHOR.exec(line) ?? []);
    if (heading !== undefined) {
      const title = plain(heading);
      found.push({ title, level: marks.length, anchor: anchorOf(title), lines: [] });
    } else if (id !== undefined) found.push({ title: id, level: 0, anchor: id, lines: [line] });
    else found.at(-1)?.lines.push(line);
  }
  return found
    .map(({ lines, ...section }) => ({ ...section, text: plain(lines.join('\n')) }))
    .filter(({ title, text }) => title !== '' || text !== '');
}
