import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { stringify } from 'yaml';
import { runHere, type Ran } from '../../support/command.ts';
import { DEPLOYMENTS, KubernetesApi, PERSONAS, SECRETS } from '../../support/kubernetes-api.ts';
import { startNode, type TestNode } from '../../support/node.ts';
import { CommandProcess } from '../../support/process.ts';

interface Published {
  readonly type: string;
  readonly action: string;
  readonly key: string;
  readonly object: unknown;
  readonly metadata: { readonly source: { readonly name: string; readonly at: string } };
}

function kubeconfigOf(api: KubernetesApi): string {
  const folder = mkdtempSync(join(tmpdir(), 'belfry-kubeconfig-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, 'config');
  const text = stringify({
    'current-context': 'here',
    contexts: [{ name: 'here', context: { cluster: 'c', user: 'u' } }],
    clusters: [{ name: 'c', cluster: { server: api.url } }],
    users: [{ name: 'u', user: { token: 'good' } }],
  });
  writeFileSync(path, text);
  return path;
}

interface World {
  readonly node: TestNode;
  readonly api: KubernetesApi;
  /** Starts the source in a process of its own. */
  readonly start: (...args: readonly string[]) => CommandProcess;
  /** Runs the source to its end, where it ends by itself. */
  readonly run: (...args: readonly string[]) => Promise<Ran>;
  /** All events of the hub, oldest first. */
  readonly events: (pattern?: string) => Promise<Published[]>;
  /** Waits until the hub has these events, and no others. */
  readonly has: (...texts: readonly string[]) => Promise<void>;
}

async function startWorld(settings: Record<string, string> = {}): Promise<World> {
  const node = await startNode({ BELFRY_LISTEN: '127.0.0.1:0=native,127.0.0.1:0=dorgu', ...settings });
  const api = await KubernetesApi.start(PERSONAS, DEPLOYMENTS, SECRETS);
  const kubeconfig = kubeconfigOf(api);
  const types = ['cluster.*.*', 'deployments.*.*', 'secrets.*.*'];
  const lease = 'leases.take.source:kubernetes';
  const token = await node.token('source:kubernetes', { publish: [...types, lease], subscribe: types });
  const events = async (pattern = '*.*.*'): Promise<Published[]> => {
    const response = await fetch(`${node.url}/api/v3/events?pattern=${pattern}&limit=1000`, {
      headers: { Authorization: `Bearer ${await node.token()}` },
    });
    return ((await response.json()) as { events: Published[] }).events.filter(
      ({ metadata }) => (metadata as Published['metadata'] | undefined)?.source !== undefined,
    );
  };
  const command = ['source', 'kubernetes', '--kubeconfig', kubeconfig];
  const env = { BELFRY_URL: node.url, BELFRY_TOKEN: token };
  return {
    node,
    api,
    events,
    start: (...args) => new CommandProcess([...command, ...args], env),
    run: (...args) => runHere([...command, ...args], env),
    has: (...texts) =>
      vi.waitFor(
        async () =>
          expect((await events()).map(({ type, action, key }) => `${type}.${action}.${key}`)).toEqual(texts),
        { timeout: 20_000, interval: 50 },
      ),
  };
}

const watched = (api: KubernetesApi, count = 1): Promise<void> =>
  vi.waitFor(() => expect(api.watches).toBe(count), { timeout: 20_000 });

describe('belfry source kubernetes', () => {
  it("publishes Dorgu's clusters, which its page reads by socket and by REST", async () => {
    const { node, api, start, has } = await startWorld();
    api.create(PERSONAS, 'prod', { spec: { environment: 'production' }, status: { phase: 'Ready' } });
    start();
    await has('cluster.added.prod');
    await watched(api);
    const url = node.listening.find(({ dialect }) => dialect === 'dorgu')?.url ?? '';
    const frames: string[] = [];
    const socket = new WebSocket(`${url.replace('http', 'ws')}/ws`);
    onTestFinished(() => socket.close());
    socket.addEventListener('message', ({ data }) => frames.push(String(data)));
    await vi.waitFor(() => expect(frames).toEqual(['{"type":"cluster.updated","data":{"name":"prod"}}']));
    api.create(PERSONAS, 'staging', { spec: {} });
    api.delete(PERSONAS, 'prod');
    await vi.waitFor(() =>
      expect(frames.slice(1)).toEqual([
        '{"type":"cluster.added","data":{"name":"staging"}}',
        '{"type":"cluster.deleted","data":{"name":"prod"}}',
      ]),
    );
    expect(await (await fetch(`${url}/api/clusters`)).json()).toEqual({
      clusters: [{ name: 'staging', spec: {}, status: {} }],
    });
  });

  it('knows after kill -9 what it told, and tells what changed and went while it was away', async () => {
    const { api, start, has, events } = await startWorld();
    for (const name of ['a', 'b', 'c', 'd']) api.create(PERSONAS, name, { spec: {} });
    const first = start();
    await has('cluster.added.a', 'cluster.added.b', 'cluster.added.c', 'cluster.added.d');
    first.child.kill('SIGKILL');
    await first.exited;
    api.update(PERSONAS, 'b', { spec: { description: 'new' } });
    api.delete(PERSONAS, 'c');
    api.delete(PERSONAS, 'd');
    const again = api.create(PERSONAS, 'd', { spec: {} });
    start();
    await has(
      'cluster.added.a',
      'cluster.added.b',
      'cluster.added.c',
      'cluster.added.d',
      'cluster.updated.b',
      'cluster.deleted.d',
      'cluster.added.d',
      'cluster.deleted.c',
    );
    const { uid, resourceVersion } = again.metadata;
    expect((await events()).at(-2)?.metadata.source).toMatchObject({ at: `${uid}/${resourceVersion}` });
  });

  it('publishes any resource by its plural, and of Secrets only the metadata', async () => {
    const { api, start, events, has } = await startWorld();
    api.create(SECRETS, 'key', { data: { key: 'c2VjcmV0' } }, { namespace: 'shop' });
    api.create(DEPLOYMENTS, 'web', { spec: { replicas: 1 } }, { namespace: 'other' });
    const source = start('--resources', 'deployments.apps,secrets', '--namespaces', 'shop,mall');
    await watched(api, 4);
    api.create(DEPLOYMENTS, 'web', { spec: { replicas: 2 } }, { namespace: 'shop' });
    await has('secrets.added.shop/key', 'deployments.added.shop/web');
    expect((await events()).map(({ object }) => object)).toEqual([
      { apiVersion: 'v1', kind: 'Secret', metadata: expect.objectContaining({ name: 'key' }) as object },
      {
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        metadata: expect.objectContaining({ namespace: 'shop', name: 'web' }) as object,
        spec: { replicas: 2 },
      },
    ]);
    expect(await source.line(/keeps no latest values of deployments/, source.errorLines)).toContain(
      'BELFRY_RETENTION',
    );
  });

  it('publishes from one of two processes, and from the other one once the first has ended', async () => {
    const { api, start, has } = await startWorld();
    api.create(PERSONAS, 'a', { spec: {} });
    const [first, second] = [start(), start()];
    const waits = await Promise.race(
      [first, second].map(async (one) => {
        await one.line(/waits for its turn/, one.errorLines);
        return one;
      }),
    );
    await watched(api);
    const leader = waits === first ? second : first;
    leader.child.kill('SIGTERM');
    await leader.exited;
    api.delete(PERSONAS, 'a');
    api.create(PERSONAS, 'b', { spec: {} });
    await has('cluster.added.a', 'cluster.added.b', 'cluster.deleted.a');
    expect(waits.errorLines.join()).toContain('works as kubernetes now');
  });

  it('is ready once it has caught up, and says what it waits for', async () => {
    const { api, start } = await startWorld();
    api.authorization = 'Bearer other';
    const source = start('--listen', '127.0.0.1:0');
    const port = /port (\d+)/.exec(await source.line(/serving/, source.errorLines))?.[1] ?? '';
    const ready = async (): Promise<[number, string]> => {
      const response = await fetch(`http://127.0.0.1:${port}/readyz`);
      return [response.status, await response.text()];
    };
    await vi.waitFor(
      async () => expect(await ready()).toEqual([503, expect.stringContaining('credentials')]),
      10_000,
    );
    api.authorization = 'Bearer good';
    await vi.waitFor(async () => expect((await ready())[0]).toBe(200), 15_000);
    const metrics = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
    expect(metrics).toMatch(/belfry_source_kubernetes_lists_total\{.*reason="start"\} 1/);
    expect(metrics).toMatch(/belfry_source_kubernetes_failures_total\{.*status="401"\} [1-9]/);
  });

  it.each([
    [['--resources', 'Pods'], 2, /"Pods" names no resource/],
    [
      ['--resources', 'ingresses.extensions,ingresses.networking.k8s.io'],
      2,
      /both be published as ingresses/,
    ],
    [['--resources', 'connections.example.com'], 2, /connections cannot be published/],
    [['--namespaces', 'a_b'], 2, /"a_b" names no namespace/],
    [['--kube-context', 'there'], 2, /no context "there".*here/],
    [['--resources', 'pods'], 4, /may not subscribe pods/],
  ])('ends for %j with %i', async (args, exitCode, message) => {
    const { run } = await startWorld();
    const { code, errorLines } = await run(...args);
    expect([code, errorLines.join('\n')]).toEqual([exitCode, expect.stringMatching(message)]);
  });
});
