import { arch, platform } from 'node:os';
import express, { type NextFunction, type Request, type Response, type Router } from 'express';
import type { Broker, DeadLetterQueue, Retained } from '../../broker/broker.ts';
import type { DialectName } from '../../dialects/dialect.ts';
import { drpRefusal } from '../../dialects/drp.ts';
import { dialectNames, isDialectName, parseEvent } from '../../dialects/index.ts';
import { MAX_EVENTS } from '../../dialects/native.ts';
import { apiRefusal } from '../../dialects/refusal.ts';
import { publishAs } from '../../hub/publishing.ts';
import { asBelfryError, BelfryError } from '../../model/errors.ts';
import type { NewEvent } from '../../model/event.ts';
import { keyOfHeader, MAX_IDEMPOTENCY_KEY } from '../../model/idempotency.ts';
import { readJson } from '../../model/json.ts';
import { withoutGrant } from '../../model/principal.ts';
import type { NodeDirectory } from '../../registry/node-directory.ts';
import type { PresenceReader, Registry } from '../../registry/registry.ts';
import type { ApiConnections } from './api-connections.ts';
import type { Authenticator } from '../auth/authenticator.ts';
import { bodyFault, jsonBody } from '../http/body.ts';
import { identityOf } from '../auth/caller.ts';
import { connectionRoutes, type ConnectionRoutesOptions } from './connections-routes.ts';
import { credentialsOf, type Credentials } from '../auth/credentials.ts';
import { deadLetterRoutes } from './dead-letters-routes.ts';
import { getEvents, wantsStream, type EventsOptions } from './events-routes.ts';
import { getExplanation } from './explain-routes.ts';
import { getNodes } from './nodes-routes.ts';
import { presenceRoutes } from './presence-routes.ts';
import type { TokenIssuer } from '../auth/token-issuer.ts';
import { retainedRoutes } from './retained-routes.ts';
import { RejectedInput } from '../../telemetry/rejected-input.ts';
import { addressOf } from '../http/client-address.ts';
import { closeStream } from '../sockets/event-stream.ts';
import { targetOf } from '../sockets/handshake.ts';
import { inTraceOf } from '../../telemetry/tracing.ts';

export interface RestOptions extends EventsOptions, ConnectionRoutesOptions {
  readonly eventLog: EventsOptions['eventLog'];
  readonly registry: Registry & PresenceReader & NodeDirectory;
  readonly api: ApiConnections;
  readonly broker: Broker;
  readonly retained: Retained;
  readonly deadLetters: DeadLetterQueue;
  readonly authenticator: Authenticator;
  readonly issuer: TokenIssuer;
  readonly rejected: RejectedInput;
  readonly node: string;
  readonly version: string;
  /** Of Redis keys and channels. */
  readonly prefix: string;
  /** Those that are served, and those that may be used without a token. */
  readonly dialects: readonly DialectName[];
  readonly anonymous: readonly DialectName[];
  readonly allowedOrigins: readonly string[];
  readonly eventMaxBytes: number;
  readonly tokenTtlS: number;
  readonly sessionMaxS: number;
}

/** The routes under `/api/v3`, in the shapes and with the statuses that DRP's clients know. */
export function restRoutes(options: RestOptions): Router {
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
    const address = addressOf(request, options.trustedHops);
    const identity = await options.authenticator.authenticate(credentials(request), address);
    response.locals['identity'] = identity;
    // A stream is in the registry by itself.
    if (!wantsStream(request)) options.api.seen(request, response, identity);
    next();
  });
  router.get('/info', (request, response) => void response.json(info(options, request)));
  router.get('/users/:name/token', (request, response) => getToken(options, request, response));
  router.get('/events', (request, response) => getEvents(options, request, response, identityOf(response)));
  router.get('/explain', (request, response) =>
    getExplanation(options, request, response, identityOf(response)),
  );
  router.post('/events', checkMayPublish, jsonBody(options.eventMaxBytes), (request, response) =>
    postEvents(options, request, response),
  );
  router.get('/nodes', (_request, response) => getNodes(options, response));
  router.use('/dead-letters', deadLetterRoutes(options));
  router.use(connectionRoutes(options));
  router.use(presenceRoutes(options));
  // Last, since it takes any name that is a type.
  router.use(retainedRoutes(options));
  router.use(((thrown, request, response, next) => {
    const isStream = request.method === 'GET' && wantsStream(request) && !response.headersSent;
    const error = asBelfryError(thrown);
    if (!isStream || !closeStream(error, request, response, options.admission)) next(thrown);
  }) satisfies express.ErrorRequestHandler);
  return router;
}

/** `GET /api/v3/info`, in the lower-case fields of DRP's own. */
function info({ node, version, connections }: RestOptions, request: Request): object {
  return {
    arch: arch() === 'x64' ? 'amd64' : arch(),
    os: platform(),
    version: `v${version}`,
    id: node,
    api_port: request.socket.localPort ?? 0,
    features: ['websocket-auth', 'events'],
    stats: [{ name: 'connections', count: connections.size }],
  };
}

