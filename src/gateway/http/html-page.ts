import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Response } from 'express';

/** The styles of texts and of the layout. */
const STYLE = ['html-page.css', 'html-layout.css']
  .map((file) => readFileSync(new URL(file, import.meta.url), 'utf8'))
  .join('');
/** A page may not load or run anything. It may use its own style and script, and its form may ask this node. */
const POLICY = [
  "default-src 'none'",
  `style-src '${hashOf(STYLE)}'`,
  'img-src data:',
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** The icon shows a bell. */
const ICON =
  "data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'><path fill='%23b7791f' d='M7 1h2v1a4 4 0 0 1 3 4v4l2 2H2l2-2V6a4 4 0 0 1 3-4zM6 13h4a2 2 0 0 1-4 0z'/></svg>";

export interface HtmlPage {
  readonly title: string;
  /** The root of the node, seen from the page, as of {@link rootFrom}. */
  readonly root: string;
  /** One sentence about the page, for lists of pages. */
  readonly summary?: string;
  /** The words that were searched for, if the page is about a search. */
  readonly query?: string;
  /** The main part of the page, as HTML. */
  readonly main: string;
  /** A script that runs at the end of the page. The same is given to {@link setPageHeaders}. */
  readonly script?: string | undefined;
  /** Links to other pages, as HTML, beside or below the main part. */
  readonly beside?: string;
}

/** The root of the node, seen from a page with this path: `./` from `/docs`, `../` from `/docs/index`. */
export function rootFrom(path: string): string {
  return '../'.repeat(path.split('/').length - 2) || './';
}

/** Sets the headers of every page. */
export function setPageHeaders(response: Response, script?: string): void {
  const policy = script === undefined ? POLICY : `${POLICY}; script-src '${hashOf(script)}'`;
  response.set({ 'Content-Security-Policy': policy, 'Content-Type': 'text/html; charset=utf-8' });
}

/**
 * A page of this node. All pages look the same. Links that begin at the root of the node are written relative to the page, so that a
 * proxy may serve the node below any path.
 */
export function htmlPage({ title, root, summary, query = '', main, script, beside = '' }: HtmlPage): string {
  const description =
    summary === undefined ? '' : `<meta name="description" content="${escapeHtml(summary)}">\n`;
  const html = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
${description}<title>${escapeHtml(title)}</title>
<link rel="icon" href="${ICON}">
<style>${STYLE}</style>
</head>
<body>
<header>
<a class="home" href="/">Belfry</a>
<a href="/docs">Docs</a>
<form action="/docs" role="search">
<input type="search" name="q" value="${escapeHtml(query)}" placeholder="Search the docs" aria-label="Search the docs" maxlength="200" required>
</form>
</header>
<div class="columns">
<main>
${main}
</main>
${beside}
</div>
${script === undefined ? '' : `<script>${script}</script>\n`}</body>
</html>
`;
  return html.replaceAll(/ (href|action)="\//g, ` $1="${root}`);
}

/** The hash by which a policy permits a style or a script that stands in the page. */
function hashOf(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`;
}

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** The text as it must be written in HTML, even inside the quotes of an attribute. */
export function escapeHtml(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => ESCAPES[character] ?? '');
}
