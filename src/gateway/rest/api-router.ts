import express, { type Router } from 'express';
import { asBelfryError, BelfryError } from '../../model/errors.ts';
import type { Authenticator } from '../auth/authenticator.ts';
import { credentialsIn, setIdentity } from '../auth/request-identity.ts';
import { addressOf } from '../http/client-address.ts';
import { closeStream } from '../sockets/event-stream.ts';
import type { ApiConnections } from './api-connections.ts';
import { wantsStream } from './events-routes.ts';
import { mount } from './route.ts';
import { API_ROUTES, type ApiDeps } from './routes.ts';

export type ApiOptions = ApiDeps & {
  readonly api: ApiConnections;
  readonly authenticator: Authenticator;
};

/** The routes under `/api/v3`, in the shapes and with the statuses that DRP's clients know. */
export function apiRouter(options: ApiOptions): Router {
  const { authenticator, api, admission, trustedHops } = options;
  const router = express.Router({ caseSensitive: true });
  router.use((request, _response, next) => {
    if (request.accepts('json') === false && !wantsStream(request))
      throw new BelfryError(
        'not_acceptable',
        'The Accept header takes no JSON. Expected application/json among it.',
      );
    next();
  });
  router.use(async (request, response, next) => {
    const identity = await authenticator.authenticate(
      credentialsIn(request),
      addressOf(request, trustedHops),
    );
    setIdentity(response, identity);
    // A stream registers itself.
    if (!wantsStream(request)) api.seen(request, response, identity);
    next();
  });
  mount(router, '/api/v3', API_ROUTES, options);
  router.use(((thrown, request, response, next) => {
    const isStream = request.method === 'GET' && wantsStream(request) && !response.headersSent;
    const error = asBelfryError(thrown);
    if (!isStream || !closeStream(error, request, response, admission)) next(thrown);
  }) satisfies express.ErrorRequestHandler);
  return router;
}