/** `GET /api/v3/users/:name/token?ttl=<seconds>`: one's own; an admin's for any user of the config. */
async function getToken(options: RestOptions, request: Request, response: Response): Promise<void> {
  const ttl = targetOf(request).query.get('ttl');
  const ttlS = ttl === null ? options.tokenTtlS : Number(ttl);
  if (ttl !== null && !/^[1-9]\d{0,8}$/.test(ttl)) {
    throw new BelfryError(
      'ttl_invalid',
      'The ttl is not usable. Expected a positive whole number of seconds.',
    );
  }
  const name = String(request.params['name']);
  const Token = await options.issuer.issue(
    credentials(request),
    addressOf(request, options.trustedHops),
    name,
    ttlS,
  );
  response.json({ Token, Info: {} });
}

/** `POST /api/v3/events`: one event or a list, all or none; 204, with the ids in `Belfry-Event-Ids`. */
async function postEvents(options: RestOptions, request: Request, response: Response): Promise<void> {
  const events = readEvents(request, dialectOf(request));
  const ids = await publishAs({
    broker: options.broker,
    identity: identityOf(response),
    events,
    carried: inTraceOf(request.headers['traceparent'], events),
    idempotencyKey: idempotencyKeyOf(request),
    now: options.clock.now(),
  });
  // Without a Content-Type, DRP's Go client fails on the empty answer too; express would add a charset to it.
  response.setHeader('Content-Type', 'application/json');
  response.set('Belfry-Event-Ids', ids.join(',')).status(204).end();
}

function readEvents(request: Request, dialect: DialectName | undefined): NewEvent[] {
  const body = readJson(Buffer.isBuffer(request.body) ? request.body : '');
  const list = body.items(MAX_EVENTS + 1) ?? [body];
  if (list.length === 0 || list.length > MAX_EVENTS) {
    throw new BelfryError(
      'event_invalid',
      `The list holds ${list.length === 0 ? 'no' : 'more'} events. Expected 1 to ${MAX_EVENTS}.`,
    );
  }
  return list.map((event) => parseEvent(event, dialect));
}

function dialectOf(request: Request): DialectName | undefined {
  const name = targetOf(request).query.get('dialect');
  if (name === null) return undefined;
  if (isDialectName(name)) return name;
  throw new BelfryError(
    'dialect_unknown',
    `There is no dialect "${name.slice(0, 50)}". Expected ${dialectNames.join(', ')}.`,
  );
}

function idempotencyKeyOf(request: Request): string | undefined {
  const header = request.headers['idempotency-key'];
  if (header === undefined) return undefined;
  const key = typeof header === 'string' ? keyOfHeader(header) : '';
  if (key !== '' && key.length <= MAX_IDEMPOTENCY_KEY) return key;
  throw new BelfryError(
    'idempotency_key_invalid',
    `The Idempotency-Key is not usable. Expected one of 1 to ${MAX_IDEMPOTENCY_KEY} characters.`,
  );
}

/** Before the body is read: who may publish nothing costs nothing. */
function checkMayPublish(_request: Request, response: Response, next: NextFunction): void {
  const { principal, publish } = identityOf(response);
  if (publish.patterns.length > 0) return next();
  throw new BelfryError('forbidden', withoutGrant(principal, 'to publish'));
}

function credentials(request: Request): Credentials {
  return credentialsOf({ authorization: request.headers.authorization, query: targetOf(request).query });
}

function fromExpress(thrown: unknown): BelfryError {
  const isFault = thrown instanceof Error && !(thrown instanceof BelfryError) && 'status' in thrown;
  return (isFault ? bodyFault(thrown) : undefined) ?? asBelfryError(thrown);
}

/** What DRP's clients ask before anything else: here they are refused to the letter as by DRP. */
const OF_DRP = /^\/api\/v3\/(?:info|users\/[^/]+\/token)(?:\?|$)/;

/** Every error of every HTTP route, in a form that DRP's clients read. */
export function errorHandler(
  rejected: RejectedInput,
  logFault: (error: BelfryError) => void,
): express.ErrorRequestHandler {
  return (thrown: unknown, request, response, next) => {
    if (response.headersSent) return next(thrown);
    const error = fromExpress(thrown);
    if (error.code === 'internal') logFault(error);
    else if (RejectedInput.is(error)) rejected.report('http', error.code);
    const refusalFor = OF_DRP.test(request.originalUrl) ? drpRefusal : apiRefusal;
    const { status, headers, body } = refusalFor(error, request.method);
    response
      .status(status)
      .set(headers)
      // Before a text Node would write the headers as UTF-8, too, and a key in them would be another.
      .end(request.method === 'HEAD' ? undefined : Buffer.from(body));
  };
}
