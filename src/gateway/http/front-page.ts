import { escapeHtml, htmlPage, rootFrom } from './html-page.ts';

interface Listener {
  readonly url: string;
  readonly dialect: string;
}

export interface FrontPage {
  readonly node: string;
  readonly version: string;
  /** The listeners of the hub. */
  readonly listeners: readonly Listener[];
  /** Where Prometheus reads the metrics, on this listener or on one of their own; absent when that one is not open. */
  readonly metrics: string | undefined;
}

const LINKS = [
  ['/docs', 'the documentation of this version'],
  ['/openapi.json', 'the HTTP API'],
  ['/asyncapi.json', 'the sockets, and what stands in Redis'],
  ['/readyz', 'whether events flow'],
] as const;

/** What this is, and which listener speaks what. */
export function frontPage({ node, version, listeners, metrics }: FrontPage): string {
  const rows = listeners.map(
    ({ url, dialect }) => `<tr><td><code>${escapeHtml(url)}</code><td>${escapeHtml(dialect)}`,
  );
  const links = [
    ...LINKS,
    ...(metrics === undefined ? [] : [[metrics, 'numbers for Prometheus'] as const]),
  ].map(([to, what]) => `<li><a href="${escapeHtml(to)}">${escapeHtml(to)}</a>: ${what}</li>`);
  return htmlPage({
    title: 'Belfry',
    root: rootFrom('/'),
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
<p>To watch and publish takes a token: <a href="/docs/tutorial/first-minute">the first minute</a>.</p>`,
  });
}
