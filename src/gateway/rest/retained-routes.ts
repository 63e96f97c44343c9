import type { Response } from 'express';
import { z } from 'zod';
import type { Retained } from '../../broker/broker.ts';
import type { EventLog } from '../../hub/event-log.ts';
import { anyJson } from '../../dialects/shapes.ts';
import { BelfryError } from '../../model/errors.ts';
import { textOf } from '../../model/json.ts';
import type { Redaction } from '../../model/redaction.ts';
import { mapInSlices } from '../../model/time-slice.ts';
import { identityOf } from '../auth/request-identity.ts';
import { COUNTS, CURSOR, nextOf, setCounts } from '../http/pagination.ts';
import type { ReadLimiter } from './read-limiter.ts';
import { paging, strictQuery } from './query.ts';
import { json, named, route, type Route } from './route.ts';

export interface RetainedDeps {
  readonly retained: Retained;
  readonly eventLog: Pick<EventLog, 'position'>;
  readonly redaction: Redaction;
  readonly reads: ReadLimiter;
}

/**
 * The latest object of every key, or of one, for each type of which a rule keeps anything. Shown is what the caller could
 * have heard, masked as it would have been: what the caller may not hear is not there. A filter is refused, since objects
 * here have any shape.
 */
export const RETAINED_ROUTES: readonly Route<RetainedDeps>[] = [
  route({
    id: 'listRetained',
    method: 'get',
    path: '/api/v3/{type}',
    summary: 'The latest object of each key, of a type that a rule keeps',
    query: strictQuery(paging('not_acceptable')),
    answers: {
      200: json(
        'In the order of the keys; of a page that has one, the header Link names the next',
        named('Objects', z.array(anyJson).describe('The latest object of each key')),
        [...COUNTS, CURSOR],
      ),
    },
    errors: ['not_found', 'reads_exceeded'],
    before: checkIsKept,
    handler: async (
      { retained, eventLog, redaction, reads }: RetainedDeps,
      { request, response, params: { type }, query: { offset = 0, limit = Infinity } },
    ) => {
      const { roles, subscribe } = identityOf(response);
      const view = redaction.viewOf(roles);
      await reads.answer(response, async () => {
        // Read first: a change since then may be in the answer already, and is heard once more.
        response.set(CURSOR, eventLog.position);
        const { events, total } = await retained.latest(type, {
          offset,
          limit,
          permits: (event) => subscribe.permit(event),
        });
        const objects = await mapInSlices(events, (event) => textOf(view.mask(event).object));
        setCounts(request, response, { total, count: events.length, next: nextOf({ offset, limit }, total) });
        return `[${objects.join()}]`;
      });
    },
  }),
  route({
    id: 'getRetained',
    method: 'get',
    path: '/api/v3/{type}/{key}',
    summary: 'The latest object of one key',
    answers: { 200: json('The object', named('AnyJson', anyJson), [CURSOR]) },
    errors: ['not_found'],
    before: checkIsKept,
    handler: async ({ retained, eventLog, redaction }: RetainedDeps, { response, params: { type, key } }) => {
      const { roles, subscribe } = identityOf(response);
      response.set(CURSOR, eventLog.position);
      const event = await retained.latestOf(type, key, (heard) => subscribe.permit(heard));
      if (event === undefined) throw new BelfryError('not_found', 'Not Found');
      sendJson(response, textOf(redaction.viewOf(roles).mask(event).object));
    },
  }),
];

/** A type of which no rule keeps anything has no route. @throws BelfryError `not_found` */
function checkIsKept(
  { retained }: RetainedDeps,
  { params: { type } }: { params: { readonly type: string } },
): void {
  if (!retained.keeps(type)) throw new BelfryError('not_found', 'No route');
}

/** Values go out as they were published. */
export function sendJson(response: Response, text: string): void {
  response.type('json').send(text);
}
