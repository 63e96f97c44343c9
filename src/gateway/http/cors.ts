import type { ServerResponse } from 'node:http';
import type { Handler } from './handler.ts';
import { checkOrigin } from './origin-check.ts';

/** How long a browser remembers what it may ask. No browser remembers it longer than a day, and most do for two hours. */
const PREFLIGHT_MAX_AGE_S = 7_200;

const METHODS = 'GET, HEAD, POST, DELETE, OPTIONS';
const ASKED_WITH =
  'Authorization, Content-Type, Content-Encoding, Accept, Idempotency-Key, Last-Event-ID, Cache-Control, If-None-Match, Traceparent, Tracestate';
const TOLD =
  'X-DRP-LIST-TOTAL-COUNT, X-DRP-LIST-COUNT, Link, Belfry-Cursor, Belfry-Event-Ids, Belfry-Silent-Nodes, Idempotency-Key, Retry-After, ETag, Allow, WWW-Authenticate';

/**
 * Lets pages of other origins ask (the Fetch standard, 3.2). Without a list of origins every page may ask, with a token that
 * the page adds itself. With a list, a browser adds its cookies and passwords for the origins of the list, and a page of any
 * other origin is refused.
 */
export function cors(allowed: readonly string[]): Handler {
  return (request, response) => {
    const { origin, host, 'access-control-request-method': asked } = request.headers;
    allowOrigin(response, origin, allowed);
    checkOrigin({ origin, host }, allowed);
    if (request.method !== 'OPTIONS' || asked === undefined) return undefined;
    response.setHeader('Access-Control-Allow-Methods', METHODS);
    response.setHeader('Access-Control-Allow-Headers', ASKED_WITH);
    response.setHeader('Access-Control-Max-Age', String(PREFLIGHT_MAX_AGE_S));
    response.statusCode = 204;
    response.end();
    return 'answered';
  };
}

function allowOrigin(response: ServerResponse, origin: string | undefined, allowed: readonly string[]): void {
  if (allowed.length === 0) response.setHeader('Access-Control-Allow-Origin', '*');
  else {
    response.setHeader('Vary', 'Origin');
    if (origin === undefined || !allowed.includes(origin)) return;
    response.setHeader('Access-Control-Allow-Origin', origin);
    response.setHeader('Access-Control-Allow-Credentials', 'true');
  }
  response.setHeader('Access-Control-Expose-Headers', TOLD);
}
