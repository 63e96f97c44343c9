import type { Registry } from 'prom-client';
import { route, type Route } from './route.ts';

export interface MetricsDeps {
  readonly metrics: Registry;
}

export const METRICS_ROUTES: readonly Route<MetricsDeps>[] = [
  route({
    id: 'getMetrics',
    method: 'get',
    path: '/metrics',
    summary:
      'The numbers of this node, for Prometheus; an upgrade here is a socket of Provisioning, where that is served',
    open: true,
    answers: { 200: { says: 'All of them', content: { 'text/plain': 'text' } } },
    handler: async ({ metrics }: MetricsDeps, { response }) => {
      response.type(metrics.contentType).send(await metrics.metrics());
    },
  }),
];
