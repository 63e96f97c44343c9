/** What the nodes of a hub ask each other, and how each of them answers. */
import { z } from 'zod';
import type { EventFormats } from '../../dialects/event-formats.ts';
import type { Connection } from '../../hub/connection.ts';
import type { Connections, DeliveryState } from '../../hub/connections.ts';
import type { EventLog } from '../../hub/event-log.ts';
import { eventAt, explain, type Explanation, type Step } from '../../hub/explain.ts';
import type { Flow, TopicFlow } from '../../hub/flow.ts';
import {
  hearersOf,
  hearersOfTopic,
  type AttachedHere,
  type Hearer,
  type Hearers,
} from '../../hub/hearers.ts';
import type { Topic, Topics } from '../../hub/topics.ts';
import type { HubEvent } from '../../model/event.ts';
import { readJson } from '../../model/json.ts';
import { PAGE_MAX } from '../../registry/connection-query.ts';
import type { Question, Survey } from '../../registry/survey.ts';
import { STATUS, statusOf, type StatusDeps } from './node-status.ts';

const step: z.ZodType<Step> = z.strictObject({
  rule: z.enum(['reached', 'subscribed', 'grant', 'filter', 'dialect', 'queue']),
  passed: z.boolean(),
  detail: z.string(),
});

export const explanation = z.strictObject({
  outcome: z.enum([
    'sent',
    'queued',
    'not_reached',
    'not_subscribed',
    'not_permitted',
    'filtered',
    'unsupported',
  ]),
  why: z.array(step),
});

/** Why a connection heard an event of the log, or did not; `null` where the node has no such connection or event. */
export const EXPLAIN: Question<{ readonly event: string; readonly connection: string }, Explanation | null> =
  {
    name: 'explain',
    asked: z.object({ event: z.string(), connection: z.string() }),
    answer: explanation.nullable(),
  };

export const hearer = z.strictObject({
  connection: z.string().describe('Its id'),
  address: z.string().describe('Its ip:port'),
  principal: z.string(),
  dialect: z.string(),
  outcome: z.enum(['sent', 'queued', 'depends_on_event']),
  why: z.array(step),
}) satisfies z.ZodType<Hearer>;

/** An event as JSON in the canonical format, or a topic of which nothing else is known. */
export type Heard =
  { readonly event: string } | { readonly type: string; readonly action: string; readonly key: string };

/** Who would hear each of some events. */
export const HEARERS: Question<
  { readonly of: readonly Heard[]; readonly limit: number },
  readonly Hearers[]
> = {
  name: 'hearers',
  asked: z.object({
    of: z.array(
      z.union([
        z.object({ event: z.string() }),
        z.object({ type: z.string(), action: z.string(), key: z.string() }),
      ]),
    ),
    limit: z.int(),
  }),
  answer: z.array(z.object({ total: z.int(), hearers: z.array(hearer) })),
};

const deliveryState: z.ZodType<DeliveryState> = z.object({
  delivered: z.int(),
  dropped: z.int(),
  queued: z.int(),
  queuedBytes: z.int(),
  laggingMs: z.number().nullable(),
});

/** What became of the deliveries to some connections, by their ids. Those that the node does not have are left out. */
export const DELIVERIES: Question<
  { readonly ids: readonly string[] },
  Readonly<Record<string, DeliveryState>>
> = {
  name: 'deliveries',
  asked: z.object({ ids: z.array(z.string()).max(PAGE_MAX) }),
  answer: z.record(z.string(), deliveryState),
};

/** However many look at topics, each node is asked about once a second. */
const TOGETHER_MS = 1_000;

/** The types and actions that the node has heard. */
export const TOPICS: Question<object, readonly Topic[]> = {
  name: 'topics',
  sharedMs: TOGETHER_MS,
  asked: z.object({}),
  answer: z.array(
    z.object({
      type: z.string(),
      action: z.string(),
      events: z.int(),
      perSecond: z.number(),
      lastAt: z.number(),
    }),
  ),
};

/** Who publishes and who hears the latest events that the node has in memory. */
export const FLOW: Question<object, readonly TopicFlow[]> = {
  name: 'flow',
  sharedMs: TOGETHER_MS,
  asked: z.object({}),
  answer: z.array(
    z.object({
      type: z.string(),
      action: z.string(),
      events: z.int(),
      publishers: z.record(z.string(), z.int()),
      otherPublishers: z.int(),
      hearers: z.record(z.string(), z.number()),
    }),
  ),
};

export interface AnswersDeps extends AttachedHere, StatusDeps {
  readonly connections: Pick<Connections, 'deliveryStateOf'> & Iterable<Connection>;
  readonly eventLog: Pick<EventLog, 'history' | 'position'>;
  readonly topics: Pick<Topics, 'list'>;
  readonly flow: Pick<Flow, 'sample'>;
  readonly formats: Pick<EventFormats, 'parseLogged'>;
}

/** Lets this node answer. */
export function answerQuestions(survey: Survey, deps: AnswersDeps): void {
  const { connections, eventLog, formats, topics, flow } = deps;
  survey.answering(TOPICS, () => topics.list());
  survey.answering(FLOW, () => flow.sample());
  survey.answering(STATUS, () => statusOf(deps));
  survey.answering(EXPLAIN, async ({ event: id, connection: name }) => {
    const connection = connectionOf(connections, name);
    const event = connection && (await eventAt(eventLog, id));
    return connection && event ? explain(eventLog, connection, event) : null;
  });
  survey.answering(HEARERS, ({ of, limit }) =>
    of.map((heard) => {
      if (!('event' in heard)) return hearersOfTopic(deps, heard, limit);
      return hearersOf(deps, eventIn(heard.event, formats), limit);
    }),
  );
  survey.answering(DELIVERIES, ({ ids }) => {
    const asked = new Set(ids);
    const found = [...connections].filter(({ id }) => asked.has(id));
    return Object.fromEntries(found.map((each) => [each.id, connections.deliveryStateOf(each)]));
  });
}

/** The connection of this node with that id or `ip:port`. */
function connectionOf(connections: Iterable<Connection>, name: string): Connection | undefined {
  for (const connection of connections)
    if (connection.id === name || connection.remoteAddr === name) return connection;
  return undefined;
}

function eventIn(json: string, formats: AnswersDeps['formats']): HubEvent {
  return { time: '', ...formats.parseLogged(readJson(json)), size: json.length };
}
