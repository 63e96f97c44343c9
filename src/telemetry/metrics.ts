import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import { REFUSED_REASONS, STREAM_FAULTS } from '../broker/broker.ts';
import type { Clock } from '../model/clock.ts';
import { WARNING_KINDS, type NodeWarning } from '../registry/node-watch.ts';
import type { Registry as ConnectionRegistry } from '../registry/registry.ts';
import { interestMetrics, type MeasuredInterest } from './metrics-interest.ts';
import { connectionMetrics, type MeasuredConnections } from './metrics-connections.ts';
import { shardMetrics, type MeasuredShards } from './metrics-shards.ts';
import type { McpCalls } from './mcp-calls.ts';
import { REFUSED_HANDSHAKES, type RefusedHandshakes } from './refused-handshakes.ts';
import { RegistrySize } from './registry-size.ts';
import type { RejectedInput } from './rejected-input.ts';

export interface Measured extends MeasuredConnections, MeasuredInterest, MeasuredShards {
  readonly rejected: RejectedInput;
  readonly mcpCalls: McpCalls;
  readonly refused: RefusedHandshakes;
  readonly registry: ConnectionRegistry;
  readonly clock: Clock;
  readonly warnings: () => readonly NodeWarning[];
  readonly version: string;
  /** The number of this worker. Its series then have it as a label, since the page shows all workers. */
  readonly worker?: number | undefined;
}

/** The buckets reach from a write within one turn of the event loop to the patience of a client. */
const LATENCY_BUCKETS_S = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** How often the delay of the event loop is measured. A shorter time would be most of the work of an idle node. */
const LOOP_PROBE_MS = 50;

/**
 * The metrics of one node for Prometheus. The values are read when the page is asked for, and cost nothing at other
 * times. The page never waits for Redis.
 */
export function metricsOf(measured: Measured): Registry {
  const registry = new Registry();
  if (measured.worker !== undefined) registry.setDefaultLabels({ worker: String(measured.worker) });
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: LOOP_PROBE_MS });
  nodeMetrics(measured, registry);
  hubMetrics(measured, registry);
  brokerMetrics(measured, registry);
  shardMetrics(measured, registry);
  connectionMetrics(measured, registry);
  interestMetrics(measured, registry);
  return registry;
}

function nodeMetrics({ rejected, mcpCalls, refused, version, warnings }: Measured, registry: Registry): void {
  const byReason = reasonsIn(registry);
  new Gauge({
    name: 'belfry_warnings',
    help: 'Problems of this node, of its differences from other nodes, or of their Redis. /readyz describes them.',
    labelNames: ['kind'],
    registers: [registry],
    collect() {
      for (const kind of WARNING_KINDS)
        this.set({ kind }, warnings().filter((warning) => warning.kind === kind).length);
    },
  });
  new Gauge({
    name: 'belfry_build_info',
    help: 'Always 1. The label holds the version of this node.',
    labelNames: ['version'],
    registers: [registry],
  }).set({ version }, 1);
  new Counter({
    name: 'belfry_rejected_total',
    help: 'Inputs that were no event, command or handshake.',
    labelNames: ['source', 'reason'],
    registers: [registry],
    collect() {
      this.reset();
      for (const { source, reason, count } of rejected.counts()) this.inc({ source, reason }, count);
    },
  });
  new Counter({
    name: 'belfry_mcp_calls_total',
    help: 'Calls of tools by agents, by the outcome: answered, refused or cancelled.',
    labelNames: ['tool', 'outcome'],
    registers: [registry],
    collect() {
      this.reset();
      for (const { tool, outcome, count } of mcpCalls.counts()) this.inc({ tool, outcome }, count);
    },
  });
  byReason(
    'belfry_handshakes_refused_total',
    'Handshakes of sockets and requests for event streams that were refused, by the reason.',
    REFUSED_HANDSHAKES,
    (reason) => refused.of(reason),
  );
}

