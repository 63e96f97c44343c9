import { z } from 'zod';
import { eventAt, explain, type Explanation } from '../../hub/explain.ts';
import type { Connection } from '../../hub/connection.ts';
import type { EventLog } from '../../hub/event-log.ts';
import { isCursor } from '../../model/cursor.ts';
import { BelfryError } from '../../model/errors.ts';
import { ADMIN } from '../../model/principal.ts';
import { identityOf } from '../auth/request-identity.ts';
import { cursor } from './event-forms.ts';
import { checked, lenient, query, required, text } from './query.ts';
import { json, named, route, type Route } from './route.ts';

export interface ExplainDeps {
  readonly connections: Iterable<Connection>;
  readonly eventLog: Pick<EventLog, 'history' | 'position'>;
  readonly node: string;
}

const explanation: z.ZodType<Explanation> = z.strictObject({
  event: z.string(),
  topic: z.string(),
  connection: z.string(),
  node: z.string(),
  outcome: z.enum([
    'sent',
    'queued',
    'not_reached',
    'not_subscribed',
    'not_permitted',
    'filtered',
    'unsupported',
  ]),
  why: z.array(
    z.strictObject({
      rule: z.enum(['reached', 'subscribed', 'grant', 'filter', 'dialect', 'queue']),
      passed: z.boolean(),
      detail: z.string(),
    }),
  ),
});

const EVENT = checked(
  cursor.refine(isCursor).describe('The id of the event'),
  () =>
    new BelfryError(
      'cursor_invalid',
      'The parameter event is not an id. Expected the id of an event in the log.',
    ),
);

export const EXPLAIN_ROUTES: readonly Route<ExplainDeps>[] = [
  route({
    id: 'explain',
    method: 'get',
    path: '/api/v3/explain',
    summary: 'Explain to an admin why a connection of this node received an event, or did not',
    query: query({
      event: required(EVENT),
      connection: required(lenient(text('The ip:port or the id of the connection'), (written) => written)),
    }),
    answers: { 200: json('The outcome, and each rule that was checked', named('Explanation', explanation)) },
    errors: ['forbidden', 'cursor_invalid', 'not_found'],
    before: (_deps: ExplainDeps, { response }) => {
      const { principal, roles } = identityOf(response);
      if (roles.includes(ADMIN)) return;
      throw new BelfryError(
        'forbidden',
        `${principal} may not look at the connections of others. Expected the role ${ADMIN}.`,
      );
    },
    handler: async (
      { connections, eventLog, node }: ExplainDeps,
      { response, query: { event: id, connection: address } },
    ) => {
      const connection = [...connections].find(
        ({ id: own, remoteAddr }) => own === address || remoteAddr === address,
      );
      if (connection === undefined) {
        throw new BelfryError(
          'not_found',
          `The node ${node} has no connection "${address.slice(0, 100)}". Expected the ip:port or the id of a connection that is open here; another node may have it.`,
        );
      }
      const event = await eventAt(eventLog, id);
      if (event === undefined)
        throw new BelfryError(
          'not_found',
          `The log has no event ${id}. Expected the id of an event that was kept and is not trimmed.`,
        );
      const { type, action, key } = event;
      const topic = `${type}.${action}.${key}`;
      response.json({ event: id, topic, connection: address, node, ...explain(eventLog, connection, event) });
    },
  }),
];
