import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { loadConfig } from '../../src/config/config.ts';
import { readHooks } from '../../src/sources/webhook/hooks-config.ts';
import { hubProgram } from '../support/command.ts';
import { MetricsPage } from '../support/metrics.ts';
import { startNode } from '../support/node.ts';
import { drainMs, exists, read, readYaml } from './files.ts';
import { KUBECTL, kustomized, OVERLAYS, type Overlay } from './manifests.ts';

type Labels = Readonly<Record<string, string>>;

interface Probe {
  readonly httpGet?: { readonly path: string; readonly port: string };
}

interface Container {
  readonly ports: readonly { readonly name: string; readonly containerPort: number }[];
  readonly env?: readonly { readonly name: string }[];
  readonly envFrom?: readonly Readonly<Record<string, { readonly name: string }>>[];
  readonly startupProbe?: Probe;
  readonly readinessProbe: Probe;
  readonly livenessProbe?: Probe;
  readonly lifecycle?: { readonly preStop: { readonly sleep: { readonly seconds: number } } };
  readonly securityContext: object;
  readonly volumeMounts?: readonly { readonly name: string }[];
}

/** The fields of Kubernetes objects that the tests look at. */
interface Spec {
  readonly replicas?: number;
  readonly selector: Labels & { readonly matchLabels: Labels };
  readonly podSelector: { readonly matchLabels?: Labels };
  readonly template: {
    readonly metadata: { readonly labels: Labels };
    readonly spec: {
      readonly containers: readonly [Container];
      readonly securityContext: { readonly runAsNonRoot: boolean };
      readonly terminationGracePeriodSeconds: number;
    };
  };
  readonly ports: readonly { readonly name: string; readonly port: number; readonly targetPort?: string }[];
  readonly rules: readonly {
    readonly http: {
      readonly paths: readonly {
        readonly backend: { readonly service: { name: string; port: { name: string } } };
      }[];
    };
  }[];
  readonly scaleTargetRef: { readonly apiVersion: string; readonly kind: string; readonly name: string };
  readonly minReplicas: number;
  readonly metrics: readonly { readonly pods?: { readonly metric: { readonly name: string } } }[];
  readonly maxUnavailable: number;
  readonly ingress: readonly {
    readonly from?: unknown;
    readonly ports: readonly { readonly port: number }[];
  }[];
  readonly groups: unknown;
  readonly egress: readonly { readonly ports: readonly { readonly port: number }[] }[];
  readonly podMetricsEndpoints: readonly { readonly port: string; readonly path: string }[];
  readonly serviceName: string;
  readonly volumeClaimTemplates: readonly { readonly metadata: { readonly name: string } }[];
}

interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly labels?: Labels };
  readonly data?: Labels;
  /** Of a role. */
  readonly rules?: readonly {
    readonly apiGroups: readonly string[];
    readonly resources: readonly string[];
    readonly verbs: readonly string[];
  }[];
  /** Of the binding of a role. */
  readonly roleRef?: { readonly name: string };
  readonly subjects?: readonly {
    readonly kind: string;
    readonly name: string;
    readonly namespace?: string;
  }[];
  readonly spec: Spec;
}

const API: Readonly<Record<string, string>> = {
  ConfigMap: 'v1',
  Secret: 'v1',
  Service: 'v1',
  Deployment: 'apps/v1',
  StatefulSet: 'apps/v1',
  DaemonSet: 'apps/v1',
  Ingress: 'networking.k8s.io/v1',
  HTTPRoute: 'gateway.networking.k8s.io/v1',
  NetworkPolicy: 'networking.k8s.io/v1',
  HorizontalPodAutoscaler: 'autoscaling/v2',
  PodDisruptionBudget: 'policy/v1',
  ServiceAccount: 'v1',
  ClusterRole: 'rbac.authorization.k8s.io/v1',
  ClusterRoleBinding: 'rbac.authorization.k8s.io/v1',
  PodMonitor: 'monitoring.coreos.com/v1',
  PrometheusRule: 'monitoring.coreos.com/v1',
};

