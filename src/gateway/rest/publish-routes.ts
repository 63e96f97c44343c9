import type { Request } from 'express';
import { z } from 'zod';
import type { Broker } from '../../broker/broker.ts';
import type { DialectName } from '../../dialects/dialect.ts';
import { dialectNames, isDialectName, parseEvent } from '../../dialects/index.ts';
import { MAX_EVENTS } from '../../dialects/native.ts';
import { publishAs } from '../../hub/publishing.ts';
import type { Clock } from '../../model/clock.ts';
import { BelfryError } from '../../model/errors.ts';
import type { NewEvent } from '../../model/event.ts';
import { keyOfHeader, MAX_IDEMPOTENCY_KEY } from '../../model/idempotency.ts';
import { readJson } from '../../model/json.ts';
import { withoutGrant } from '../../model/principal.ts';
import { inTraceOf } from '../../telemetry/tracing.ts';
import { identityOf } from '../auth/request-identity.ts';
import { jsonBody } from '../http/json-body.ts';
import { headerText } from './event-forms.ts';
import { lenient, query } from './query.ts';
import { route, type Route } from './route.ts';

export interface PublishDeps {
  readonly broker: Broker;
  readonly clock: Pick<Clock, 'now'>;
  readonly eventMaxBytes: number;
}

/** Mist has no form of its own for what is published. */
const WRITTEN = dialectNames.filter((name) => name !== 'mist');

const DIALECT = lenient(
  z.enum(WRITTEN).describe('In whose format; found by its fields when absent'),
  (name): DialectName => {
    if (isDialectName(name)) return name;
    throw new BelfryError(
      'dialect_unknown',
      `There is no dialect "${name.slice(0, 50)}". Expected ${dialectNames.join(', ')}.`,
    );
  },
);

/** One event or a list, all or none; 204, with the ids in `Belfry-Event-Ids`. */
export const PUBLISH_ROUTES: readonly Route<PublishDeps>[] = [
  route({
    id: 'publish',
    method: 'post',
    path: '/api/v3/events',
    summary: 'Publish one event, or a list of them, all or none',
    query: query({ dialect: DIALECT }),
    headers: {
      'Idempotency-Key': headerText
        .min(1)
        .max(MAX_IDEMPOTENCY_KEY)
        .describe('The same again within five minutes changes nothing; for other events it is refused'),
      traceparent: headerText.describe('W3C Trace Context; carried with each event that has none of its own'),
    },
    takesEvents: true,
    answers: { 204: { says: 'Accepted', headers: ['Belfry-Event-Ids'] } },
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
      'outcome_unknown',
      'forbidden',
    ],
    // Before the body is read, so that a caller who may publish nothing costs nothing.
    before: (_deps: PublishDeps, { response }) => {
      const { principal, publish } = identityOf(response);
      if (publish.patterns.length === 0)
        throw new BelfryError('forbidden', withoutGrant(principal, 'to publish'));
    },
    body: ({ eventMaxBytes }) => jsonBody(eventMaxBytes),
    handler: async ({ broker, clock }: PublishDeps, { request, response, query: { dialect } }) => {
      const events = readEvents(request, dialect);
      const ids = await publishAs({
        broker,
        identity: identityOf(response),
        events,
        carried: inTraceOf(request.headers['traceparent'], events),
        idempotencyKey: idempotencyKeyOf(request),
        now: clock.now(),
      });
      // Without a Content-Type, DRP's Go client fails on the empty answer too; express would add a charset to it.
      response.setHeader('Content-Type', 'application/json');
      response.set('Belfry-Event-Ids', ids.join(',')).status(204).end();
    },
  }),
];

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
