import { z } from 'zod';
import { eventAt } from '../../hub/explain.ts';
import type { EventLog } from '../../hub/event-log.ts';
import type { Topic } from '../../hub/hearers.ts';
import { bound } from '../../model/bound.ts';
import { isCursor, type Cursor } from '../../model/cursor.ts';
import { BelfryError } from '../../model/errors.ts';
import { canonicalJson, type HubEvent } from '../../model/event.ts';
import { Pattern } from '../../model/pattern.ts';
import { ADMIN, type Identity } from '../../model/principal.ts';
import { ANYBODY } from '../../registry/connection-query.ts';
import type { ConnectionRecord, Registry } from '../../registry/registry.ts';
import type { Survey } from '../../registry/survey.ts';
import { identityOf } from '../auth/request-identity.ts';
import { cursor } from './event-forms.ts';
import { askWhoHears, HEARERS_SCHEMA } from './hearers.ts';
import { EXPLAIN, explanation } from './node-questions.ts';
import { checked, digits, lenient, query, text, type Query } from './query.ts';
import type { ReadLimiter } from './read-limiter.ts';
import { json, named, route, type Route } from './route.ts';

const LIMIT = 100;
const LIMIT_MAX = bound(
  'connections that the answer who would hear an event names',
  1_000,
  'entries',
  'the others are counted',
);

export interface ExplainDeps {
  readonly eventLog: Pick<EventLog, 'history'>;
  readonly registry: Registry;
  readonly survey: Survey;
  readonly reads: ReadLimiter;
}

const explained = explanation.extend({
  event: z.string(),
  topic: z.string(),
  connection: z.string(),
  node: z.string().describe('The node that has the connection'),
});

const EVENT = checked(
  cursor.refine(isCursor).describe('The id of the event'),
  () =>
    new BelfryError(
      'cursor_invalid',
      'The parameter event is not an id. Expected the id of an event in the log.',
    ),
);

const TOPIC = lenient(
  z
    .string()
    .regex(/^[\w-]{1,50}\.[\w-]{1,50}\.[\w.-]{0,100}$/)
    .describe('A type.action.key without wildcards, instead of an event'),
  topicOf,
);

const PARAMETERS = query({
  event: EVENT,
  connection: lenient(
    text('The ip:port or the id of the connection; without it, who would hear the event is answered'),
    (written) => written,
  ),
  topic: TOPIC,
  limit: checked(
    digits(/^[1-9]\d{0,3}$/, z.int().min(1).max(LIMIT_MAX)).describe(
      'How many connections are named at most',
    ),
    () =>
      new BelfryError(
        'parameter_invalid',
        `The limit is not usable. Expected a whole number from 1 to ${LIMIT_MAX}.`,
      ),
  ),
});

type Asked = { readonly limit: number } & (
  { readonly event: Cursor; readonly connection: string | undefined } | { readonly topic: Topic }
);

/** Either an event or a topic is needed, which OpenAPI cannot say. */
const ASKED: Query<Asked> = {
  parameters: PARAMETERS.parameters,
  read: (written, request) => {
    const { event, connection, topic, limit = LIMIT } = PARAMETERS.read(written, request);
    if (topic !== undefined) return { topic, limit };
    if (event !== undefined) return { event, connection, limit };
    throw new BelfryError(
      'parameter_invalid',
      'The request names neither an event nor a topic. Expected ?event=<id>&connection=<ip:port or id>, ?event=<id> or ?topic=<type.action.key>.',
    );
  },
};

export const EXPLAIN_ROUTES: readonly Route<ExplainDeps>[] = [
  route({
    id: 'explain',
    method: 'get',
    path: '/api/v3/explain',
    summary:
      'Explain to an admin why a connection of any node heard an event or did not, or who would hear one',
    query: ASKED,
    answers: {
      200: json(
        'The outcome for the connection with each rule that was checked, or the connections that would hear the event',
        named('Explanation', z.union([explained, HEARERS_SCHEMA])),
      ),
    },
    errors: [
      'forbidden',
      'cursor_invalid',
      'pattern_invalid',
      'parameter_invalid',
      'not_found',
      'reads_exceeded',
    ],
    before: (_deps: ExplainDeps, { response }) => checkAdmin(identityOf(response)),
    handler: (deps: ExplainDeps, { response, query: asked }) =>
      deps.reads.answer(response, async () => JSON.stringify(await answerTo(deps, asked))),
  }),
];

