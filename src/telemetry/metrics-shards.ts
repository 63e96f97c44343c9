import { Counter, Gauge, type Registry } from 'prom-client';
import type { BrokerStats, ShardStats } from '../broker/broker.ts';

/* The metrics of each shard, where the hub has several. The label `shard` has as many values as the hub has shards. */

export interface MeasuredShards {
  readonly brokerStats: () => BrokerStats;
}

type Kind = typeof Gauge | typeof Counter;
type Row = readonly [kind: Kind, name: string, help: string, read: (stats: ShardStats) => number | undefined];

const ROWS: readonly Row[] = [
  [
    Gauge,
    'followed',
    'Whether this node hears what is published in the shard: 1 or 0.',
    (of) => +of.isFollowed,
  ],
  [
    Gauge,
    'healthy',
    'Whether this node reaches the shard, and hears it where it follows it: 1 or 0.',
    (of) => +of.isHealthy,
  ],
  [
    Gauge,
    'publishing',
    'Whether Redis accepts what this node publishes in the shard: 1 or 0.',
    ({ trouble }) => +(trouble === undefined),
  ],
  [
    Gauge,
    'probe_seconds',
    'How long Redis took for the last successful probe of the shard.',
    ({ probeMs }) => probeMs / 1_000,
  ],
  [
    Gauge,
    'clock_offset_seconds',
    'How far the clock of the master of the shard is ahead of the clock of this node.',
    ({ clockOffsetMs }) => clockOffsetMs && clockOffsetMs / 1_000,
  ],
  [
    Counter,
    'events_published_total',
    'Events that this node added to the log of the shard, without those of the ingress.',
    ({ published }) => published,
  ],
  [
    Counter,
    'publishes_refused_total',
    'Publishes of this node that failed in the shard.',
    ({ refused }) => sum(refused),
  ],
  [
    Counter,
    'gaps_detected_total',
    'Times that the channel of the shard was interrupted or left something out, so that this node read its log.',
    ({ gapsDetected }) => gapsDetected,
  ],
  [
    Counter,
    'gaps_repaired_total',
    'Those of them after which nothing was missing.',
    ({ gapsRepaired }) => gapsRepaired,
  ],
  [
    Counter,
    'streams_mended_total',
    'Times that this node repaired a stream of the shard which somebody had damaged.',
    ({ streamsMended }) => sum(streamsMended),
  ],
  [
    Counter,
    'retained_dropped_total',
    'Tails, halves of tails and latest values of the shard that this node dropped because the room was full.',
    ({ retainedGone }) => retainedGone,
  ],
];

export function shardMetrics({ brokerStats }: MeasuredShards, registry: Registry): void {
  const named = (name: string, help: string) => ({
    name: `belfry_shard_${name}`,
    help: `${help} Only with several shards.`,
    registers: [registry],
  });
  for (const [Kind, name, help, read] of ROWS) {
    new Kind({
      ...named(name, help),
      labelNames: ['shard'],
      collect() {
        this.reset();
        for (const stats of brokerStats().shards) {
          const value = read(stats);
          if (value !== undefined) this.inc({ shard: stats.shard }, value);
        }
      },
    });
  }
  new Gauge({
    ...named('held_bytes', 'Bytes that the shard keeps: JSON of its log, and memory of its retained events.'),
    labelNames: ['shard', 'of'],
    collect() {
      this.reset();
      for (const { shard, heldBytes } of brokerStats().shards)
        for (const [of, bytes] of Object.entries(heldBytes)) this.set({ shard, of }, bytes);
    },
  });
}

function sum(counts: ReadonlyMap<unknown, number>): number {
  return [...counts.values()].reduce((all, count) => all + count, 0);
}
