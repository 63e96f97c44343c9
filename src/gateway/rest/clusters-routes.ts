import express, { type Request, type Response, type Router } from 'express';
import type { LatestQuery } from '../../broker/broker.ts';
import { bound } from '../../model/bound.ts';
import { BelfryError } from '../../model/errors.ts';
import type { HubEvent } from '../../model/event.ts';
import { fieldsOf, isObjectValue, textOf, withField, type ObjectValue } from '../../model/json.ts';
import { ANONYMOUS, Grants, type Identity } from '../../model/principal.ts';
import { mapInSlices } from '../../model/time-slice.ts';
import type { Authenticator } from '../auth/authenticator.ts';
import { identityOf } from '../auth/caller.ts';
import { addressOf } from '../http/client-address.ts';
import { credentialsOf } from '../auth/credentials.ts';
import { targetOf } from '../sockets/handshake.ts';
import { nextOf, setCounts } from '../http/page-headers.ts';
import { sendJson, type Kept } from './retained-routes.ts';
import { Shared } from '../http/turns.ts';

export interface ClustersOptions extends Kept {
  readonly authenticator: Pick<Authenticator, 'authenticate'>;
  /** Which dialects may be used without a token. */
  readonly anonymous: readonly string[];
  readonly trustedHops: number;
}

const PAGE = bound(
  'clusters of one page, whatever was asked for',
  1_000,
  'entries',
  'the page ends there, and the header Link names the next one',
);

/** What the page of Dorgu gets, which asks for none in particular. */
const FIRST: Page = { offset: 0, limit: PAGE };

interface Page {
  readonly offset: number;
  readonly limit: number;
}

/** One page, and of how many clusters it is. */
interface Listed<Body = string> {
  readonly body: Body;
  readonly count: number;
  readonly total: number;
}

/** All of them, for whoever is not held to patterns. */
const CLUSTERS = Grants.parse(['cluster.*.*']);

/**
 * `GET /`, a page of them, and `GET /:name` of Dorgu's clusters: for everybody, as its document has it, unless the setting
 * wants a token. A token that names patterns sees by those alone.
 */
export function clusterRoutes(options: ClustersOptions): Router {
  const { retained, redaction, reads } = options;
  const view = redaction.viewOf(ANONYMOUS.roles);
  const router = express.Router({ caseSensitive: true });
  const listOf = async (query: LatestQuery): Promise<Listed> => {
    const { events, total } = await retained.latest('cluster', query);
    const texts = await mapInSlices(events, (event) => textOf(asCluster(view.mask(event))));
    return { body: `{"clusters":[${texts.join()}]}`, count: events.length, total };
  };
  const first = sharedPage(() => listOf(FIRST));
  router.use(async (request, response, next) => {
    response.locals['identity'] = await viewerOf(options, request);
    next();
  });
  router.get('/', async (request, response) => {
    const { subscribe } = identityOf(response);
    const page = pageOf(targetOf(request).query);
    if (subscribe === CLUSTERS && page === FIRST) {
      const listed = await first.get();
      setPage(request, response, page, listed);
      return reads.send(response, listed.body);
    }
    const permits: LatestQuery['permits'] = (event) => subscribe.permit(event);
    return reads.answer(response, async () => {
      const listed = await listOf({ ...page, permits });
      setPage(request, response, page, listed);
      return listed.body;
    });
  });
  router.get('/:name', async (request, response) => {
    const { subscribe } = identityOf(response);
    const event = await retained.latestOf('cluster', request.params.name, (found) => subscribe.permit(found));
    if (event === undefined) response.status(404).type('text/plain').send('cluster not found\n');
    else sendJson(response, textOf(asCluster(view.mask(event))));
  });
  return router;
}

/** Made for all who ask at once; those who have yet to read the same hold it only once. */
function sharedPage(make: () => Promise<Listed>): Shared<Listed<Buffer>> {
  let last = new WeakRef(Buffer.alloc(0));
  return new Shared(async () => {
    const listed = await make();
    const made = Buffer.from(listed.body);
    const known = last.deref();
    if (known?.equals(made)) return { ...listed, body: known };
    last = new WeakRef(made);
    return { ...listed, body: made };
  });
}

/** Parameters other than its two are passed over, as Dorgu's server does. @throws BelfryError `parameter_invalid` */
function pageOf(query: URLSearchParams): Page {
  if (!query.has('offset') && !query.has('limit')) return FIRST;
  const read = (name: keyof Page): number => {
    const value = query.get(name) ?? `${FIRST[name]}`;
    if (/^\d{1,15}$/.test(value)) return Number(value);
    throw new BelfryError(
      'parameter_invalid',
      `The ${name} is not usable. Expected a whole number, 0 or more.`,
    );
  };
  return { offset: read('offset'), limit: Math.min(read('limit'), PAGE) };
}

function setPage(
  request: Request,
  response: Response,
  page: Page,
  { count, total }: Omit<Listed, 'body'>,
): void {
  setCounts(request, response, { count, total, next: nextOf(page, total) });
}

/** Where everybody may look, credentials that are wrong are passed over. */
async function viewerOf(
  { authenticator, anonymous, trustedHops }: ClustersOptions,
  request: Request,
): Promise<Identity> {
  const { query } = targetOf(request);
  const { authorization } = request.headers;
  try {
    const credentials = credentialsOf({ authorization, query });
    const found = await authenticator.authenticate(credentials, addressOf(request, trustedHops));
    return found.limited ? found : { ...found, subscribe: CLUSTERS };
  } catch (error) {
    if (anonymous.includes('dorgu')) return { ...ANONYMOUS, subscribe: CLUSTERS };
    throw error;
  }
}

/**
 * The page of Dorgu reads `spec` and `status` of each, which its server writes even when they are empty. The name is that
 * of the events, by which the page asks for it.
 */
function asCluster({ key: name, object }: HubEvent): ObjectValue {
  const cluster = isObjectValue(object) ? object : {};
  const { spec, status } = fieldsOf(cluster);
  let shown = withField(cluster, 'name', name);
  if (spec == null) shown = withField(shown, 'spec', { name });
  if (status == null) shown = withField(shown, 'status', {});
  return shown;
}
