import { z } from 'zod';
import type { Broker } from '../../broker/broker.ts';
import { CLOUDEVENTS } from '../../dialects/cloudevents.ts';
import type { Dialect } from '../../dialects/dialect.ts';
import type { EventFormats } from '../../dialects/event-formats.ts';
import { MAX_EVENTS } from '../../dialects/native-messages.ts';
import { publishAs } from '../../hub/publishing.ts';
import type { Clock } from '../../model/clock.ts';
import { BelfryError } from '../../model/errors.ts';
import { keyOfHeader, MAX_IDEMPOTENCY_KEY } from '../../model/idempotency.ts';
import { readJson, type Fields, type JsonText } from '../../model/json.ts';
import type { Fence } from '../../model/lease.ts';
import { withoutGrant } from '../../model/principal.ts';
import type { Redaction } from '../../model/redaction.ts';
import type { Survey } from '../../registry/survey.ts';
import { inTraceOf } from '../../telemetry/tracing.ts';
import { identityOf } from '../auth/request-identity.ts';
import { answer, setHeaders } from '../http/answer-headers.ts';
import { byNode, type HttpRequest } from '../http/exchange.ts';
import type { Handler } from '../http/handler.ts';
import { binaryCloudEvent, cloudEventModeOf, type CloudEventMode } from '../http/cloudevents-request.ts';
import { jsonBody } from '../http/json-body.ts';
import { targetOf } from '../http/request-target.ts';
import { DRY_RUN, dryRunText } from './dry-run.ts';
import { headerText } from './event-forms.ts';
import { checked, query } from './query.ts';
import type { ReadLimiter } from './read-limiter.ts';
import { directRoute, json, named, type Route } from './route.ts';

export interface PublishDeps {
  readonly survey: Survey;
  readonly reads: ReadLimiter;
  readonly redaction: Redaction;
  readonly broker: Broker;
  /** Every dialect, whether the settings serve it or not. */
  readonly known: readonly Dialect[];
  readonly formats: Pick<EventFormats, 'parse'>;
  readonly clock: Pick<Clock, 'now'>;
  readonly eventMaxBytes: number;
}

/** The name has the form of {@link LEASE_NAME}. */
const LEASE_HEADER = /^([\w:.-]{1,200}); ?fence=([1-9]\d{0,15})$/;

const DRY = checked(
  z
    .enum(['true', 'false'])
    .describe('With true nothing is published; the answer says what would become of the events'),
  () => new BelfryError('parameter_invalid', 'The parameter dry is not usable. Expected true or false.'),
);

/**
 * Publishes one event or a list, of which all or none are accepted. The answer is 204 with the ids in
 * `Belfry-Event-Ids`.
 */
export const PUBLISH_ROUTES: readonly Route<PublishDeps>[] = [
  directRoute({
    id: 'publish',
    method: 'post',
    path: '/api/v3/events',
    summary: 'Publish one event, or a list of which all or none are accepted',
    headers: {
      'Idempotency-Key': headerText
        .min(1)
        .max(MAX_IDEMPOTENCY_KEY)
        .describe(
          'A repetition with the same key within five minutes publishes nothing; with other events it is refused',
        ),
      'Belfry-Lease': z
        .string()
        .regex(LEASE_HEADER)
        .describe('The name of a lease and the fence under which the publisher holds it: events; fence=12'),
      traceparent: headerText.describe('W3C Trace Context; each event that has none of its own carries it'),
    },
    takesEvents: 'many',
    query: query({ dry: DRY }),
    answers: {
      200: json('What would become of each event, of which none was published', named('DryRun', DRY_RUN)),
      204: { says: 'The events are accepted', headers: ['Belfry-Event-Ids'] },
    },
    errors: [
      'json_invalid',
      'content_type_invalid',
      'encoding_unsupported',
      'request_invalid',
      'event_invalid',
      'event_too_big',
      'type_reserved',
      'dialect_unknown',
      'idempotency_key_invalid',
      'idempotency_key_reused',
      'lease_lost',
      'outcome_unknown',
      'forbidden',
      'parameter_invalid',
      'reads_exceeded',
    ],
    handler: (deps: PublishDeps): Handler => {
      const { broker, clock, known, formats, eventMaxBytes, reads } = deps;
      const readBody = jsonBody(eventMaxBytes);
      return async (request, response): Promise<'answered'> => {
        const identity = identityOf(response);
        const { principal, publish } = identity;
        // This is checked before the body is read, so that a caller that may publish nothing costs nothing.
        if (publish.patterns.length === 0)
          throw new BelfryError('forbidden', withoutGrant(principal, 'to publish'));
        const mode = cloudEventModeOf(request);
        const body = await readBody(request, response, mode === 'binary');
        const { bodies, format } = writtenIn(request, mode, body, known);
        const events = bodies.map((each) => formats.parse(each, format));
        const carried = inTraceOf(request.headers['traceparent'], events);
        const idempotencyKey = idempotencyKeyOf(request);
        const fence = fenceOf(request);
        const now = clock.now();
        if (isDry(request)) {
          const dryRun = { ...deps, identity, events: carried, now };
          setHeaders(response);
          await reads.answer(byNode(response), () => dryRunText(dryRun));
          return 'answered';
        }
        const ids = await publishAs({ broker, identity, events, carried, idempotencyKey, fence, now });
        // DRP's Go client fails on an empty answer without a Content-Type.
        answer(response, 204, ['Content-Type', 'application/json', 'Belfry-Event-Ids', ids.join(',')]);
        return 'answered';
      };
    },
  }),
];

