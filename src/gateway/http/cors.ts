import type { RequestHandler, Response } from 'express';
import { checkOrigin } from './origin-check.ts';

/** How long a browser remembers what it may ask. No browser remembers it longer than a day, and most do for two hours. */
const PREFLIGHT_MAX_AGE_S = 7_200;

const METHODS = 'GET, HEAD, POST, DELETE, OPTIONS';
const ASKED_WITH =
  'Authorization, Content-Type, Content-Encoding, Accept, Idempotency-Key, Last-Event-ID, Cache-Control, If-None-Match, Traceparent, Tracestate';
const TOLD =
  'X-DRP-LIST-TOTAL-COUNT, X-DRP-LIST-COUNT, Link, Belfry-Cursor, Belfry-Event-Ids, Idempotency-Key, Retry-After, ETag, Allow, WWW-Authenticate';

/**
 * Lets pages of other origins ask (the Fetch standard, 3.2). Without a list of origins every page may ask, with a token that
 * the page adds itself. With a list, a browser adds its cookies and passwords for the origins of the list, and a page of any
 * other origin is refused.
 */
export function cors(allowed: readonly string[]): RequestHandler {
  return (request, response, next) => {
    const { origin, host, 'access-control-request-method': asked } = request.headers;
    allowOrigin(response, origin, allowed);
    checkOrigin({ origin, host }, allowed);
    if (request.method !== 'OPTIONS' || asked === undefined) return next();
    response.set({
      'Access-Control-Allow-Methods': METHODS,
      'Access-Control-Allow-Headers': ASKED_WITH,
      'Access-Control-Max-Age': String(PREFLIGHT_MAX_AGE_S),
    });
    response.status(204).end();
  };
}

function allowOrigin(response: Response, origin: string | undefined, allowed: readonly string[]): void {
  if (allowed.length === 0) response.set('Access-Control-Allow-Origin', '*');
  else {
    response.vary('Origin');
    if (origin === undefined || !allowed.includes(origin)) return;
    response.set({ 'Access-Control-Allow-Origin': origin, 'Access-Control-Allow-Credentials': 'true' });
  }
  response.set('Access-Control-Expose-Headers', TOLD);
}
