import { z } from 'zod';
import { rfc3339 } from '../../dialects/shapes.ts';
import type { Topics } from '../../hub/topics.ts';
import { identityOf } from '../auth/request-identity.ts';
import { json, named, route, type Route } from './route.ts';

export interface TopicsDeps {
  readonly topics: Pick<Topics, 'list'>;
}

const topic = z.strictObject({
  type: z.string(),
  action: z.string(),
  events: z.int().describe('How many the node has heard since it started'),
  perSecond: z.number().describe('A mean of about the last minute'),
  lastSeen: rfc3339,
});

export const TOPICS_ROUTES: readonly Route<TopicsDeps>[] = [
  route({
    id: 'listTopics',
    method: 'get',
    path: '/api/v3/topics',
    summary:
      'The types and actions that the node has heard, of those whose every key the caller may subscribe to',
    answers: { 200: json('In the order of types, then of actions', named('Topics', z.array(topic))) },
    handler: ({ topics }: TopicsDeps, { response }) => {
      const { subscribe } = identityOf(response);
      const heard = topics.list().filter(({ type, action }) => subscribe.permitEveryKey(type, action));
      response.json(
        heard.map(({ lastAt, perSecond, ...rest }) => ({
          ...rest,
          perSecond: Number(perSecond.toFixed(3)),
          lastSeen: new Date(lastAt).toISOString(),
        })),
      );
    },
  }),
];
