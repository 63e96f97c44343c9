import type { BrokerStats, LogStats, ShardStats, StreamFault } from './broker.ts';

/** What a broker counts of the ingress of its hub. */
export interface IngressStats {
  readonly moved: number;
  readonly streams: {
    readonly mended: ReadonlyMap<StreamFault, number>;
    readonly gone: number;
    readonly held: Readonly<Record<'log' | 'ingress', number>>;
  };
}

/** The figures of all shards together. The ingress is checked together with the log of shard 0. */
export function brokerStatsOf(
  shards: readonly ShardStats[],
  { moved, streams }: IngressStats,
  /** Those that the node has let go as well. */
  counted: readonly ShardStats[] = shards,
): BrokerStats {
  const { held } = streams;
  const sum = (of: (stats: ShardStats) => number, all = counted): number =>
    all.reduce((total, each) => total + of(each), 0);
  const all: LogStats = {
    published: sum(({ published }) => published) + moved,
    refused: added(counted.map(({ refused }) => refused)),
    trouble: shards.find(({ trouble }) => trouble !== undefined)?.trouble,
    isHealthy: shards.every(({ isHealthy }) => isHealthy),
    probeMs: Math.max(...shards.map(({ probeMs }) => probeMs)),
    gapsDetected: sum(({ gapsDetected }) => gapsDetected),
    gapsRepaired: sum(({ gapsRepaired }) => gapsRepaired),
    streamsMended: added([streams.mended, ...counted.map(({ streamsMended }) => streamsMended)]),
    retainedGone: sum(({ retainedGone }) => retainedGone),
  };
  const own = (stats: ShardStats): ShardStats =>
    stats.shard === 0 ? { ...stats, heldBytes: { ...stats.heldBytes, log: held.log } } : stats;
  return {
    ...all,
    ingressGone: streams.gone,
    heldBytes: {
      log: held.log + sum(({ heldBytes }) => heldBytes.log, shards),
      retained: sum(({ heldBytes }) => heldBytes.retained, shards),
      ingress: held.ingress,
    },
    shards: shards.length === 1 ? [] : shards.map(own),
  };
}

/** How far apart the clocks of the masters of these shards are, as far as it is known. */
export function clockSpreadMs(shards: readonly ShardStats[]): number {
  const known = shards.flatMap(({ clockOffsetMs }) => clockOffsetMs ?? []);
  return known.length === 0 ? 0 : Math.max(...known) - Math.min(...known);
}

function added<Name>(counts: readonly ReadonlyMap<Name, number>[]): ReadonlyMap<Name, number> {
  const all = new Map<Name, number>();
  for (const [name, count] of counts.flatMap((each) => [...each]))
    all.set(name, (all.get(name) ?? 0) + count);
  return all;
}
