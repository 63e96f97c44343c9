import { collectDefaultMetrics, Counter, Gauge, Registry } from 'prom-client';
import type { Attempt } from '../../clients/webhooks/delivery-queue.ts';

/** The metrics of one sink, for Prometheus. */
export class SinkMetrics {
  readonly registry = new Registry();
  readonly #attempts: Counter<'outcome'>;
  readonly #gaps: Counter;

  constructor(name: string, waiting: () => number, isReady: () => boolean) {
    const registers = [this.registry];
    collectDefaultMetrics({ register: this.registry });
    new Gauge({
      name: 'belfry_sink_info',
      help: 'Always 1. The labels hold the name and the kind of this sink.',
      labelNames: ['name', 'kind'],
      registers,
    }).set({ name, kind: 'webhook' }, 1);
    this.#attempts = new Counter({
      name: 'belfry_sink_attempts_total',
      help: 'Attempts to deliver an event by what became of them: delivered, again (it is tried again), or given_up (it is a dead letter).',
      labelNames: ['outcome'],
      registers,
    });
    this.#gaps = new Counter({
      name: 'belfry_sink_gaps_total',
      help: 'Gaps in the log of the hub, in which events were lost for this sink.',
      registers,
    });
    gauge('belfry_sink_waiting_events', 'Events that were taken and are not settled.', registers, waiting);
    gauge('belfry_sink_ready', 'Whether the hub and the receiver answer.', registers, () =>
      Number(isReady()),
    );
  }

  attempted({ error, againMs }: Attempt): void {
    this.#attempts.inc({ outcome: error === null ? 'delivered' : againMs === null ? 'given_up' : 'again' });
  }

  gap(): void {
    this.#gaps.inc();
  }
}

function gauge(name: string, help: string, registers: Registry[], value: () => number): void {
  new Gauge({
    name,
    help,
    registers,
    collect() {
      this.set(value());
    },
  });
}
