import type { RequestHandler } from 'express';
import { setHeaders } from './answer-headers.ts';
import type { HttpRequest, HttpResponse } from './exchange.ts';

type Done = void | 'answered';

/** A part of answering a request, which needs nothing of express. What it throws is the refusal of the request. */
export type Handler = (request: HttpRequest, response: HttpResponse) => Done | Promise<Done>;

/**
 * Runs handlers in their order, from the first or from this one on, up to the one that answers the request. A handler that
 * has nothing to wait for costs no promise, and what it throws is thrown at once.
 */
export function inOrder(
  handlers: readonly Handler[],
  request: HttpRequest,
  response: HttpResponse,
  from = 0,
): Done | Promise<Done> {
  const last = handlers.length - 1;
  for (let at = from; at <= last; at++) {
    const done = handlers[at]?.(request, response);
    if (done === 'answered') return done;
    if (!(done instanceof Promise)) continue;
    return at === last ? done : done.then((end) => end ?? inOrder(handlers, request, response, at + 1));
  }
}

/** The same handlers for express, which goes on after them unless one has answered. */
export function asMiddleware(...handlers: readonly Handler[]): RequestHandler {
  return async (request, response, next) => {
    try {
      if ((await inOrder(handlers, request, response)) === 'answered') return;
    } finally {
      setHeaders(response);
    }
    next();
  };
}
