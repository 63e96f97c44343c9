import { beforeEach, describe, expect, it } from 'vitest';
import { MetricsPage } from '../support/metrics.ts';
import { startNode } from '../support/node.ts';
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

/** Prometheus adds these itself. */
const OWN_SERIES = new Set(['up']);
const OWN_LABELS = ['instance', 'job'];

let page: MetricsPage;
let loaded: Promise<MetricsPage> | undefined;

/** The page of a node that ends with the first test, and has had some rejected input: of that there is no series before. */
async function load(): Promise<MetricsPage> {
  const node = await startNode();
  await fetch(`${node.url}/api/v3/events?token=${await node.token()}`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: 'no event',
  });
  return MetricsPage.of(node.url);
}

/** The labels of a series, and the values that it shows. */
function labelsOf(name: string): Map<string, Set<string>> {
  const labels = new Map<string, Set<string>>(OWN_LABELS.map((label) => [label, new Set()]));
  for (const series of page.series.keys()) {
    if (series.split('{')[0] !== name) continue;
    for (const [, label = '', value = ''] of series.matchAll(/(\w+)="([^"]*)"/g))
      labels.set(label, (labels.get(label) ?? new Set()).add(value));
  }
  return labels;
}

/** What a query reads that a node does not have. */
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

describe('what operators look at', () => {
  beforeEach(async () => void (page = await (loaded ??= load())));

  it.each(rules)('the alert $alert reads series and labels that a running node has', ({ expr }) => {
    expect(readsOf(expr)).not.toEqual([]);
    expect(unknownIn(expr)).toEqual([]);
  });

  it.each(panels)('the panel "$title" reads series and labels that a running node has: $expr', ({ expr }) => {
    expect(readsOf(expr)).not.toEqual([]);
    expect(unknownIn(expr)).toEqual([]);
  });

  it('chooses nodes by a series that a running node has', () => {
    const [variable] = dashboard.templating.list;
    const [, name = ''] = /^label_values\((\w+), instance\)$/.exec(variable?.query.query ?? '') ?? [];
    expect([...page.families.keys()]).toContain(name);
  });

  it('shows every number of ours on the dashboard', () => {
    const reads = panels.flatMap(({ expr }) => readsOf(expr));
    const shown = new Set(reads.map(({ name }) => name.replace(/_bucket$/, '')));
    const ours = [...page.families.keys()].filter((name) => name.startsWith('belfry_'));
    const without = ours.filter((name) => !shown.has(name));
    // The bound stands in its alert, and the sum of all deliveries is what the panels show one by one.
    expect(without.toSorted()).toEqual(['belfry_connections_max', 'belfry_deliveries_received_total']);
  });

  it.each(rules)('the page of alerts says what $alert means, and its summary is a sentence', (rule) => {
    expect(read('src/docs/reference/alerts.md')).toContain(`\n## ${rule.alert}\n`);
    expect(rule.annotations.summary).toMatch(/^[A-Z{].*\.$/);
  });

  it('has names and units as Prometheus wants them', () => {
    for (const [name, type] of page.families) {
      if (!name.startsWith('belfry_')) continue;
      expect(name.endsWith('_total')).toBe(type === 'counter');
      expect(name).not.toMatch(/_(ms|milliseconds|kb|count)(_|$)/);
      expect(type !== 'histogram' || /_(seconds|bytes)$/.test(name)).toBe(true);
    }
  });

  it('has the delay of the event loop among the numbers', () => {
    expect([...page.families.keys()]).toContain('nodejs_eventloop_lag_p99_seconds');
  });
});
