/** A request and its answer, whether Node has read the request or the node itself has. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { PlainRequest } from './plain-request.ts';
import { PlainResponse } from './plain-response.ts';

/** Handlers use what both kinds have. */
export type HttpRequest = IncomingMessage | PlainRequest;

/** The answer to a request of the same kind. */
export type HttpResponse = ServerResponse | PlainResponse;

/** Answers a request. */
export type Serve = (request: HttpRequest, response: HttpResponse) => void;

/** The answer, for a part of a handler that needs what only Node's own has, and which no plain request reaches. */
export function byNode(response: HttpResponse): ServerResponse {
  if (response instanceof PlainResponse)
    throw new TypeError('A plain request reached a part of a handler that only Node can answer.');
  return response;
}