const SOURCE = 'belfry-kubernetes-source';
const TO_HUB = `${SOURCE}-to-hub`;
const NODE_SOURCES = 'belfry-node-sources';
/** The policy that lets the source and the sink of webhooks reach the hub. */
const WEBHOOKS_TO_HUB = 'belfry-webhooks-to-hub';

const render = (overlay: Overlay): Manifest[] => kustomized(overlay) as Manifest[];

const ofKind = (manifests: readonly Manifest[], ...kinds: readonly string[]): Manifest[] =>
  manifests.filter(({ kind }) => kinds.includes(kind));
const workloads = (manifests: readonly Manifest[]): Manifest[] =>
  ofKind(manifests, 'Deployment', 'StatefulSet', 'DaemonSet');
const containerOf = ({ spec }: Manifest): Container => spec.template.spec.containers[0];

/** The names of the workloads whose pods a selector selects. A selector without labels selects all of them. */
function selected(manifests: readonly Manifest[], labels: Labels = {}): string[] {
  const found = workloads(manifests).filter(({ spec }) =>
    Object.entries(labels).every(([name, value]) => spec.template.metadata.labels[name] === value),
  );
  return found.map(({ metadata }) => metadata.name);
}

function hubOf(manifests: readonly Manifest[]): Manifest {
  const [hub] = ofKind(manifests, 'Deployment');
  if (hub === undefined) throw new Error('no Deployment');
  return hub;
}

function secretOf(overlay: Overlay): { readonly name: string; readonly data: Labels } {
  const [made] = ofKind(render(overlay), 'Secret');
  if (made === undefined) throw new Error('no Secret');
  const data = Object.entries(made.data ?? {}).map(([name, value]) => [
    name,
    Buffer.from(value, 'base64').toString(),
  ]);
  return { name: made.metadata.name, data: Object.fromEntries(data) as Labels };
}

