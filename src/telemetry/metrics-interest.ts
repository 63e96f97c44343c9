import { Counter, Gauge, type Registry } from 'prom-client';
import type { Interest } from '../registry/interest.ts';

/* The metrics about what clients listen to. */

export interface MeasuredInterest {
  readonly interest: Pick<Interest, 'stats'>;
}

export function interestMetrics({ interest }: MeasuredInterest, registry: Registry): void {
  new Gauge({
    name: 'belfry_interest_topics',
    help: 'Topics of BELFRY_INTEREST that somebody on this node listens to.',
    registers: [registry],
    collect() {
      this.set(interest.stats.topics);
    },
  });
  new Gauge({
    name: 'belfry_interest_untold',
    help: 'Those of them that could not be told yet, since Redis is away or there is no room for more.',
    registers: [registry],
    collect() {
      this.set(interest.stats.untold);
    },
  });
  new Counter({
    name: 'belfry_interest_events_total',
    help: 'Events that this node published of topics to which somebody began to listen, or nobody does any more.',
    labelNames: ['action'],
    registers: [registry],
    collect() {
      this.reset();
      const { begun, ended } = interest.stats;
      this.inc({ action: 'begin' }, begun);
      this.inc({ action: 'end' }, ended);
    },
  });
}
