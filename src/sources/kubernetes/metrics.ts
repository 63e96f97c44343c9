import { Counter, Gauge, type Registry } from 'prom-client';

/** What a Kubernetes source counts, by the resource. */
export class KubernetesMetrics {
  readonly objects: Gauge<'resource'>;
  readonly lists: Counter<'resource' | 'reason'>;
  readonly failures: Counter<'resource' | 'status'>;

  constructor(registry: Registry) {
    const registers = [registry];
    this.objects = new Gauge({
      name: 'belfry_source_kubernetes_objects',
      help: 'Objects that this process knows, of which it keeps the UID and the version',
      labelNames: ['resource'],
      registers,
    });
    this.lists = new Counter({
      name: 'belfry_source_kubernetes_lists_total',
      help: 'Lists of everything, at a start or since the API server did not know a version any more',
      labelNames: ['resource', 'reason'],
      registers,
    });
    this.failures = new Counter({
      name: 'belfry_source_kubernetes_failures_total',
      help: 'Requests to the API server that failed, by their HTTP status; 0 where no answer came',
      labelNames: ['resource', 'status'],
      registers,
    });
  }
}
