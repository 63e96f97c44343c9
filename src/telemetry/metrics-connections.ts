import { Counter, Gauge, type Registry } from 'prom-client';
import type { Dialect } from '../dialects/dialect.ts';
import type { Connection } from '../hub/connection.ts';
import type { Deliveries, Stats } from '../hub/stats.ts';
import { UNKNOWN, type Principal } from '../model/principal.ts';

/* The metrics that a node counts by dialect. Every label exists from the start, so that the first increase shows. */

const OUTCOMES = {
  delivered: 'delivered',
  filtered: 'filtered',
  notPermitted: 'not_permitted',
  unsupported: 'unsupported',
  droppedSlow: 'dropped_slow',
  conflated: 'conflated',
} as const satisfies Record<Exclude<keyof Deliveries, 'received'>, string>;

/** A token may name any kind of principal, but a label must be one of a few. */
const KINDS = ['user', 'runner', UNKNOWN, 'other'];

export interface MeasuredConnections {
  /** Every dialect, whether the settings serve it or not. */
  readonly known: readonly Dialect[];
  readonly stats: Stats;
  readonly connections: Iterable<Connection>;
  readonly connectionsMax: number;
}

export function connectionMetrics(measured: MeasuredConnections, registry: Registry): void {
  new Gauge({
    name: 'belfry_connections_max',
    help: 'The largest number of connections that this node holds.',
    registers: [registry],
  }).set(measured.connectionsMax);
  deliveryMetrics(measured, registry);
  attachedMetrics(measured, registry);
  queueMetrics(measured, registry);
}

function deliveryMetrics({ known, stats }: MeasuredConnections, registry: Registry): void {
  new Counter({
    name: 'belfry_deliveries_received_total',
    help: 'Events times matching connections: the sum of belfry_deliveries_total and of the deliveries that wait.',
    labelNames: ['dialect'],
    registers: [registry],
    collect() {
      this.reset();
      for (const { name: dialect } of known) this.inc({ dialect }, stats.of(dialect).received);
    },
  });
  new Counter({
    name: 'belfry_deliveries_total',
    help: 'Events times matching connections, by their outcome.',
    labelNames: ['dialect', 'outcome'],
    registers: [registry],
    collect() {
      this.reset();
      for (const { name: dialect } of known) {
        for (const [field, outcome] of Object.entries(OUTCOMES))
          this.inc({ dialect, outcome }, stats.of(dialect)[field as keyof typeof OUTCOMES]);
      }
    },
  });
}

function attachedMetrics({ known, connections }: MeasuredConnections, registry: Registry): void {
  new Gauge({
    name: 'belfry_connections',
    help: 'Connections attached to this node.',
    labelNames: ['dialect', 'principal_kind'],
    registers: [registry],
    collect() {
      for (const { name: dialect } of known) {
        for (const principal_kind of KINDS) this.set({ dialect, principal_kind }, 0);
      }
      for (const { dialect, identity } of connections)
        this.inc({ dialect: dialect.name, principal_kind: kindOf(identity.principal) });
    },
  });
  new Gauge({
    name: 'belfry_cohorts',
    help: 'Groups of connections of this node that receive the same events in the same bytes.',
    registers: [registry],
    collect() {
      const cohorts = new Set([...connections].map(({ cohort }) => cohort));
      cohorts.delete(undefined);
      this.set(cohorts.size);
    },
  });
}

/** The queues of slow clients. */
function queueMetrics({ known, connections }: MeasuredConnections, registry: Registry): void {
  const gauge = (
    name: string,
    help: string,
    read: (queued: { deliveries: number; bytes: number }) => number,
  ) =>
    new Gauge({
      name,
      help,
      labelNames: ['dialect'],
      registers: [registry],
      collect() {
        for (const { name: dialect } of known) this.set({ dialect }, 0);
        for (const { dialect, queued } of connections) {
          if (queued !== undefined) this.inc({ dialect: dialect.name }, read(queued));
        }
      },
    });
  gauge('belfry_slow_consumers', 'Connections with a queue of their own at the moment.', () => 1);
  gauge(
    'belfry_queued_deliveries',
    'Deliveries that wait in those queues.',
    ({ deliveries: count }) => count,
  );
  gauge('belfry_queued_bytes', 'Bytes that wait in those queues.', ({ bytes }) => bytes);
}

function kindOf(principal: Principal): string {
  const [kind = ''] = principal.split(':', 1);
  return KINDS.includes(kind) ? kind : 'other';
}
