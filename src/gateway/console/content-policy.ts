/**
 * What the page of the console may load and run: only files of this node, and no script or style that stands in the page. The
 * page may set styles by script with the nonce, which is another one each time the page is sent.
 */
export function contentPolicy(nonce?: string): string {
  return [
    "default-src 'none'",
    "script-src 'self'",
    `style-src 'self'${nonce === undefined ? '' : ` 'nonce-${nonce}'`}`,
    // This permits sockets of the same host, too (CSP 3, 6.7.2.8).
    "connect-src 'self'",
    "img-src 'self' data:",
    "font-src 'self'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ].join('; ');
}