describe.skipIf(KUBECTL === undefined)('the manifests', () => {
  it('are rendered completely, from files that exist', () => {
    const { resources } = readYaml('k8s/base/kustomization.yaml') as { resources: string[] };
    for (const name of resources) expect(exists(`k8s/base/${name}`)).toBe(true);
    expect(ofKind(render('try'), ...Object.keys(API))).toHaveLength(render('try').length);
  });

  describe.each(OVERLAYS)('of the overlay %s', (overlay) => {
    it('have kinds and versions that Kubernetes knows, and each name only once in its kind', () => {
      const manifests = render(overlay);
      for (const { apiVersion, kind } of manifests) expect([kind, apiVersion]).toEqual([kind, API[kind]]);
      const names = manifests.map(({ kind, metadata }) => `${kind} ${metadata.name}`);
      expect(new Set(names).size).toBe(names.length);
    });

    it('select the pods that they are meant for, and no others', () => {
      const manifests = render(overlay);
      const about = (kind: string, labels: (spec: Spec) => Labels | undefined): Record<string, string[]> =>
        Object.fromEntries(
          ofKind(manifests, kind).map(({ metadata, spec }) => [
            metadata.name,
            selected(manifests, labels(spec)),
          ]),
        );
      const itself = (kind: string): Record<string, string[]> =>
        Object.fromEntries(ofKind(manifests, kind).map(({ metadata: { name } }) => [name, [name]]));
      expect(about('Service', ({ selector }) => selector)).toEqual(itself('Service'));
      const policies = itself('NetworkPolicy');
      // It adds to what the policy of the hub lets in.
      if (TO_HUB in policies) policies[TO_HUB] = ['belfry'];
      if (WEBHOOKS_TO_HUB in policies) policies[WEBHOOKS_TO_HUB] = ['belfry'];
      if (NODE_SOURCES in policies) {
        policies[NODE_SOURCES] = ['belfry-docker-source', 'belfry-host-source'];
        policies[`${NODE_SOURCES}-to-hub`] = ['belfry'];
      }
      expect(about('NetworkPolicy', ({ podSelector }) => podSelector.matchLabels)).toEqual(policies);
      for (const kind of ['Deployment', 'StatefulSet', 'DaemonSet', 'PodDisruptionBudget'])
        expect(about(kind, ({ selector }) => selector.matchLabels)).toEqual(itself(kind));
    });

    it('name only ports, services and workloads that exist', () => {
      const manifests = render(overlay);
      const services = new Map(
        ofKind(manifests, 'Service').map((each) => [each.metadata.name, each.spec.ports]),
      );
      for (const { metadata, spec } of ofKind(manifests, 'Service')) {
        const workload = workloads(manifests).find((each) => each.metadata.name === metadata.name);
        const ports = workload === undefined ? [] : containerOf(workload).ports;
        for (const { name, port, targetPort = name } of spec.ports)
          expect(ports).toContainEqual({ name: targetPort, containerPort: port });
      }
      for (const { backend } of ofKind(manifests, 'Ingress').flatMap(({ spec }) =>
        spec.rules.flatMap(({ http }) => http.paths),
      ))
        expect(services.get(backend.service.name)?.map(({ name }) => name)).toContain(
          backend.service.port.name,
        );
      for (const { spec } of ofKind(manifests, 'HorizontalPodAutoscaler')) {
        const { apiVersion, kind, name } = spec.scaleTargetRef;
        expect(manifests).toContainEqual(
          expect.objectContaining({
            apiVersion,
            kind,
            metadata: expect.objectContaining({ name }) as object,
          }),
        );
      }
      for (const { spec } of ofKind(manifests, 'StatefulSet'))
        expect([...services.keys()]).toContain(spec.serviceName);
      for (const { spec } of ofKind(manifests, 'PodMonitor')) {
        const monitored = selected(manifests, spec.selector.matchLabels);
        expect(monitored).toEqual(workloads(manifests).map(({ metadata }) => metadata.name));
        for (const workload of workloads(manifests))
          expect(containerOf(workload).ports.map(({ name }) => name)).toContain(
            spec.podMetricsEndpoints[0]?.port,
          );
      }
    });

    it('configure the hub with settings that exist and are sufficient', () => {
      const manifests = render(overlay);
      const { envFrom = [], env = [] } = containerOf(hubOf(manifests));
      const settings = ofKind(manifests, 'ConfigMap').find(
        ({ data }) => data?.['BELFRY_LISTEN'] !== undefined,
      );
      const secret = secretOf(overlay);
      expect(envFrom).toEqual([
        { configMapRef: { name: settings?.metadata.name } },
        { secretRef: { name: secret.name } },
      ]);
      expect(env.map(({ name }) => name)).toEqual(['BELFRY_NODE']);
      const config = loadConfig({ ...settings?.data, ...secret.data, BELFRY_NODE: 'belfry-7d9f-x' });
      expect(config.redisUrl).toBeDefined();
      expect(config.secretMade).toBe(false);
      expect(config.listen.slice(0, -1)).toEqual(loadConfig({}).listen);
      expect(config.listen.at(-1)).toMatchObject({ dialect: 'metrics' });
      // A changed secret has another name, and this restarts the nodes.
      expect(secret.name).toMatch(/^belfry-\w+$/);
      expect(containerOf(hubOf(manifests)).ports).toEqual(
        config.listen.map(({ dialect, port }) => ({ name: dialect, containerPort: port })),
      );
    });

    it('open the ports on which the hub listens, and let it reach its Redis', () => {
      const manifests = render(overlay);
      const { spec } = ofKind(manifests, 'NetworkPolicy').find(
        ({ metadata }) => metadata.name === 'belfry',
      ) as Manifest;
      const ports = (rules: Spec['ingress']): number[] =>
        rules.flatMap((rule) => rule.ports.map(({ port }) => port));
      const open = loadConfig({}).listen.map(({ port }) => port);
      // The overlay `try` has a secret that everybody knows, so only port-forward can reach it.
      expect(ports(spec.ingress.filter(({ from }) => from === undefined))).toEqual(
        overlay === 'try' ? [] : open,
      );
      expect(ofKind(manifests, 'Ingress')).toHaveLength(overlay === 'try' ? 0 : 1);
      const redis = new URL(secretOf(overlay).data['BELFRY_REDIS_URL'] ?? '');
      expect(ports(spec.egress)).toEqual(expect.arrayContaining([53, 7000, Number(redis.port || 6379)]));
      // The Redis of the overlay `try` is inside the cluster, and every other one is outside.
      const services = ofKind(manifests, 'Service').map(({ metadata }) => metadata.name);
      expect(services.includes(redis.hostname)).toBe(overlay === 'try');
    });

    it('run no container as root, and give each a read-only root file system', () => {
      for (const workload of workloads(render(overlay))) {
        expect(workload.spec.template.spec.securityContext.runAsNonRoot).toBe(true);
        expect(containerOf(workload).securityContext).toEqual({
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ['ALL'] },
        });
      }
    });

    it('give the hub more time to end than preStop and drain take, and keep replicas running during disruptions', () => {
      const { spec } = hubOf(render(overlay));
      const preStopMs = (containerOf(hubOf(render(overlay))).lifecycle?.preStop.sleep.seconds ?? 0) * 1_000;
      expect(preStopMs).toBeGreaterThan(0);
      expect(spec.template.spec.terminationGracePeriodSeconds * 1_000).toBeGreaterThan(preStopMs + drainMs());
      const [budget] = ofKind(render(overlay), 'PodDisruptionBudget');
      const [scaler] = ofKind(render(overlay), 'HorizontalPodAutoscaler');
      // If the Deployment also set the number of replicas, it would undo the work of the autoscaler.
      expect(spec.replicas).toBeUndefined();
      expect(scaler?.spec.minReplicas).toBeGreaterThan(budget?.spec.maxUnavailable ?? Infinity);
    });
  });

  it('probe paths that a running node serves, and scale by a metric that it has', async () => {
    const node = await startNode({ BELFRY_LISTEN: '127.0.0.1:0=norn,127.0.0.1:0=metrics' });
    const manifests = render('full');
    const { startupProbe, readinessProbe, livenessProbe, ports } = containerOf(hubOf(manifests));
    const probes = [startupProbe, readinessProbe, livenessProbe].map((probe) => probe?.httpGet);
    expect(probes.map((entryPoint) => entryPoint?.path)).toEqual(['/healthz', '/readyz', '/healthz']);
    const monitored = ofKind(manifests, 'PodMonitor').flatMap(({ spec }) => spec.podMetricsEndpoints);
    for (const entryPoint of [...probes, ...monitored]) {
      expect(ports.map(({ name }) => name)).toContain(entryPoint?.port);
      const listener = node.listening.find(({ dialect }) => dialect === entryPoint?.port);
      expect((await fetch(`${listener?.url}${entryPoint?.path}`)).status).toBe(200);
    }
    const [scaler] = ofKind(manifests, 'HorizontalPodAutoscaler');
    const metrics = scaler?.spec.metrics.flatMap(({ pods }) => pods?.metric.name ?? []);
    expect(metrics).toEqual(['belfry_connections']);
    expect([...(await MetricsPage.of(node.listening[1]?.url ?? '')).families.keys()]).toContain(
      'belfry_connections',
    );
  });

  it('give the operator of Prometheus the same alerts word for word, and do without it in plain production', () => {
    const [rule] = ofKind(render('full'), 'PrometheusRule');
    expect(rule?.spec.groups).toEqual((readYaml('deploy/alerts.yml') as { groups: unknown }).groups);
    expect(ofKind(render('production'), 'PrometheusRule', 'PodMonitor')).toEqual([]);
    const [scaler] = ofKind(render('production'), 'HorizontalPodAutoscaler');
    expect(scaler?.spec.metrics.some(({ pods }) => pods !== undefined)).toBe(false);
  });

  it('let the source read what it watches, and nothing else, by an account of its own', () => {
    const manifests = render('full');
    const source = workloads(manifests).find(({ metadata }) => metadata.name === SOURCE) as Manifest;
    const { env = [] } = containerOf(source) as { env?: readonly { name: string; value?: string }[] };
    const watched = env.find(({ name }) => name === 'BELFRY_SOURCE_RESOURCES')?.value ?? '';
    const [role] = ofKind(manifests, 'ClusterRole');
    expect(role?.rules?.every(({ verbs }) => verbs.join() === 'get,list,watch')).toBe(true);
    const permitted = role?.rules?.flatMap(({ apiGroups, resources }) =>
      resources.flatMap((plural) => apiGroups.map((group) => `${plural}.${group}`)),
    );
    expect(permitted).toEqual(watched.split(','));
    const [binding] = ofKind(manifests, 'ClusterRoleBinding');
    expect(binding?.roleRef?.name).toBe(role?.metadata.name);
    const [account] = ofKind(manifests, 'ServiceAccount');
    expect(binding?.subjects).toEqual([
      { kind: 'ServiceAccount', name: account?.metadata.name, namespace: 'default' },
    ]);
    expect(source.spec.template.spec).toMatchObject({
      serviceAccountName: account?.metadata.name,
      automountServiceAccountToken: true,
    });
    expect(source.spec.replicas).toBe(2);
  });

  it('let the source reach the hub, also where nobody else may', () => {
    const policy = ofKind(render('full'), 'NetworkPolicy').find(({ metadata }) => metadata.name === TO_HUB);
    expect(policy?.spec.ingress).toEqual([
      {
        from: [{ podSelector: { matchLabels: { 'app.kubernetes.io/name': SOURCE } } }],
        ports: [{ port: 8800 }],
      },
    ]);
  });

  it('run a source and a sink of webhooks, with options that the command has and hooks that it can read', () => {
    const manifests = render('full');
    const program = hubProgram();
    for (const name of ['source', 'sink']) {
      const workload = workloads(manifests).find(
        ({ metadata }) => metadata.name === `belfry-webhook-${name}`,
      );
      const { args = [], env = [] } = containerOf(
        workload as Manifest,
      ) as unknown as Pod['containers'][number];
      const kinds = program.commands.find((command) => command.name() === args[0])?.commands ?? [];
      const help = kinds.find((command) => command.name() === args[1])?.helpInformation() ?? '';
      const options = [...args.filter((word) => word.startsWith('--')), ...env.map((each) => each.name)];
      for (const option of options) expect(help).toContain(option);
    }
    const hooks = ofKind(manifests, 'ConfigMap').find(({ data }) => data?.['hooks.yaml'] !== undefined);
    const folder = mkdtempSync(join(tmpdir(), 'belfry-hooks-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const file = join(folder, 'hooks.yaml');
    writeFileSync(file, hooks?.data?.['hooks.yaml'] ?? '');
    vi.stubEnv('GITHUB_SECRET', 'x'.repeat(32));
    onTestFinished(() => void vi.unstubAllEnvs());
    expect([...readHooks(file).keys()]).toEqual(['github']);
  });

  it('give the engine of a node to a proxy that permits to read, and to no other container', () => {
    const withSocket = workloads(render('full')).flatMap(({ spec: { template } }) => {
      const { containers, volumes = [] } = template.spec as unknown as Pod;
      const sockets = volumes.filter(({ hostPath }) => hostPath?.path.endsWith('docker.sock'));
      return containers.filter(({ volumeMounts = [] }) =>
        volumeMounts.some(({ name }) => sockets.some((socket) => socket.name === name)),
      );
    });
    expect(withSocket.map(({ name }) => name)).toEqual(['proxy']);
    expect(withSocket[0]?.env).toEqual([{ name: 'BELFRY_PROXY_ADDRESS', value: '127.0.0.1' }]);
    // Kustomize takes no file from outside of its folder.
    expect(read('k8s/components/node-sources/docker-proxy.cfg')).toBe(read('deploy/docker-proxy.cfg'));
  });
});

interface Pod {
  readonly containers: readonly {
    readonly name: string;
    readonly args?: readonly string[];
    readonly env?: readonly { readonly name: string; readonly value?: string }[];
    readonly volumeMounts?: readonly { readonly name: string }[];
  }[];
  readonly volumes?: readonly { readonly name: string; readonly hostPath?: { readonly path: string } }[];
}
