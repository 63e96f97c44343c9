import type { HttpRequest, Serve } from '../http/exchange.ts';
import { inOrder, type Handler } from '../http/handler.ts';
import { targetOf } from '../http/request-target.ts';
import type { Refuse } from './error-handler.ts';
import type { Route } from './route.ts';

/** What serves a request without express, or `undefined` where express does. */
export type DirectRoutes = (request: Pick<HttpRequest, 'method' | 'url'>) => Serve | undefined;

export interface AroundRoutes {
  /** The handlers that express, too, runs before these routes, in the same order. */
  readonly before: readonly Handler[];
  readonly refuse: Refuse;
}

/** The routes that need nothing of express. Express serves everything else, also other forms of the same paths. */
export function directRoutes<Deps>(
  routes: readonly Route<Deps>[],
  deps: Deps,
  { before, refuse }: AroundRoutes,
): DirectRoutes {
  const direct = new Map<string, Serve>();
  for (const { method, path, directOf } of routes)
    if (directOf !== undefined)
      direct.set(`${method.toUpperCase()} ${path}`, serving([...before, directOf(deps)], refuse));
  return (request) => direct.get(`${request.method} ${targetOf(request).path}`);
}

function serving(handlers: readonly Handler[], refuse: Refuse): Serve {
  return (request, response) => {
    const fail = (error: unknown): void => refuse(error, request, response);
    try {
      const done = inOrder(handlers, request, response);
      if (done instanceof Promise) done.catch(fail);
    } catch (error) {
      fail(error);
    }
  };
}
