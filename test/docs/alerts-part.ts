import { readFileSync } from 'node:fs';
import { parse } from 'yaml';

export interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly for?: string;
  readonly labels: { readonly severity: string };
}

const FILE = new URL('../../deploy/alerts.yml', import.meta.url);

/** The meaning of each alert, and what to do when it fires. */
const MORE: Readonly<Record<string, readonly [means: string, act: string]>> = {
  BelfryDown: [
    'a node that should run does not answer',
    'look at its last log lines; its clients are on other nodes by now',
  ],
  BelfryAbsent: [
    'Prometheus sees no node',
    'check the discovery of targets and the network first, then the nodes',
  ],
  BelfryEventsDoNotFlow: [
    'a node does not receive what is published; `/readyz` says why',
    'check Redis; the node keeps trying, and then reads what it missed',
  ],
  BelfryShardAway: [
    'nodes do not reach the master of one shard of the hub, do not hear the shard, or cannot publish in it; the other shards may be well; `/readyz` of a node names the shard and the reason',
    'ask Redis which master has the shard with `CLUSTER KEYSLOT {belfry:<shard>}` and `CLUSTER SLOTS`, and check that master; nodes go on by themselves, and then read what they missed',
  ],
  BelfryPublishesRefused: [
    'Redis accepts nothing from a node: Redis is full, cannot write, or the node lacks a right; the body of `/readyz` says which',
    'make room or raise `maxmemory`, or give the [rights](../how-to/redis-rights.md); until then publishers get 503, and the log gets nothing of theirs',
  ],
  BelfryNodesDisagree: [
    'nodes on one Redis have different settings or the same name, or Redis may forget keys; `GET /api/v3/nodes` says it for each node',
    'give all nodes the same settings and each its own `BELFRY_NODE`; set `maxmemory-policy noeviction`',
  ],
  BelfryIngressMisused: [
    'somebody adds to the ingress or the log with `MAXLEN` or `MINID`, deletes from it or names an id far ahead; or the ingress exceeded `BELFRY_INGRESS_MAX_BYTES`; entries that were dropped before a node had settled them are lost, and the rest was repaired',
    'read in the log what happened to how many entries; if the ingress was full, add nodes or raise the bound; otherwise find the user among those to whom `ACL LIST` gives a right to write there, and let that user publish over HTTP',
  ],
  BelfryRetainedFull: [
    'the retention rules keep more than `BELFRY_RETAINED_MAX_BYTES`; the values that were written to least recently are gone, and clients that join later do not get them',
    'shorten the rules or lifetimes of types with many keys, or raise the bound and `maxmemory`',
  ],
  BelfryEventsMissed: [
    'the log no longer held what a node had missed; native clients got `belfry.gap`',
    'find out why the node was cut off for so long, or raise `BELFRY_LOG_MAX_EVENTS` and `BELFRY_LOG_MAX_BYTES`; after a failover, see `min-replicas-to-write`',
  ],
  BelfryGapsOften: [
    'a node is cut off from the channel again and again',
    "Redis' log says `scheduled to be closed ASAP for overcoming of output buffer limits`: raise `client-output-buffer-limit pubsub`; otherwise check the network",
  ],
  BelfryRedisSlow: [
    'Redis takes more than half a second to answer',
    'check `SLOWLOG`, the CPU and the disk of Redis (`appendfsync`), and other processes on its machine',
  ],
  BelfryDeliverySlow: [
    'one percent of the flushes is more than a second late',
    'together with `BelfryBusy`, add nodes; otherwise check Redis, and whether the clocks differ',
  ],
  BelfryClientsSlow: [
    'a twentieth of the connections was closed as too slow within ten minutes',
    'check the network of the clients; if the events are too large or too many for them, use narrower patterns, filters or `slow=latest-per-key`',
  ],
  BelfryDeliveriesDropped: [
    'one percent of the deliveries to the clients of a dialect is left out',
    'check the network of the clients; if the events are too large or too many for them, use narrower patterns, filters or `slow=latest-per-key`',
  ],
  BelfryNearlyFull: ['a node holds 90 % of `BELFRY_CONNECTIONS_MAX`', 'add nodes'],
  BelfryBusy: [
    'the one thread of a node is a quarter of a second late',
    'add nodes; large lists over HTTP and very many patterns also take time',
  ],
  BelfryRestarts: [
    'a node starts again and again',
    'read its log; if it was killed for its memory, the log of the kernel says so',
  ],
  BelfryRejectedInput: [
    'somebody keeps sending input that is no event',
    'the log names source and reason; for the ingress, `belfry dead-letters list`',
  ],
};

export function alertRules(): readonly Rule[] {
  const { groups } = parse(readFileSync(FILE, 'utf8')) as { groups: readonly { rules: readonly Rule[] }[] };
  return groups.flatMap(({ rules }) => rules);
}

/** The alerts without an explanation, and the explanations without an alert. */
export function unexplained(): string[] {
  const names = alertRules().map(({ alert }) => alert);
  return [
    ...names.filter((name) => !(name in MORE)),
    ...Object.keys(MORE).filter((name) => !names.includes(name)),
  ];
}

/** Every alert with its expression, its meaning and what to do. */
export function alertsPart(): string {
  return alertRules()
    .map((rule) => {
      const { alert, expr, labels } = rule;
      const [means = '', act = ''] = MORE[alert] ?? [];
      const when = rule.for === undefined ? 'at once' : `after ${rule.for}`;
      return `## ${alert}\n\nSeverity: ${labels.severity}, ${when}.\n\n\`\`\`promql\n${expr.trim()}\n\`\`\`\n\n**Means:** ${sentence(means)}\n\n**Do:** ${sentence(act)}\n`;
    })
    .join('\n');
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}${text.endsWith('.') ? '' : '.'}`;
}
