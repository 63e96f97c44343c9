import { readFileSync } from 'node:fs';
import { parse } from 'yaml';

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly for?: string;
  readonly labels: { readonly severity: string };
}

const FILE = new URL('../../deploy/alerts.yml', import.meta.url);

/** The meaning of each alert, and what to do when it fires. */
const MORE: Readonly<Record<string, readonly [means: string, act: string]>> = {
  BelfryDown: [
    'a node that should be there does not answer',
    'look at its last log lines; its clients are on other nodes by now',
  ],
  BelfryAbsent: ['Prometheus sees no node', 'look at discovery and network first, then at the nodes'],
  BelfryEventsDoNotFlow: [
    'a node does not hear what is published; `/readyz` says why',
    'look at Redis; the node goes on trying, and reads what it missed',
  ],
  BelfryPublishesRefused: [
    'Redis takes nothing from a node: it is full, cannot write, or a right is missing; the body of `/readyz` says which',
    'make room or raise `maxmemory`, give the rights of [Redis rights](../how-to/redis-rights.md); publishers get 503 meanwhile, and nothing of theirs is in the log',
  ],
  BelfryNodesDisagree: [
    'nodes of one Redis have other settings or one name, or Redis may forget keys; `GET /api/v3/nodes` says it for each',
    'give all nodes the same settings and each its own `BELFRY_NODE`; `maxmemory-policy noeviction`',
  ],
  BelfryIngressMisused: [
    'somebody adds to the ingress with `MAXLEN` or `MINID`, deletes there, names an id far ahead, or does such a thing to the log; or it took more than `BELFRY_INGRESS_MAX_BYTES`; what was dropped before a node had settled it is lost, and the rest was put right',
    'the log says what and how many; where the ingress was full, add nodes or raise the bound; else find who does it among those that `ACL LIST` shows with a right to write there, and let them publish over HTTP',
  ],
  BelfryRetainedFull: [
    'the retention rules keep more than `BELFRY_RETAINED_MAX_BYTES`; what was written to least recently is gone, and late joiners do not get it',
    'shorter rules or an earlier end for what has many keys, or a larger bound and `maxmemory`',
  ],
  BelfryEventsMissed: [
    'the log no longer held what a node had missed; native clients got `belfry.gap`',
    'find out why it was cut off for so long, or raise `BELFRY_LOG_MAX_EVENTS` and `BELFRY_LOG_MAX_BYTES`; after a failover, see `min-replicas-to-write`',
  ],
  BelfryGapsOften: [
    'a node is cut off from the channel again and again',
    "Redis' log says `scheduled to be closed ASAP for overcoming of output buffer limits`: raise `client-output-buffer-limit pubsub`; else the network",
  ],
  BelfryRedisSlow: [
    'Redis takes more than half a second to answer',
    '`SLOWLOG`, its CPU, its disk (`appendfsync`), its neighbours',
  ],
  BelfryDeliverySlow: [
    'one percent of the flushes is more than a second late',
    'with `BelfryBusy`: add nodes; without: Redis, or clocks that differ',
  ],
  BelfryClientsSlow: [
    'a twentieth of the connections was closed as too slow within ten minutes',
    'network of the clients, or events too large or too many for them: narrower patterns, filters, `slow=latest-per-key`',
  ],
  BelfryDeliveriesDropped: [
    "one percent of what concerns a dialect's clients is left out",
    'network of the clients, or events too large or too many for them: narrower patterns, filters, `slow=latest-per-key`',
  ],
  BelfryNearlyFull: ['a node holds 90 % of `BELFRY_CONNECTIONS_MAX`', 'add nodes'],
  BelfryBusy: [
    'the one thread of a node is a quarter of a second late',
    'add nodes; large lists over HTTP and very many patterns also take time',
  ],
  BelfryRestarts: ['a node starts again and again', "its log says why; killed for memory says the kernel's"],
  BelfryRejectedInput: [
    'somebody keeps sending what is no event',
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
