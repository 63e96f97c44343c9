import type { Registry } from 'prom-client';
import { route, type Route } from './route.ts';

export interface MetricsDeps {
  /** The metrics of this node, or of all workers of its process. */
  readonly metrics: Pick<Registry, 'contentType' | 'metrics'>;
}

export const METRICS_ROUTES: readonly Route<MetricsDeps>[] = [
  route({
    id: 'getMetrics',
    method: 'get',
    path: '/metrics',
    summary:
      'Read the metrics of this node for Prometheus; an upgrade opens a socket of Provisioning instead, if that is served',
    open: true,
    answers: { 200: { says: 'All metrics', content: { 'text/plain': 'text' } } },
    handler: async ({ metrics }: MetricsDeps, { response }) => {
      response.type(metrics.contentType).send(await metrics.metrics());
    },
  }),
];
