import { collectDefaultMetrics, Counter, Gauge, Registry } from 'prom-client';
import type { Hub } from '../hub/hub.ts';
import type { Deliveries } from '../hub/stats.ts';
import type { Rubbish } from './rubbish.ts';

/** Those that are of the node, and of no dialect. */
type Counted = 'events' | 'encodes' | 'commands' | 'slowCloses' | 'gaps';

/** The numbers of one node for Prometheus. They are read from the hub when the page is asked for, and cost nothing else. */
export function metricsOf(hub: Hub, rubbish: Rubbish): Registry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const counter = (name: string, help: string, field: Counted): void =>
    void new Counter({
      name,
      help,
      registers: [registry],
      collect() {
        this.reset();
        this.inc(hub.stats[field]);
      },
    });
  counter('belfry_events_received_total', 'Events that this node heard from the broker.', 'events');
  counter('belfry_encodes_total', 'Events encoded for the wire, once a dialect.', 'encodes');
  counter('belfry_commands_total', 'Commands that clients sent.', 'commands');
  counter(
    'belfry_slow_closes_total',
    'Connections closed with 4008 because they did not keep up.',
    'slowCloses',
  );
  counter('belfry_gaps_total', 'Times that events may have been missed between broker and node.', 'gaps');
  deliveries(hub, registry);
  connections(hub, registry);
  new Counter({
    name: 'belfry_rubbish_total',
    help: 'What arrived and was no event, command or handshake.',
    labelNames: ['source', 'reason'],
    registers: [registry],
    collect() {
      this.reset();
      for (const { source, reason, count } of rubbish.counts()) this.inc({ source, reason }, count);
    },
  });
  return registry;
}

const OUTCOMES = {
  delivered: 'delivered',
  filtered: 'filtered',
  notPermitted: 'not_permitted',
  unknownWord: 'unknown_word',
  droppedSlow: 'dropped_slow',
  overtaken: 'overtaken',
} as const satisfies Record<Exclude<keyof Deliveries, 'received'>, string>;

function deliveries(hub: Hub, registry: Registry): void {
  new Counter({
    name: 'belfry_deliveries_received_total',
    help: 'Events times connections concerned: the sum of what belfry_deliveries_total says, and what waits.',
    labelNames: ['dialect'],
    registers: [registry],
    collect() {
      this.reset();
      for (const [dialect, { received }] of hub.stats.byDialect) this.inc({ dialect }, received);
    },
  });
  new Counter({
    name: 'belfry_deliveries_total',
    help: 'Events times connections concerned, by what became of them.',
    labelNames: ['dialect', 'outcome'],
    registers: [registry],
    collect() {
      this.reset();
      for (const [dialect, counted] of hub.stats.byDialect) {
        for (const [field, outcome] of Object.entries(OUTCOMES))
          this.inc({ dialect, outcome }, counted[field as keyof typeof OUTCOMES]);
      }
    },
  });
}

function connections(hub: Hub, registry: Registry): void {
  new Gauge({
    name: 'belfry_connections',
    help: 'Connections attached to this node.',
    labelNames: ['dialect'],
    registers: [registry],
    collect() {
      this.reset();
      for (const { dialect } of hub.connections) this.inc({ dialect: dialect.name });
    },
  });
}
