import express, { type Request, type Response, type Router } from 'express';
import { z } from 'zod';
import type { LatestQuery } from '../../broker/broker.ts';
import { anyJson } from '../../dialects/shapes.ts';
import { bound } from '../../model/bound.ts';
import type { HubEvent } from '../../model/event.ts';
import { fieldsOf, isObjectValue, textOf, withField, type ObjectValue } from '../../model/json.ts';
import { ANONYMOUS, Grants, type Identity } from '../../model/principal.ts';
import { mapInSlices } from '../../model/time-slice.ts';
import type { Authenticator } from '../auth/authenticator.ts';
import { credentialsIn, identityOf, setIdentity } from '../auth/request-identity.ts';
import { addressOf } from '../http/client-address.ts';
import { COUNTS, nextOf, setCounts } from '../http/pagination.ts';
import { SingleFlight } from '../http/single-flight.ts';
import { paging, query } from './query.ts';
import { sendJson, type RetainedDeps } from './retained-routes.ts';
import { json, mount, named, route, type Route } from './route.ts';

const BASE = '/api/clusters';

const PAGE = bound(
  'clusters of one page, whatever was asked for',
  1_000,
  'entries',
  'the page ends there, and the header Link names the next one',
);

/** The page for a request that names none, as Dorgu's own page sends it. */
const FIRST: Page = { offset: 0, limit: PAGE };

interface Page {
  readonly offset: number;
  readonly limit: number;
}

/** One page, and the total number of clusters. */
interface Listed<Body = string> {
  readonly body: Body;
  readonly count: number;
  readonly total: number;
}

/** The grant of a caller whose token names no patterns: all clusters. */
const CLUSTERS = Grants.parse(['cluster.*.*']);

interface ClustersDeps extends RetainedDeps {
  /** The first page, which is the same for all callers whose tokens name no patterns. */
  readonly firstPage: SingleFlight<Listed<Buffer>>;
}

const cluster = z.looseObject({ name: z.string(), spec: anyJson, status: anyJson });

/** Parameters that are not declared have no effect, as on Dorgu's server. */
export const CLUSTERS_ROUTES: readonly Route<ClustersDeps>[] = [
  route({
    id: 'listClusters',
    method: 'get',
    path: BASE,
    summary: "List Dorgu's clusters",
    open: true,
    of: 'dorgu',
    query: query(paging('parameter_invalid')),
    answers: {
      200: json(
        'The clusters in the order of their names, at most 1,000; the header Link names the next page',
        named('Clusters', z.strictObject({ clusters: z.array(cluster) })),
        COUNTS,
      ),
    },
    errors: ['parameter_invalid', 'reads_exceeded', 'origin_forbidden', 'unavailable', 'internal'],
    handler: async (deps: ClustersDeps, { request, response, query: { offset, limit } }) => {
      const { subscribe } = identityOf(response);
      if (subscribe === CLUSTERS && offset === undefined && limit === undefined) {
        const listed = await deps.firstPage.get();
        setPage(request, response, FIRST, listed);
        return deps.reads.send(response, listed.body);
      }
      const page = { offset: offset ?? FIRST.offset, limit: Math.min(limit ?? PAGE, PAGE) };
      const permits: LatestQuery['permits'] = (event) => subscribe.permit(event);
      return deps.reads.answer(response, async () => {
        const listed = await listOf(deps, { ...page, permits });
        setPage(request, response, page, listed);
        return listed.body;
      });
    },
  }),
  route({
    id: 'getCluster',
    method: 'get',
    path: `${BASE}/{name}`,
    summary: "Read one of Dorgu's clusters",
    open: true,
    of: 'dorgu',
    answers: {
      200: json('The cluster with spec and status', named('Cluster', cluster)),
      404: { says: 'There is no cluster with that name', content: { 'text/plain': 'text' } },
    },
    errors: ['origin_forbidden', 'unavailable', 'internal'],
    handler: async ({ retained, redaction }: ClustersDeps, { response, params }) => {
      const { subscribe } = identityOf(response);
      const event = await retained.latestOf('cluster', params.name, (found) => subscribe.permit(found));
      if (event === undefined) response.status(404).type('text/plain').send('cluster not found\n');
      else sendJson(response, textOf(asCluster(redaction.viewOf(ANONYMOUS.roles).mask(event))));
    },
  }),
];

export interface ClustersOptions extends RetainedDeps {
  readonly authenticator: Pick<Authenticator, 'authenticate'>;
  /** The names of the dialects that may be used without a token. */
  readonly anonymous: readonly string[];
  readonly trustedHops: number;
}

/**
 * Dorgu's clusters. As in Dorgu's document, every client may read them, unless the settings ask for a token. A client
 * whose token names patterns sees the clusters that match them.
 */
export function clustersRouter(options: ClustersOptions): Router {
  const router = express.Router({ caseSensitive: true });
  router.use(async (request, response, next) => {
    setIdentity(response, await viewerOf(options, request));
    next();
  });
  const firstPage = sharedPage(() => listOf(options, FIRST));
  mount(router, BASE, CLUSTERS_ROUTES, { ...options, firstPage });
  return router;
}

async function listOf({ retained, redaction }: RetainedDeps, asked: LatestQuery): Promise<Listed> {
  const view = redaction.viewOf(ANONYMOUS.roles);
  const { events, total } = await retained.latest('cluster', asked);
  const texts = await mapInSlices(events, (event) => textOf(asCluster(view.mask(event))));
  return { body: `{"clusters":[${texts.join()}]}`, count: events.length, total };
}

/** Makes the page once for all clients that ask at the same time. Answers with the same bytes share one buffer. */
function sharedPage(make: () => Promise<Listed>): SingleFlight<Listed<Buffer>> {
  let last = new WeakRef(Buffer.alloc(0));
  return new SingleFlight(async () => {
    const listed = await make();
    const made = Buffer.from(listed.body);
    const known = last.deref();
    if (known?.equals(made)) return { ...listed, body: known };
    last = new WeakRef(made);
    return { ...listed, body: made };
  });
}

function setPage(
  request: Request,
  response: Response,
  page: Page,
  { count, total }: Omit<Listed, 'body'>,
): void {
  setCounts(request, response, { count, total, next: nextOf(page, total) });
}

/** Wrong credentials are ignored where the clusters need none. */
async function viewerOf(
  { authenticator, anonymous, trustedHops }: ClustersOptions,
  request: Request,
): Promise<Identity> {
  try {
    const found = await authenticator.authenticate(credentialsIn(request), addressOf(request, trustedHops));
    return found.limited ? found : { ...found, subscribe: CLUSTERS };
  } catch (error) {
    if (anonymous.includes('dorgu')) return { ...ANONYMOUS, subscribe: CLUSTERS };
    throw error;
  }
}

/**
 * Dorgu's page reads `spec` and `status` of each cluster, which its server writes even when they are empty. The name
 * is the key of the events, since the page asks for the cluster by that name.
 */
function asCluster({ key: name, object }: HubEvent): ObjectValue {
  const known = isObjectValue(object) ? object : {};
  const { spec, status } = fieldsOf(known);
  let shown = withField(known, 'name', name);
  if (spec == null) shown = withField(shown, 'spec', { name });
  if (status == null) shown = withField(shown, 'status', {});
  return shown;
}
