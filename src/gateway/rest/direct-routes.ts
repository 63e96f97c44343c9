import type { RequestListener } from 'node:http';
import { inOrder, type Handler } from '../http/handler.ts';
import { targetOf } from '../http/request-target.ts';
import type { Refuse } from './error-handler.ts';
import type { Route } from './route.ts';

export interface AroundRoutes {
  /** The handlers that express, too, runs before these routes, in the same order. */
  readonly before: readonly Handler[];
  readonly refuse: Refuse;
  /** Express, which serves everything else, also other forms of the same path. */
  readonly otherwise: RequestListener;
}

/** Serves without express the routes that need nothing of it. */
export function servingDirectly<Deps>(
  routes: readonly Route<Deps>[],
  deps: Deps,
  { before, refuse, otherwise }: AroundRoutes,
): RequestListener {
  const direct = new Map<string, readonly Handler[]>();
  for (const { method, path, directOf } of routes)
    if (directOf !== undefined) direct.set(`${method.toUpperCase()} ${path}`, [...before, directOf(deps)]);
  return (request, response) => {
    const handlers = direct.get(`${request.method} ${targetOf(request).path}`);
    if (handlers === undefined) return otherwise(request, response);
    const fail = (error: unknown): void => refuse(error, request, response);
    try {
      const done = inOrder(handlers, request, response);
      if (done instanceof Promise) done.catch(fail);
    } catch (error) {
      fail(error);
    }
  };
}
