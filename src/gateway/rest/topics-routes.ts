import { z } from 'zod';
import { rfc3339 } from '../../dialects/shapes.ts';
import type { Topic } from '../../hub/topics.ts';
import { timeAt } from '../../model/cursor.ts';
import { BelfryError } from '../../model/errors.ts';
import type { Survey } from '../../registry/survey.ts';
import { identityOf } from '../auth/request-identity.ts';
import { FLOW, TOPICS } from './node-questions.ts';
import { checked, query } from './query.ts';
import type { ReadLimiter } from './read-limiter.ts';
import { json, named, route, type Route } from './route.ts';
import { topicFlow, TopicFlows } from './topic-flows.ts';

export interface TopicsDeps {
  readonly survey: Survey;
  readonly reads: ReadLimiter;
}

/** The header with the names of the nodes that did not answer; empty when all did. */
const SILENT = 'Belfry-Silent-Nodes';

const topic = z.strictObject({
  type: z.string(),
  action: z.string(),
  events: z.int().describe('How many the node has heard since its start that has heard most'),
  perSecond: z.number().describe('A mean of about the last minute'),
  lastSeen: rfc3339,
});

const detailed = topic.extend({
  flow: topicFlow
    .nullable()
    .optional()
    .describe('Null if none of the latest events that the nodes have in memory is of this topic'),
});

const DETAIL = checked(
  z
    .enum(['flow'])
    .describe('Also tells who publishes and who hears, from the latest 1,000 events of the log'),
  () => new BelfryError('not_acceptable', 'The detail is not known. Expected ?detail=flow.'),
);

export const TOPICS_ROUTES: readonly Route<TopicsDeps>[] = [
  route({
    id: 'listTopics',
    method: 'get',
    path: '/api/v3/topics',
    summary:
      'The types and actions that the nodes have heard, of those whose every key the caller may subscribe to',
    query: query({ detail: DETAIL }),
    answers: {
      200: json(
        `In the order of types, then of actions; ${SILENT} names the nodes that did not answer within two seconds`,
        named('Topics', z.array(detailed)),
        [SILENT],
      ),
    },
    errors: ['reads_exceeded'],
    handler: ({ survey, reads }: TopicsDeps, { response, query: { detail } }) =>
      reads.answer(response, async () => {
        const { subscribe } = identityOf(response);
        const [{ answers, silent }, flow] = await Promise.all([
          survey.ask(TOPICS, {}),
          detail === undefined ? undefined : survey.ask(FLOW, {}),
        ]);
        response.set(SILENT, silent.join(', '));
        const flows =
          flow &&
          new TopicFlows(flow.answers, (key) => subscribe.permit({ type: 'nodes', action: 'list', key }));
        const heard = joined(answers.map(({ answer }) => answer));
        const permitted = heard.filter(({ type, action }) => subscribe.permitEveryKey(type, action));
        return JSON.stringify(
          permitted.map(({ lastAt, perSecond, ...rest }) => ({
            ...rest,
            perSecond: Number(perSecond.toFixed(3)),
            lastSeen: timeAt(Math.round(lastAt)),
            ...(flows && { flow: flows.of({ ...rest, perSecond }) }),
          })),
        );
      }),
  }),
];

/** Every node hears every event, so the one that has heard most of a topic has heard what the others have. */
function joined(lists: readonly (readonly Topic[])[]): Topic[] {
  const known = new Map<string, Topic>();
  for (const each of lists.flat()) {
    const name = JSON.stringify([each.type, each.action]);
    const other = known.get(name);
    known.set(name, {
      ...each,
      events: Math.max(each.events, other?.events ?? 0),
      perSecond: Math.max(each.perSecond, other?.perSecond ?? 0),
      lastAt: Math.max(each.lastAt, other?.lastAt ?? 0),
    });
  }
  return [...known.values()].toSorted((a, b) => compare(a.type, b.type) || compare(a.action, b.action));
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
