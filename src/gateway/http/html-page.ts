import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Response } from 'express';

/** How texts look, and where on the screen they stand. */
const STYLE = ['html-page.css', 'html-layout.css']
  .map((file) => readFileSync(new URL(file, import.meta.url), 'utf8'))
  .join('');
const STYLE_HASH = createHash('sha256').update(STYLE).digest('base64');

/** A page may load nothing and run nothing; it has the style that it brings, and its form asks this node. */
const POLICY = [
  "default-src 'none'",
  `style-src 'sha256-${STYLE_HASH}'`,
  'img-src data:',
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** A bell. */
const ICON =
  "data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'><path fill='%23b7791f' d='M7 1h2v1a4 4 0 0 1 3 4v4l2 2H2l2-2V6a4 4 0 0 1 3-4zM6 13h4a2 2 0 0 1-4 0z'/></svg>";

export interface HtmlPage {
  readonly title: string;
  /** In one sentence, for whoever lists pages. */
  readonly summary?: string;
  /** What was looked for, where the page is about that. */
  readonly query?: string;
  /** What the page is about, as HTML. */
  readonly main: string;
  /** Where else to go, as HTML, beside or behind the main part. */
  readonly beside?: string;
}

/** The headers of every page. */
export function setPageHeaders(response: Response): void {
  response.set({ 'Content-Security-Policy': POLICY, 'Content-Type': 'text/html; charset=utf-8' });
}

/** A page of this node, in the one look that all of them have. */
export function htmlPage({ title, summary, query = '', main, beside = '' }: HtmlPage): string {
  const description =
    summary === undefined ? '' : `<meta name="description" content="${escapeHtml(summary)}">\n`;
  return `<!doctype html>
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
</body>
</html>
`;
}

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Text as it stands in HTML, also within the quotes of an attribute. */
export function escapeHtml(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => ESCAPES[character] ?? '');
}
