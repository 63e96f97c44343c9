import type { Response } from 'express';
import { z } from 'zod';
import type { Retained } from '../../broker/broker.ts';
import type { EventLog } from '../../hub/event-log.ts';
import { CLOUDEVENTS } from '../../dialects/cloudevents.ts';
import { cloudEventsOf } from '../../dialects/cloudevents-encoding.ts';
import { native } from '../../dialects/native.ts';
import { anyJson } from '../../dialects/shapes.ts';
import { BelfryError } from '../../model/errors.ts';
import type { HubEvent } from '../../model/event.ts';
import { textOf } from '../../model/json.ts';
import type { Redaction } from '../../model/redaction.ts';
import { mapInSlices } from '../../model/time-slice.ts';
import { identityOf } from '../auth/request-identity.ts';
import { COUNTS, CURSOR, nextOf, setCounts } from '../http/pagination.ts';
import { BATCH, CLOUD_EVENT, CLOUD_EVENTS, STRUCTURED } from './cloudevents-page.ts';
import type { ReadLimiter } from './read-limiter.ts';
import { checked, lenient, paging, query, strictQuery } from './query.ts';
import { json, named, route, type Answer, type NamedSchema, type Route } from './route.ts';

export interface RetainedDeps {
  readonly retained: Retained;
  readonly eventLog: Pick<EventLog, 'positionFor'>;
  readonly redaction: Redaction;
  readonly reads: ReadLimiter;
  readonly cloudeventsSource: string;
}

type As = 'events' | typeof CLOUDEVENTS | undefined;

/** Objects alone do not tell their keys, by which a client that follows them knows what changed. */
const AS = {
  as: checked(
    z
      .enum(['events', CLOUDEVENTS])
      .describe(
        'With "events": each object as the event that brought it, in the native format; with "cloudevents": as a CloudEvent',
      ),
    () =>
      new BelfryError(
        'not_acceptable',
        `The parameter as is not usable. Expected "events", "${CLOUDEVENTS}", or nothing.`,
      ),
  ),
};

const READ = {
  ...AS,
  action: lenient(
    z.string().describe('Only events of this action count, for types that keep some of each action'),
    (written) => written,
  ),
};

/**
 * The latest object of every key, or of one, for each type that a retention rule keeps. The caller sees what it could
 * have received, masked in the same way; other objects are not shown. A filter is refused, since the objects may have
 * any shape.
 */
export const RETAINED_ROUTES: readonly Route<RetainedDeps>[] = [
  route({
    id: 'listRetained',
    method: 'get',
    path: '/api/v3/{type}',
    summary: 'List the latest object of each key, for a type that a retention rule keeps',
    query: strictQuery({ ...paging('not_acceptable'), ...READ }),
    answers: {
      200: also(
        BATCH,
        CLOUD_EVENTS,
        json(
          'The objects in the order of their keys; the header Link names the next page, if the request asked for pages',
          named('Objects', z.array(anyJson).describe('The latest object of each key')),
          [...COUNTS, CURSOR],
        ),
      ),
    },
    errors: ['not_found', 'reads_exceeded'],
    before: checkIsKept,
    handler: async (
      { retained, eventLog, redaction, reads, cloudeventsSource }: RetainedDeps,
      { request, response, params: { type }, query: { offset = 0, limit = Infinity, as, action } },
    ) => {
      const { roles, subscribe } = identityOf(response);
      const view = redaction.viewOf(roles);
      await reads.answer(response, async () => {
        // The position is read first. A change that comes after it may be in the answer already, and is received once
        // more.
        response.set(CURSOR, await eventLog.positionFor({ type }));
        const { events, total } = await retained.latest(type, {
          offset,
          limit,
          permits: (event) => subscribe.permit(event) && (action === undefined || event.action === action),
        });
        if (as === CLOUDEVENTS) response.type(BATCH);
        const objects = await mapInSlices(events, (event) => shown(view.mask(event), as, cloudeventsSource));
        setCounts(request, response, { total, count: events.length, next: nextOf({ offset, limit }, total) });
        return `[${objects.join()}]`;
      });
    },
  }),
  route({
    id: 'getRetained',
    method: 'get',
    path: '/api/v3/{type}/{key}',
    summary: 'Read the latest object of one key',
    query: query(READ),
    answers: { 200: also(STRUCTURED, CLOUD_EVENT, json('The object', named('AnyJson', anyJson), [CURSOR])) },
    errors: ['not_found'],
    before: checkIsKept,
    handler: async (
      { retained, eventLog, redaction, cloudeventsSource }: RetainedDeps,
      { response, params: { type, key }, query: { as, action } },
    ) => {
      const { roles, subscribe } = identityOf(response);
      response.set(CURSOR, await eventLog.positionFor({ type, key }));
      const event = await retained.latestOf(
        type,
        key,
        (heard) => subscribe.permit(heard) && (action === undefined || heard.action === action),
      );
      if (event === undefined) throw new BelfryError('not_found', 'Not Found');
      const text = shown(redaction.viewOf(roles).mask(event), as, cloudeventsSource);
      sendJson(response, text, as === CLOUDEVENTS ? STRUCTURED : 'json');
    },
  }),
];

/** The answer, which may have another type as well. */
function also(type: string, schema: NamedSchema, answer: Answer): Answer {
  return { ...answer, content: { ...answer.content, [type]: schema } };
}

function shown(event: HubEvent, as: As, source: string): string {
  if (as === CLOUDEVENTS) return cloudEventsOf(source).encode(event);
  return as === undefined ? textOf(event.object) : (native.encode(event) ?? '');
}

/** A type that no rule keeps has no route. @throws BelfryError `not_found` */
function checkIsKept(
  { retained }: RetainedDeps,
  { params: { type } }: { params: { readonly type: string } },
): void {
  if (!retained.keeps(type)) throw new BelfryError('not_found', 'No route');
}

/** Sends an object as it was published. */
export function sendJson(response: Response, text: string, type = 'json'): void {
  response.type(type).send(text);
}
