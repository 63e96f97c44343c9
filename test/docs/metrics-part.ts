import { Registry } from 'prom-client';
import type { ShardStats } from '../../src/broker/broker.ts';
import { brokerStatsOf } from '../../src/broker/broker-stats.ts';
import { joinedMetrics } from '../../src/telemetry/joined-metrics.ts';
import { shardMetrics } from '../../src/telemetry/metrics-shards.ts';
import { cell, prose } from './tables.ts';
import { live } from './live.ts';

/** More explanation of metrics whose help text for Prometheus is not enough. */
const MORE: Readonly<Record<string, string>> = {
  belfry_registry_connections: 'REST callers are included.',
  belfry_rejected_total: '`source` is the entry point, and `reason` is an [error code](errors.md).',
  belfry_handshakes_refused_total:
    '`address_rate` means the limit `BELFRY_HANDSHAKES_PER_MINUTE_PER_ADDRESS`.',
  belfry_events_published_total: 'Events that came by `FCALL` are not counted, since no node added them.',
  belfry_deliveries_received_total:
    'See [the sum of all deliveries](../how-to/event-not-heard.md#the-sum-of-all-deliveries).',
  belfry_publish_to_socket_seconds: 'Measured by the clocks of Redis and of the node.',
  belfry_gaps_announced_total: 'Native clients were told by `belfry.gap`.',
  belfry_delivery_healthy: 'Every five seconds a node probes whether it receives what is published.',
  belfry_held_bytes: 'Measured every five seconds.',
  belfry_streams_mended_total:
    '`ingress_ids`, `log_ids`, `dead_letter_ids`: an id so high that later entries could have none; `ingress_group`: the ingress or its group was deleted; `ingress_type`: the key held something other than a stream.',
  belfry_ingress_gone_total: 'Somebody dropped them, or the ingress was full.',
  belfry_warnings:
    '`settings`: nodes of one Redis have different settings; `name`: two nodes have one name; `eviction`: Redis may forget keys; `version`: a node knows no shards; `clock`: the clocks of masters differ.',
};

interface Family {
  readonly name: string;
  readonly type: string;
  readonly help: string;
  /** The labels of the metric, with the values that exist from the start. */
  readonly labels: ReadonlyMap<string, ReadonlySet<string>>;
}

/** The page lists up to this many values of a label. When there are more, it names only the label. */
const SHOWN_VALUES = 10;

/** Every metric of the hub, as a node serves it. */
export async function metricsPart(): Promise<string> {
  const rows = (await families())
    .filter(({ name }) => name.startsWith('belfry_'))
    .map(({ name, type, labels, help }) => {
      const shown = [...labels].map(([label, values]) => {
        const named =
          label === 'dialect' || values.size === 1 || values.size > SHOWN_VALUES ? [] : [...values];
        return `\`${label}\`${named.length === 0 ? '' : `: ${named.join(', ')}`}`;
      });
      const says = [prose(help), MORE[name]].filter(Boolean).join(' ');
      return `| <a id="${name}"></a>\`${name}\` | ${type} | ${cell(shown.join('; '))} | ${cell(says)} |`;
    });
  return `| metric | type | labels | says |\n|---|---|---|---|\n${rows.join('\n')}\n`;
}

/** The metrics that `MORE` explains and no node has. */
export async function unknownMetrics(): Promise<string[]> {
  const known = new Set((await families()).map(({ name }) => name));
  return Object.keys(MORE).filter((name) => !known.has(name));
}

/** The families of a node, those of a hub with several shards with their labels, and those that a process with workers has besides. */
async function families(): Promise<Family[]> {
  const ofShards = familiesOf(await metricsOfShards());
  const names = new Set(ofShards.map(({ name }) => name));
  return [
    ...familiesOf((await live()).metrics).filter(({ name }) => !names.has(name)),
    ...ofShards,
    ...familiesOf(joinedMetrics([{ worker: 1, restarts: 0 }])),
  ];
}

/** The metrics of a hub with more shards than the page lists. */
function metricsOfShards(): Promise<string> {
  const none: Omit<ShardStats, 'shard'> = {
    published: 0,
    refused: new Map(),
    trouble: undefined,
    isFollowed: true,
    clockOffsetMs: 1,
    isHealthy: true,
    probeMs: 0,
    gapsDetected: 0,
    gapsRepaired: 0,
    streamsMended: new Map(),
    retainedGone: 0,
    heldBytes: { log: 0, retained: 0 },
  };
  const shards = Array.from({ length: SHOWN_VALUES + 1 }, (_, shard) => ({ ...none, shard }));
  const ingress = { moved: 0, streams: { mended: new Map(), gone: 0, held: { log: 0, ingress: 0 } } };
  const registry = new Registry();
  shardMetrics({ brokerStats: () => brokerStatsOf(shards, ingress) }, registry);
  return registry.metrics();
}

function familiesOf(text: string): Family[] {
  return Array.from(text.matchAll(/^# HELP (\S+) (.*)\n# TYPE \S+ (\S+)\n((?:[^#\n].*\n)*)/gm), (found) => {
    const [, name = '', help = '', type = '', samples = ''] = found;
    const labels = new Map<string, Set<string>>();
    for (const [, label = '', value = ''] of samples.matchAll(/[{,](\w+)="([^"]*)"/g))
      if (label !== 'le') labels.set(label, (labels.get(label) ?? new Set()).add(value));
    return { name, help, type, labels };
  });
}
