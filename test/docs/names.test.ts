import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/config/config.ts';
import { describeConfig } from '../../src/config/description.ts';
import { exists, readYaml } from '../deploy/files.ts';
import { joinedMetrics } from '../../src/telemetry/joined-metrics.ts';
import { MetricsPage } from '../support/metrics.ts';
import { startNode } from '../support/node.ts';
import { hubModules, sourceOf } from './bounds-part.ts';
import { allPages } from './pages.ts';

/** Every match of the pattern in the pages, with the path of its page. */
function named(pattern: RegExp): { readonly name: string; readonly path: string }[] {
  return allPages().flatMap(({ path, text }) =>
    Array.from(text.matchAll(pattern), ([name]) => ({ name, path })),
  );
}

const SETTINGS = new Set(describeConfig(loadConfig({})).map(({ name }) => name));
/** The variables that commands, sources, sinks and compose read, and the beginning of a name where a page means several settings. */
const OTHER_VARIABLES =
  /^BELFRY_(?:TOKEN|URL|CONTEXTS?|WEBHOOK_SECRET|CONFIG|BIND|LOG_MAX_|(?:SOURCE|SINK)_[A-Z_]*|)$/;

/** The metrics that sources and sinks declare, which are processes of their own. */
const PROCESS_METRICS = new Set(
  hubModules()
    .filter((file) => /^(?:sources|sinks)\//.test(file))
    .flatMap((file) =>
      Array.from(sourceOf(file).matchAll(/'(belfry_(?:source|sink)_\w+)'/g), ([, name = '']) => name),
    ),
);

describe('a page of the documentation', () => {
  it('names only settings that exist', () => {
    const found = named(/\bBELFRY_[A-Z_]*/g).filter(({ name }) => !OTHER_VARIABLES.test(name));
    expect(found.length).toBeGreaterThan(100);
    expect(found.filter(({ name }) => !SETTINGS.has(name.replace(/_FILE$/, '')))).toEqual([]);
  });

  it('names only alerts that exist', () => {
    const { groups } = readYaml('deploy/alerts.yml') as { groups: { rules: { alert: string }[] }[] };
    const alerts = new Set(groups.flatMap(({ rules }) => rules.map(({ alert }) => alert)));
    const found = named(/\bBelfry[A-Z]\w+/g);
    expect(found.length).toBeGreaterThan(alerts.size);
    expect(found.filter(({ name }) => !alerts.has(name))).toEqual([]);
  });

  it('names only metrics that a node, a source or a sink has', async () => {
    const node = await startNode({ BELFRY_OTLP_URL: 'http://127.0.0.1:9' });
    const { families } = await MetricsPage.of(node.url);
    const found = named(/\bbelfry_\w+/g).filter(({ name }) => name !== 'belfry_publish');
    expect(found.length).toBeGreaterThan(30);
    const ofWorkers = new MetricsPage(joinedMetrics([{ worker: 1, restarts: 0 }])).families;
    const isKnown = (name: string): boolean =>
      families.has(name.replace(/_bucket$/, '')) || ofWorkers.has(name) || PROCESS_METRICS.has(name);
    expect(found.filter(({ name }) => !isKnown(name))).toEqual([]);
  });

  it('names only files that exist in the checkout', () => {
    const found = named(/`(?:deploy|k8s|src)\/[\w./-]+`/g).map(({ name, path }) => ({
      path,
      name: name.slice(1, -1),
    }));
    expect(found.length).toBeGreaterThan(10);
    expect(found.filter(({ name }) => !exists(name.replace(/\/$/, '')))).toEqual([]);
  });
});
