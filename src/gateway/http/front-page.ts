import type { NextFunction, Request, Response } from 'express';

interface Listener {
  readonly url: string;
  readonly dialect: string;
}

export interface FrontPage {
  readonly node: string;
  readonly version: string;
  readonly listeners: readonly Listener[];
}

/** `GET /` of a browser: what this is, and which listener speaks what. Whoever asks for no page gets what any other path gives. */
export function frontPage(
  about: () => FrontPage,
): (request: Request, response: Response, next: NextFunction) => void {
  return (request, response, next) => {
    const isAsked = request.method === 'GET' && request.path === '/';
    if (!isAsked || !String(request.headers.accept).includes('text/html')) return next();
    response.vary('Accept').type('html').send(pageOf(about()));
  };
}

const LINKS = [
  ['/openapi.json', 'the HTTP API'],
  ['/asyncapi.json', 'the sockets, and what stands in Redis'],
  ['/readyz', 'whether events flow'],
  ['/metrics', 'numbers for Prometheus'],
] as const;

function pageOf({ node, version, listeners }: FrontPage): string {
  const rows = listeners.map(({ url, dialect }) => `<tr><td><code>${url}</code><td>${dialect}`);
  const links = LINKS.map(([path, what]) => `<li><a href="${path}">${path}</a>: ${what}`);
  return `<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Belfry</title>
<h1>Belfry ${version}</h1>
<p>An event hub. This is the node <b>${node}</b>.
<table><tr><th>listener<th>what <code>/ws</code> speaks there${rows.join('')}</table>
<p>Each listener serves every path: <code>/native/ws</code>, <code>/api/v3/events</code> and the others.
<ul>${links.join('')}</ul>
<p>The log of the node says how to watch and publish; for that it takes a token.
`;
}
