import type { RequestHandler, Response } from 'express';
import { checkOrigin } from './origin.ts';

/**
 * On every answer. What is told is meant for whoever asked: it is not kept, not taken for another type than it says,
 * and the address, which may hold a token, is not told to other sites.
 */
export const SAFE_HEADERS = {
  'Cache-Control': 'no-store',
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
};

export const safeHeaders: RequestHandler = (_request, response, next) => {
  response.set(SAFE_HEADERS);
  next();
};

/** How long a browser need not ask again whether it may; none remembers longer than a day, and most two hours. */
const PREFLIGHT_MAX_AGE_S = 7_200;

const METHODS = 'GET, HEAD, POST, DELETE, OPTIONS';
const ASKED_WITH =
  'Authorization, Content-Type, Content-Encoding, Accept, Idempotency-Key, Last-Event-ID, Cache-Control, If-None-Match, Traceparent, Tracestate';
const TOLD =
  'X-DRP-LIST-TOTAL-COUNT, X-DRP-LIST-COUNT, Link, Belfry-Cursor, Belfry-Event-Ids, Idempotency-Key, Retry-After, ETag, Allow, WWW-Authenticate';

/**
 * Lets pages of other origins ask (the Fetch standard, 3.2). Without a list every page may, with a token that it adds
 * itself; a browser adds cookies and passwords of its own only for origins of the list, and a page whose origin the
 * list does not have is refused.
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
