import { identityOf } from '../auth/request-identity.ts';
import { narrowed, visibleBy } from '../auth/visibility.ts';
import { CURSOR } from '../http/pagination.ts';
import { LIST_QUERY } from './connection-forms.ts';
import { LISTED, PAGES, sendConnections, type ConnectionsDeps } from './connections-routes.ts';
import { PRESENCE, sendPresence, type PresenceDeps } from './presence-routes.ts';
import { json, route, type Route } from './route.ts';

export type RunnersDeps = Omit<ConnectionsDeps, 'control'> & PresenceDeps;

/** Kinds of objects in DRP that an agent of their own connects, as the principal `runner:<uuid>`. */
const RUNNERS = ['machines', 'clusters', 'resource_brokers'] as const;

/** The connections and the presence of such an object, under the paths of DRP. */
export const RUNNERS_ROUTES: readonly Route<RunnersDeps>[] = RUNNERS.flatMap((type) => [
  route({
    id: `list_${type}_connections`,
    method: 'get',
    path: `/api/v3/${type}/{uuid}/connections`,
    summary: 'List the connections of runner:<uuid>',
    query: LIST_QUERY,
    answers: { 200: json('The connections that match all filters', LISTED, PAGES) },
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
    summary: 'Read whether runner:<uuid> is online',
    answers: { 200: json('Whether it is online, and since when', PRESENCE, [CURSOR]) },
    errors: ['not_found'],
    handler: (deps: RunnersDeps, { response, params }) =>
      sendPresence(deps, `runner:${params.uuid}`, response),
  }),
]);
