import express, { type Request, type Router } from 'express';
import type { HubEvent } from '../model/event.ts';
import { fieldsOf, isObjectValue, textOf, withField, type ObjectValue } from '../model/json.ts';
import { ANONYMOUS, Grants, type Identity } from '../model/principal.ts';
import { mapInTurns } from '../model/turn.ts';
import type { Authenticator } from './auth.ts';
import { identityOf } from './caller.ts';
import { addressOf } from './client-address.ts';
import { credentialsOf } from './credentials.ts';
import { targetOf } from './handshake.ts';
import { sendJson, type Kept } from './retained.ts';
import { Shared } from './turns.ts';

export interface ClustersOptions extends Kept {
  readonly authenticator: Pick<Authenticator, 'authenticate'>;
  /** Which dialects may be used without a token. */
  readonly anonymous: readonly string[];
  readonly trustedHops: number;
}

/** All of them, for whoever is not held to patterns. */
const CLUSTERS = Grants.parse(['cluster.*.*']);

/**
 * `GET /` and `GET /:name` of Dorgu's clusters: for everybody, as its document has it, unless the setting wants a token. A
 * token that names patterns sees by those alone.
 */
export function clusterRoutes(options: ClustersOptions): Router {
  const { retained, redaction, reads } = options;
  const view = redaction.viewOf(ANONYMOUS.roles);
  const router = express.Router({ caseSensitive: true });
  const listOf = async (events: readonly HubEvent[]): Promise<string> => {
    const texts = await mapInTurns(events, (event) => textOf(asCluster(view.mask(event))));
    return `{"clusters":[${texts.join()}]}`;
  };
  let last = new WeakRef(Buffer.alloc(0));
  const all = new Shared(async () => {
    const made = Buffer.from(await listOf((await retained.latest('cluster')).events));
    const known = last.deref();
    // Those who have yet to read the same hold it only once.
    if (known?.equals(made)) return known;
    last = new WeakRef(made);
    return made;
  });
  router.use(async (request, response, next) => {
    response.locals['identity'] = await viewerOf(options, request);
    next();
  });
  router.get('/', async (_request, response) => {
    const { subscribe } = identityOf(response);
    if (subscribe === CLUSTERS) return reads.send(response, await all.get());
    return reads.answer(response, async () => {
      const { events } = await retained.latest('cluster', {
        offset: 0,
        limit: Infinity,
        permits: (event) => subscribe.permit(event),
      });
      return listOf(events);
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