/** The lease that a publish names, and its fence. @throws BelfryError `parameter_invalid` */
function fenceOf(request: HttpRequest): Fence | undefined {
  const header = request.headers['belfry-lease'];
  if (header === undefined) return undefined;
  const [, lease, written] = LEASE_HEADER.exec(typeof header === 'string' ? header : '') ?? [];
  const fence = Number(written);
  if (lease !== undefined && Number.isSafeInteger(fence)) return { lease, fence };
  throw new BelfryError(
    'parameter_invalid',
    'The header Belfry-Lease is not usable. Expected the name of a lease and its fence, as in events; fence=12.',
  );
}

function isDry(request: HttpRequest): boolean {
  const written = targetOf(request).parameter('dry');
  return written !== undefined && DRY.read(written, 'dry') === 'true';
}

/** The events of a request, which are not parsed yet, and their format where the request names it. */
function writtenIn(
  request: HttpRequest,
  mode: CloudEventMode | undefined,
  bytes: Buffer,
  known: readonly Dialect[],
): { readonly bodies: readonly (JsonText | Fields)[]; readonly format: string | undefined } {
  if (mode === undefined) return { bodies: bodiesOf(bytes), format: dialectOf(request, known) };
  if (mode === 'binary') return { bodies: [binaryCloudEvent(request, bytes)], format: CLOUDEVENTS };
  const isList = bytes.toString('latin1').trimStart().startsWith('[');
  if (isList === (mode === 'batch')) return { bodies: bodiesOf(bytes), format: CLOUDEVENTS };
  throw new BelfryError(
    'event_invalid',
    isList
      ? 'The body is a list. Expected one CloudEvent, or the type application/cloudevents-batch+json.'
      : 'The body is no batch. Expected a list of CloudEvents, or the type application/cloudevents+json.',
  );
}

function dialectOf(request: HttpRequest, known: readonly Dialect[]): string | undefined {
  const name = targetOf(request).parameter('dialect');
  if (name === undefined) return undefined;
  const names = [...known.map((dialect) => dialect.name), CLOUDEVENTS];
  if (names.includes(name)) return name;
  throw new BelfryError(
    'dialect_unknown',
    `There is no dialect "${name.slice(0, 50)}". Expected ${names.join(', ')}.`,
  );
}

/** The events of a body, which is one event or a list. They are not parsed yet. */
function bodiesOf(bytes: Buffer): readonly JsonText[] {
  const body = readJson(bytes);
  const list = body.items(MAX_EVENTS + 1) ?? [body];
  if (list.length === 0 || list.length > MAX_EVENTS) {
    throw new BelfryError(
      'event_invalid',
      `The list holds ${list.length === 0 ? 'no' : 'more'} events. Expected 1 to ${MAX_EVENTS}.`,
    );
  }
  return list;
}

function idempotencyKeyOf(request: HttpRequest): string | undefined {
  const header = request.headers['idempotency-key'];
  if (header === undefined) return undefined;
  const key = typeof header === 'string' ? keyOfHeader(header) : '';
  if (key !== '' && key.length <= MAX_IDEMPOTENCY_KEY) return key;
  throw new BelfryError(
    'idempotency_key_invalid',
    `The Idempotency-Key is not usable. Expected one of 1 to ${MAX_IDEMPOTENCY_KEY} characters.`,
  );
}
