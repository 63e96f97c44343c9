import { z } from 'zod';
import { NOT_READY, READY, type Readiness } from './readiness.ts';
import { json, named, route, type Route } from './route.ts';

export interface HealthDeps {
  /** Whether the node is ready, or all workers of its process. @throws BelfryError `unavailable` */
  readonly readiness: () => Promise<Readiness>;
}

export const HEALTH_ROUTES: readonly Route<HealthDeps>[] = [
  route({
    id: 'getHealth',
    method: 'get',
    path: '/healthz',
    summary: 'Check that the process is alive',
    open: true,
    answers: {
      200: json('The process is alive', named('Health', z.strictObject({ status: z.literal('ok') }))),
    },
    handler: (_deps: HealthDeps, { response }) => void response.json({ status: 'ok' }),
  }),
  route({
    id: 'getReadiness',
    method: 'get',
    path: '/readyz',
    summary: 'Check that events flow',
    open: true,
    answers: {
      200: json('Events flow', named('Ready', READY)),
      503: json('Events do not flow', named('NotReady', NOT_READY)),
    },
    handler: async ({ readiness }: HealthDeps, { response }) => {
      const answer = await readiness();
      response.status(answer.status === 'ready' ? 200 : 503).json(answer);
    },
  }),
];