/** @throws BelfryError `forbidden` */
function checkAdmin({ principal, roles }: Identity): void {
  if (roles.includes(ADMIN)) return;
  throw new BelfryError(
    'forbidden',
    `${principal} may not look at the connections of others. Expected the role ${ADMIN}.`,
  );
}

/** The same answer for a caller that asked in another way. @throws BelfryError */
export async function explainTo(deps: ExplainDeps, identity: Identity, asked: Asked): Promise<object> {
  checkAdmin(identity);
  return answerTo(deps, asked);
}

async function answerTo(deps: ExplainDeps, asked: Asked): Promise<object> {
  const { survey, eventLog } = deps;
  if ('topic' in asked) return (await askWhoHears(survey, [asked.topic], asked.limit))[0] ?? {};
  const event = await eventAt(eventLog, asked.event);
  if (event === undefined)
    throw notFound(
      `The log has no event ${asked.event}. Expected the id of an event that was kept and is not trimmed.`,
    );
  const { connection, limit } = asked;
  if (connection !== undefined) return explainFor(deps, event, connection);
  const { type, action, key } = event;
  const [hearers] = await askWhoHears(survey, [{ type, action, key, event: canonicalJson(event) }], limit);
  return hearers ?? {};
}

/** Asks the node that has the connection. */
async function explainFor(
  { registry, survey }: ExplainDeps,
  { id = '', type, action, key }: HubEvent,
  connection: string,
): Promise<object> {
  const shown = connection.slice(0, 100);
  const record = await recordOf(registry, connection);
  if (record === undefined)
    throw notFound(
      `No node has a connection "${shown}". Expected the ip:port or the id of a socket or stream that is open.`,
    );
  const { Id, Node: node } = record;
  const { answers, silent } = await survey.ask(EXPLAIN, { event: id, connection: Id }, node);
  const found = answers.map(({ answer }) => answer).find((answer) => answer !== null);
  if (found !== undefined)
    return { event: id, topic: `${type}.${action}.${key}`, connection, node, ...found };
  if (silent.length > 0)
    throw new BelfryError(
      'unavailable',
      `The node ${node}, which has the connection "${shown}", did not answer. Expected another try; a node that is gone leaves the registry within 15 s.`,
    );
  throw notFound(`The connection "${shown}" has ended. Expected one that is open.`);
}

/** The newest socket or stream of any node with that `ip:port` or id. */
async function recordOf(registry: Registry, name: string): Promise<ConnectionRecord | undefined> {
  const { records } = await registry.list({
    visible: 'all',
    filters: [
      { any: [{ name: 'Eq', values: [name] }], field: name.includes(':') ? 'RemoteAddr' : 'Id' },
      { any: [{ name: 'Ne', values: ['api'] }], field: 'Type' },
      ANYBODY,
    ],
    sort: ['CreateTime'],
    reverse: true,
    offset: 0,
    limit: 1,
  });
  return records[0];
}

/** @throws ProtocolError `pattern_invalid` */
export function topicOf(written: string): Topic {
  const [type, action, key] = (Pattern.parse(written).parts ?? []).map((part) =>
    part !== '*' && part.length === 1 ? part[0] : undefined,
  );
  if (type !== undefined && action !== undefined && key !== undefined) return { type, action, key };
  throw new BelfryError(
    'pattern_invalid',
    `The topic "${written.slice(0, 100)}" stands for more than one. Expected type.action.key with one value in each part.`,
  );
}

function notFound(message: string): BelfryError {
  return new BelfryError('not_found', message);
}
