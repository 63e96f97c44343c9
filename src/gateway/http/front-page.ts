import type { NextFunction, Request, Response } from 'express';
import { escapeHtml, htmlPage, setPageHeaders } from './html-page.ts';

interface Listener {
  readonly url: string;
  readonly dialect: string;
}

export interface FrontPage {
  readonly node: string;
  readonly version: string;
  readonly listeners: readonly Listener[];
}

/**
 * The page that a browser gets at `GET /`: what this server is, and which listener speaks which dialect. A client that
 * does not ask for a page gets the answer for an unknown path.
 */
export function frontPage(
  about: () => FrontPage,
): (request: Request, response: Response, next: NextFunction) => void {
  return (request, response, next) => {
    const isAsked = request.method === 'GET' && request.path === '/';
    if (!isAsked || !String(request.headers.accept).includes('text/html')) return next();
    setPageHeaders(response.vary('Accept'));
    response.send(pageOf(about()));
  };
}

const LINKS = [
  ['/docs', 'the documentation of this version'],
  ['/openapi.json', 'the HTTP API'],
  ['/asyncapi.json', 'the sockets, and what stands in Redis'],
  ['/readyz', 'whether events flow'],
  ['/metrics', 'numbers for Prometheus'],
] as const;

function pageOf({ node, version, listeners }: FrontPage): string {
  const rows = listeners.map(
    ({ url, dialect }) => `<tr><td><code>${escapeHtml(url)}</code><td>${escapeHtml(dialect)}`,
  );
  const links = LINKS.map(([path, what]) => `<li><a href="${path}">${path}</a>: ${what}</li>`);
  return htmlPage({
    title: 'Belfry',
    main: `<h1>Belfry ${escapeHtml(version)}</h1>
<p>An event hub. This is the node <b>${escapeHtml(node)}</b>.</p>
<div class="table" tabindex="0"><table>
<thead><tr><th>listener</th><th>what <code>/ws</code> speaks there</th></tr></thead>
<tbody>
${rows.join('\n')}
</tbody>
</table></div>
<p>Each listener serves every path: <code>/native/ws</code>, <code>/api/v3/events</code> and the others.</p>
<ul>
${links.join('\n')}
</ul>
<p>The log of the node says how to watch and publish; for that it takes a token.</p>`,
  });
}
