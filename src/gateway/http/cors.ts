import { addHeaders, answer, type HeaderList } from './answer-headers.ts';
import type { Handler } from './handler.ts';
import { checkOrigin } from './origin-check.ts';

/** How long a browser remembers what it may ask. No browser remembers it longer than a day, and most do for two hours. */
const PREFLIGHT_MAX_AGE_S = 7_200;

const METHODS = 'GET, HEAD, POST, PUT, DELETE, OPTIONS';
const ASKED_WITH =
  'Authorization, Content-Type, Content-Encoding, Accept, Idempotency-Key, Belfry-Lease, Last-Event-ID, Cache-Control, If-None-Match, Traceparent, Tracestate, MCP-Protocol-Version, Mcp-Method, Mcp-Name';
const TOLD =
  'X-DRP-LIST-TOTAL-COUNT, X-DRP-LIST-COUNT, Link, Belfry-Cursor, Belfry-Event-Ids, Belfry-Silent-Nodes, Idempotency-Key, Retry-After, ETag, Allow, WWW-Authenticate';
const EXPOSED = ['Access-Control-Expose-Headers', TOLD];
const TO_ALL = ['Access-Control-Allow-Origin', '*', ...EXPOSED];
const PREFLIGHT = Object.entries({
  'Access-Control-Allow-Methods': METHODS,
  'Access-Control-Allow-Headers': ASKED_WITH,
  'Access-Control-Max-Age': String(PREFLIGHT_MAX_AGE_S),
}).flat();

/**
 * Lets pages of other origins ask (the Fetch standard, 3.2). Without a list of origins every page may ask, with a token that
 * the page adds itself. With a list, a browser adds its cookies and passwords for the origins of the list, and a page of any
 * other origin is refused.
 */
export function cors(allowed: readonly string[]): Handler {
  return (request, response) => {
    const { origin, host, 'access-control-request-method': asked } = request.headers;
    addHeaders(response, forOrigin(origin, allowed));
    checkOrigin({ origin, host }, allowed);
    if (request.method !== 'OPTIONS' || asked === undefined) return undefined;
    answer(response, 204, PREFLIGHT);
    return 'answered';
  };
}

function forOrigin(origin: string | undefined, allowed: readonly string[]): HeaderList {
  if (allowed.length === 0) return TO_ALL;
  if (origin === undefined || !allowed.includes(origin)) return ['Vary', 'Origin'];
  const own = { Vary: 'Origin', 'Access-Control-Allow-Origin': origin };
  return [...Object.entries({ ...own, 'Access-Control-Allow-Credentials': 'true' }).flat(), ...EXPOSED];
}
