import { beforeEach, describe, expect, inject, it } from 'vitest';
import { joinedMetrics } from '../../src/telemetry/joined-metrics.ts';
import { MetricsPage } from '../support/metrics.ts';
import { startNode } from '../support/node.ts';
import { randomPrefix } from '../support/redis.ts';
import { read, readYaml } from './files.ts';
import { groupingsOf, readsOf } from './promql.ts';

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly annotations: { readonly summary: string };
}

interface Dashboard {
  readonly panels: readonly {
    readonly title: string;
    readonly targets?: readonly { readonly expr: string }[];
  }[];
  readonly templating: { readonly list: readonly { readonly query: { readonly query: string } }[] };
}

const { groups } = readYaml('deploy/alerts.yml') as { groups: { rules: Rule[] }[] };
const rules = groups.flatMap((group) => group.rules);
const dashboard = JSON.parse(read('deploy/grafana/belfry.json')) as Dashboard;
const panels = dashboard.panels.flatMap(({ title, targets = [] }) =>
  targets.map(({ expr }) => ({ title, expr })),
);

/** The series that Prometheus adds itself. */
const OWN_SERIES = new Set(['up']);
const OWN_LABELS = ['instance', 'job'];

let page: MetricsPage;
let loaded: Promise<MetricsPage> | undefined;

/**
 * The metrics of a node that has had some rejected input, for which there is no series before, and of which the hub has several
 * shards; and those that a process with workers has besides. The node ends with the first test.
 */
async function load(): Promise<MetricsPage> {
  const node = await startNode({
    BELFRY_REDIS_URL: inject('redisUrl'),
    BELFRY_PREFIX: randomPrefix(),
    BELFRY_SHARDS: '2',
  });
  await fetch(`${node.url}/api/v3/events?token=${await node.token()}`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: 'no event',
  });
  const call = {
    jsonrpc: '2.0',
    id: 1,
    method: 'tools/call',
    params: { name: 'connections', arguments: {} },
  };
  await fetch(`${node.url}/mcp`, {
    method: 'POST',
    headers: {
      Authorization: `Bearer ${await node.token()}`,
      'Content-Type': 'application/json',
      Accept: 'application/json, text/event-stream',
    },
    body: JSON.stringify(call),
  }).then((response) => response.text());
  const { text } = await MetricsPage.of(node.url);
  return new MetricsPage(`${text}\n${joinedMetrics([{ worker: 1, restarts: 0 }])}`);
}

/** The labels of a series, each with the values that the node shows. */
function labelsOf(name: string): Map<string, Set<string>> {
  const labels = new Map<string, Set<string>>(OWN_LABELS.map((label) => [label, new Set()]));
  for (const series of page.series.keys()) {
    if (series.split('{')[0] !== name) continue;
    for (const [, label = '', value = ''] of series.matchAll(/(\w+)="([^"]*)"/g))
      labels.set(label, (labels.get(label) ?? new Set()).add(value));
  }
  return labels;
}

/** The series and labels that a query reads and a node does not have. */
function unknownIn(query: string): string[] {
  const names = new Set([...page.series.keys()].map((series) => series.split('{')[0]));
  const grouped = new Set(OWN_LABELS);
  const reads = readsOf(query).filter(({ name }) => !OWN_SERIES.has(name));
  const unknown = reads.flatMap(({ name, matchers }) => {
    if (!names.has(name)) return name;
    const labels = labelsOf(name);
    for (const label of labels.keys()) grouped.add(label);
    const wrong = matchers.filter(({ label, operator, value }) => {
      const isAny = OWN_LABELS.includes(label) || operator.includes('~');
      return !(isAny ? labels.has(label) : labels.get(label)?.has(value));
    });
    return wrong.map(({ label, value }) => `${name}{${label}="${value}"}`);
  });
  return [...unknown, ...groupingsOf(query).filter((label) => !grouped.has(label) && reads.length > 0)];
}

describe('the monitoring of a hub', () => {
  beforeEach(async () => void (page = await (loaded ??= load())));

  it.each(rules)('has an alert $alert that reads series and labels of a running node', ({ expr }) => {
    expect(readsOf(expr)).not.toEqual([]);
    expect(unknownIn(expr)).toEqual([]);
  });

  it.each(panels)(
    'has a panel "$title" that reads series and labels of a running node: $expr',
    ({ expr }) => {
      expect(readsOf(expr)).not.toEqual([]);
      expect(unknownIn(expr)).toEqual([]);
    },
  );

  it('selects nodes on the dashboard by a series that a running node has', () => {
    const [variable] = dashboard.templating.list;
    const [, name = ''] = /^label_values\((\w+), instance\)$/.exec(variable?.query.query ?? '') ?? [];
    expect([...page.families.keys()]).toContain(name);
  });

  it('shows every metric of the hub on the dashboard', () => {
    const reads = panels.flatMap(({ expr }) => readsOf(expr));
    const shown = new Set(reads.map(({ name }) => name.replace(/_bucket$/, '')));
    const ours = [...page.families.keys()].filter((name) => name.startsWith('belfry_'));
    const without = ours.filter((name) => !shown.has(name));
    // The bound of connections is in its alert, and the panels show the parts of the sum of all deliveries.
    expect(without.toSorted()).toEqual(['belfry_connections_max', 'belfry_deliveries_received_total']);
  });

  it.each(rules)(
    'has an alert $alert that the page of alerts explains, and whose summary is a sentence',
    (rule) => {
      expect(read('src/docs/reference/alerts.md')).toContain(`\n## ${rule.alert}\n`);
      expect(rule.annotations.summary).toMatch(/^[A-Z{].*\.$/);
    },
  );

  it('names metrics and units as Prometheus recommends', () => {
    for (const [name, type] of page.families) {
      if (!name.startsWith('belfry_')) continue;
      expect(name.endsWith('_total')).toBe(type === 'counter');
      expect(name).not.toMatch(/_(ms|milliseconds|kb|count)(_|$)/);
      expect(type !== 'histogram' || /_(seconds|bytes)$/.test(name)).toBe(true);
    }
  });

  it('has a metric for the delay of the event loop', () => {
    expect([...page.families.keys()]).toContain('nodejs_eventloop_lag_p99_seconds');
  });
});
