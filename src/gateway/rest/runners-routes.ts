import { identityOf } from '../auth/request-identity.ts';
import { narrowed, visibleBy } from '../auth/visibility.ts';
import { CURSOR } from '../http/pagination.ts';
import { CONNECTIONS_QUERY } from './connection-forms.ts';
import { CONNECTIONS, PAGES, sendConnections, type ConnectionsDeps } from './connections-routes.ts';
import { PRESENCE, sendPresence, type PresenceDeps } from './presence-routes.ts';
import { json, route, type Route } from './route.ts';

export type RunnersDeps = Pick<ConnectionsDeps, 'registry' | 'eventLog' | 'reads'> & PresenceDeps;

/** Objects of DRP that are connected by an agent of their own, as the principal `runner:<uuid>`. */
const RUNNERS = ['machines', 'clusters', 'resource_brokers'] as const;

/** The connections and the presence of such an object, by the paths of DRP. */
export const RUNNERS_ROUTES: readonly Route<RunnersDeps>[] = RUNNERS.flatMap((type) => [
  route({
    id: `list_${type}_connections`,
    method: 'get',
    path: `/api/v3/${type}/{uuid}/connections`,
    summary: 'The connections of runner:<uuid>',
    query: CONNECTIONS_QUERY,
    answers: { 200: json('Those that all filters leave', CONNECTIONS, PAGES) },
    errors: ['reads_exceeded'],
    handler: (deps: RunnersDeps, call) => {
      const visible = visibleBy(identityOf(call.response).subscribe);
      return sendConnections(deps, call, narrowed(visible, `runner:${call.params.uuid}`));
    },
  }),
  route({
    id: `get_${type}_presence`,
    method: 'get',
    path: `/api/v3/${type}/{uuid}/presence`,
    summary: 'Whether runner:<uuid> is there',
    answers: { 200: json('Whether, and since when', PRESENCE, [CURSOR]) },
    errors: ['not_found'],
    handler: (deps: RunnersDeps, { response, params }) =>
      sendPresence(deps, `runner:${params.uuid}`, response),
  }),
]);
