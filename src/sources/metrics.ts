import { Counter, Gauge, Registry } from 'prom-client';
import type { InterestDemand } from './demand.ts';
import type { PartsHealth } from './health.ts';
import type { Counts } from './counts.ts';
import type { SourcePublisher } from './publisher.ts';

const OUTCOMES: readonly (keyof Counts)[] = ['published', 'refused', 'dropped', 'known'];

export interface Measured {
  readonly name: string;
  readonly kind: string;
  readonly publisher: Pick<SourcePublisher, 'counts' | 'waiting' | 'units'>;
  readonly health: Pick<PartsHealth, 'isReady' | 'reasons'>;
  /** Absent where everything counts as wanted. */
  readonly demand?: Pick<InterestDemand, 'wanted'>;
}

/**
 * The metrics that every kind of source has, for Prometheus. They are read when the page is asked for, and cost nothing at other
 * times, unlike those by which a library measures the event loop.
 */
export function sourceMetrics({ name, kind, publisher, health, demand }: Measured): Registry {
  const registry = new Registry();
  const registers = [registry];
  const gauge = (about: string, help: string, value: () => number): void => {
    new Gauge({
      name: about,
      help,
      registers,
      collect() {
        this.set(value());
      },
    });
  };
  const counter = (about: string, help: string, value: () => number): void => {
    new Counter({
      name: about,
      help,
      registers,
      collect() {
        this.reset();
        this.inc(value());
      },
    });
  };
  new Gauge({
    name: 'belfry_source_info',
    help: 'Always 1. The labels hold the name and the kind of this source.',
    labelNames: ['name', 'kind'],
    registers,
  }).set({ name, kind }, 1);
  counter('process_cpu_seconds_total', 'CPU time of the process, in seconds.', () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1e6;
  });
  gauge('process_resident_memory_bytes', 'Memory of the process, in bytes.', () => process.memoryUsage.rss());
  new Counter({
    name: 'belfry_source_events_total',
    help: 'Events by what became of them: published, refused by the hub, dropped since the queue was full, or known to the hub before.',
    labelNames: ['outcome'],
    registers,
    collect() {
      this.reset();
      for (const outcome of OUTCOMES) this.inc({ outcome }, publisher.counts[outcome]);
    },
  });
  counter(
    'belfry_source_repeats_total',
    'Lists of events that were sent again, since the hub could not take them or its answer was lost.',
    () => publisher.counts.repeated,
  );
  gauge(
    'belfry_source_waiting_events',
    'Events that the hub has not accepted yet.',
    () => publisher.waiting.events,
  );
  gauge('belfry_source_waiting_bytes', 'Bytes of the events that wait.', () => publisher.waiting.bytes);
  gauge(
    'belfry_source_units',
    'Things that are watched and have an order of their own.',
    () => publisher.units,
  );
  gauge('belfry_source_ready', 'Whether the source has caught up with what it watches.', () =>
    Number(health.isReady),
  );
  if (demand !== undefined)
    gauge('belfry_source_wanted', 'Watched topics to which somebody listens.', () => demand.wanted);
  return registry;
}
