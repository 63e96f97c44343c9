import type { IncomingMessage, ServerResponse } from 'node:http';
import type { RequestHandler } from 'express';

/** A part of answering a request, which needs nothing of express. What it throws is the refusal of the request. */
export type Handler = (
  request: IncomingMessage,
  response: ServerResponse,
) => void | 'answered' | Promise<void | 'answered'>;

/** Runs handlers in their order, up to the one that answers the request. */
export async function inOrder(
  handlers: readonly Handler[],
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void | 'answered'> {
  for (const handler of handlers) {
    const done = handler(request, response);
    // A handler that has nothing to wait for costs no turn.
    if ((done instanceof Promise ? await done : done) === 'answered') return 'answered';
  }
}

/** The same handlers for express, which goes on after them unless one has answered. */
export function asMiddleware(...handlers: readonly Handler[]): RequestHandler {
  return async (request, response, next) => {
    if ((await inOrder(handlers, request, response)) !== 'answered') next();
  };
}