function hubMetrics({ stats }: Measured, registry: Registry): void {
  const counter = counterIn(registry);
  counter(
    'belfry_events_received_total',
    'Events that this node received from the broker.',
    () => stats.events,
  );
  counter('belfry_cohort_matches_total', 'Cohorts that matched events.', () => stats.matches);
  counter('belfry_encodes_total', 'Events encoded for the wire, once for each dialect.', () => stats.encodes);
  counter('belfry_writes_total', 'Writes to sockets. One write may hold many events.', () => stats.writes);
  counter('belfry_written_bytes_total', 'Bytes of frames written to sockets.', () => stats.writtenBytes);
  counter('belfry_commands_total', 'Commands that clients sent.', () => stats.commands);
  counter(
    'belfry_slow_closes_total',
    'Connections closed with 4008 because they did not keep up.',
    () => stats.slowCloses,
  );
  counter(
    'belfry_gaps_announced_total',
    'Times that this node missed, or may have missed, events of the broker.',
    () => stats.gaps,
  );
  stats.latency = new Histogram({
    name: 'belfry_publish_to_socket_seconds',
    help: 'Time from the log to the last write of a flush, for the event in it that waited longest.',
    buckets: LATENCY_BUCKETS_S,
    registers: [registry],
  });
}

function brokerMetrics({ brokerStats, registry: registrySize, clock }: Measured, registry: Registry): void {
  const counter = counterIn(registry);
  const byReason = reasonsIn(registry);
  const gauge = gaugeIn(registry);
  counter(
    'belfry_events_published_total',
    'Events that this node added to the log, including those of the ingress.',
    () => brokerStats().published,
  );
  byReason(
    'belfry_publishes_refused_total',
    'Publishes of this node that failed, by the reason.',
    REFUSED_REASONS,
    (reason) => brokerStats().refused.get(reason) ?? 0,
  );
  gauge('belfry_publishing', 'Whether Redis accepts what this node publishes: 1 or 0.', () =>
    brokerStats().trouble === undefined ? 1 : 0,
  );
  counter(
    'belfry_gaps_detected_total',
    'Times that the channel was interrupted or left something out, so that this node read the log.',
    () => brokerStats().gapsDetected,
  );
  counter(
    'belfry_gaps_repaired_total',
    'Detected gaps after which nothing was missing.',
    () => brokerStats().gapsRepaired,
  );
  byReason(
    'belfry_streams_mended_total',
    'Times that this node repaired a stream of the hub which somebody had damaged, by the damage.',
    STREAM_FAULTS,
    (reason) => brokerStats().streamsMended.get(reason) ?? 0,
  );
  counter(
    'belfry_ingress_gone_total',
    'Entries that were trimmed or deleted from the ingress before a node had read them.',
    () => brokerStats().ingressGone,
  );
  counter(
    'belfry_retained_dropped_total',
    'Tails, halves of tails and latest values that this node dropped because the room was full.',
    () => brokerStats().retainedGone,
  );
  new Gauge({
    name: 'belfry_held_bytes',
    help: 'Bytes that all nodes together keep: JSON of the log, memory of retained events and of the ingress.',
    labelNames: ['of'],
    registers: [registry],
    collect() {
      for (const [of, bytes] of Object.entries(brokerStats().heldBytes)) this.set({ of }, bytes);
    },
  });
  gauge('belfry_delivery_healthy', 'Whether events flowed in the last probe: 1 or 0.', () =>
    brokerStats().isHealthy ? 1 : 0,
  );
  gauge(
    'belfry_delivery_probe_seconds',
    'How long Redis took for the last successful probe of delivery.',
    () => brokerStats().probeMs / 1_000,
  );
  const size = new RegistrySize(registrySize, clock);
  gauge(
    'belfry_registry_connections',
    'Connections in the registry of all nodes together. Absent while it cannot be read.',
    () => size.read(),
  );
}

type Read = () => number | undefined | Promise<number | undefined>;

function counterIn(registry: Registry) {
  return (name: string, help: string, read: () => number): void => {
    new Counter({
      name,
      help,
      registers: [registry],
      collect() {
        this.reset();
        this.inc(read());
      },
    });
  };
}

/** Every reason exists from the start, so that the first increase shows. */
function reasonsIn(registry: Registry) {
  return <Reason extends string>(
    name: string,
    help: string,
    reasons: readonly Reason[],
    read: (reason: Reason) => number,
  ): void => {
    new Counter({
      name,
      help,
      labelNames: ['reason'],
      registers: [registry],
      collect() {
        this.reset();
        for (const reason of reasons) this.inc({ reason }, read(reason));
      },
    });
  };
}

function gaugeIn(registry: Registry) {
  return (name: string, help: string, read: Read): void => {
    new Gauge({
      name,
      help,
      registers: [registry],
      async collect() {
        const value = await read();
        if (value === undefined) this.remove();
        else this.set(value);
      },
    });
  };
}
