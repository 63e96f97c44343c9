import express, { type Router } from 'express';
import { accepted } from '../http/accepted.ts';
import { asBelfryError, BelfryError } from '../../model/errors.ts';
import type { Identity } from '../../model/principal.ts';
import type { Authenticator } from '../auth/authenticator.ts';
import { credentialsIn, setIdentity } from '../auth/request-identity.ts';
import { addressOf } from '../http/client-address.ts';
import type { HttpRequest, HttpResponse } from '../http/exchange.ts';
import { asMiddleware, type Handler } from '../http/handler.ts';
import { closeStream } from '../sockets/event-stream.ts';
import type { ApiConnections } from './api-connections.ts';
import { wantsStream } from './events-routes.ts';
import { mount } from './route.ts';
import { API_ROUTES, type ApiDeps } from './routes.ts';

export type ApiOptions = ApiDeps & {
  readonly api: ApiConnections;
  readonly authenticator: Authenticator;
};

const checkAccept: Handler = (request) => {
  // A request without this header takes everything.
  if (request.headers.accept === undefined) return;
  if (accepted(request, 'json') !== false || wantsStream(request)) return;
  throw new BelfryError(
    'not_acceptable',
    'The Accept header permits no JSON. Expected application/json in it.',
  );
};

/** What every route under `/api/v3` needs before it: a client that takes JSON, and its identity. */
export function apiHandlers(options: ApiOptions): readonly Handler[] {
  return [checkAccept, identifies(options)];
}

/** Finds out who the caller is, and notes its connection. */
export function identifies({
  authenticator,
  api,
  trustedHops,
}: Pick<ApiOptions, 'authenticator' | 'api' | 'trustedHops'>): Handler {
  const identified = (request: HttpRequest, response: HttpResponse, identity: Identity): void => {
    setIdentity(response, identity);
    // A stream registers itself.
    if (!wantsStream(request)) api.seen(request, response, identity);
  };
  return (request, response) => {
    const credentials = credentialsIn(request);
    // The address costs as much as the check of a token, for which it does not matter.
    const address = credentials.kind === 'basic' ? addressOf(request, trustedHops) : '';
    const found = authenticator.authenticateNow(credentials, address);
    if (!(found instanceof Promise)) return identified(request, response, found);
    return found.then((identity) => identified(request, response, identity));
  };
}

/** The routes under `/api/v3`, in the shapes and with the statuses that DRP's clients know. */
export function apiRouter(options: ApiOptions): Router {
  const { admission } = options;
  const router = express.Router({ caseSensitive: true });
  router.use(asMiddleware(...apiHandlers(options)));
  mount(router, '/api/v3', API_ROUTES, options);
  router.use(((thrown, request, response, next) => {
    const isStream = request.method === 'GET' && wantsStream(request) && !response.headersSent;
    const error = asBelfryError(thrown);
    if (!isStream || !closeStream(error, request, response, admission)) next(thrown);
  }) satisfies express.ErrorRequestHandler);
  return router;
}
