import { globSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { loadConfig } from '../../src/config/config.ts';
import { describeConfig } from '../../src/config/description.ts';
import { isJsonObject } from '../../src/model/json.ts';
import { exists, read } from './files.ts';
import { complaintsAbout } from './kubernetes-schemas.ts';
import {
  chartFile,
  chartYaml,
  HELM,
  helmed,
  KUBECTL,
  kustomized,
  OVERLAYS,
  SECRETS,
  type KubernetesObject,
  type Overlay,
} from './manifests.ts';

const PRODUCTION = {
  image: { repository: 'registry.example.com/belfry' },
  redis: { url: SECRETS.BELFRY_REDIS_URL },
  token: { secret: SECRETS.BELFRY_JWT_SECRET },
  ingress: { enabled: true, host: 'belfry.example.com', tlsSecret: 'belfry-tls' },
};

/** The values of the chart that stand for each overlay. */
const VALUES: Readonly<Record<Overlay, object>> = {
  try: { try: true },
  production: PRODUCTION,
  full: {
    ...PRODUCTION,
    autoscaling: { connections: 10_000 },
    httpRoute: {
      enabled: true,
      parentRefs: [{ name: 'public', namespace: 'gateways' }],
      hostnames: ['belfry.example.com'],
    },
    monitoring: { monitor: 'PodMonitor', rules: true },
    kubernetesSource: { enabled: true },
    hostSource: { enabled: true },
    dockerSource: { enabled: true },
    webhookSource: { enabled: true, hooks: { github: { check: 'github', secretEnv: 'GITHUB_SECRET' } } },
    webhookSink: { enabled: true, to: 'https://hooks.example.com/belfry' },
  },
};

/** The least that a hub needs. */
const LEAST = { redis: { existingSecret: 'redis' }, token: { existingSecret: 'token' } };

/** Values that make what {@link VALUES} do not. */
const PLACES = [
  {
    ...LEAST,
    redis: { existingSecret: 'redis', caSecret: 'redis-ca' },
    image: { digest: `sha256:${'0'.repeat(64)}`, pullSecrets: ['pull'] },
    nodeSelector: { pool: 'events' },
    tolerations: [{ key: 'events', operator: 'Exists' }],
    affinity: { podAntiAffinity: {} },
    priorityClassName: 'high',
    serviceAccountName: 'hub',
    podAnnotations: { 'example.com/owner': 'events' },
    podLabels: { team: 'events' },
    spread: 'DoNotSchedule',
    autoscaling: { enabled: false },
    service: { type: 'LoadBalancer', annotations: { 'example.com/kind': 'internal' } },
    monitoring: { monitor: 'ServiceMonitor', rules: true, labels: { release: 'prometheus' } },
    networkPolicy: { from: [{ podSelector: {} }] },
    kubernetesSource: { enabled: true, namespaces: ['shop', 'pay'] },
  },
] as const;

/** A way in which the two renderings differ, and how it is taken away from every value of a rendering. */
interface Difference {
  readonly why: string;
  readonly of: 'helm' | 'kustomize';
  readonly take: (path: string, value: unknown) => unknown;
}

const OF_HELM = /^(helm\.sh\/chart|app\.kubernetes\.io\/(instance|managed-by|version))$/;
const without = (value: unknown, taken: RegExp): unknown =>
  isJsonObject(value)
    ? Object.fromEntries(Object.entries(value).filter(([name]) => !taken.test(name)))
    : value;

const DIFFERENCES: readonly Difference[] = [
  {
    why: 'labels of Helm name the release, so that two releases can live in one namespace',
    of: 'helm',
    take: (path, value) => (/\/(labels|matchLabels|selector)$/.test(path) ? without(value, OF_HELM) : value),
  },
  {
    why: 'a change of the settings rolls the nodes by a checksum in Helm',
    of: 'helm',
    take: (path, value) => (path.endsWith('/annotations') ? without(value, /^checksum\//) : value),
  },
  {
    why: 'a change of the settings rolls the nodes by the name of their object in kustomize',
    of: 'kustomize',
    take: (path, value) =>
      path.endsWith('/name') ? String(value).replace(/^(belfry[a-z-]*)-[a-z\d]{10}$/, '$1') : value,
  },
  {
    why: 'Helm gives the role a name that no release of another namespace has, since the whole cluster sees it',
    of: 'helm',
    take: (path, value) =>
      path.endsWith('/name') ? String(value).replace(/^default-(belfry-kubernetes-source)$/, '$1') : value,
  },
  {
    why: 'Helm labels every object of a release, kustomize the workloads and what belongs to the hub',
    of: 'helm',
    take: (path, value) => (path === '/metadata' ? without(value, /^labels$/) : value),
  },
  {
    why: 'kustomize labels the workloads and what belongs to the hub, Helm every object of a release',
    of: 'kustomize',
    take: (path, value) => (path === '/metadata' ? without(value, /^labels$/) : value),
  },
  {
    why: 'the image of the overlay `try` is one of this machine without a version',
    of: 'kustomize',
    take: (path, value) => (path.endsWith('/image') && value === 'belfry' ? 'belfry:0.1.0' : value),
  },
];

/** Every value below and including one, each replaced by what a function makes of it. */
function mapped(value: unknown, take: Difference['take'], path = ''): unknown {
  const taken = take(path, value);
  if (Array.isArray(taken)) return taken.map((each, index) => mapped(each, take, `${path}/${index}`));
  if (!isJsonObject(taken)) return taken;
  return Object.fromEntries(
    Object.entries(taken).map(([name, each]) => [name, mapped(each, take, `${path}/${name}`)]),
  );
}

const keyOf = ({ kind, metadata }: KubernetesObject): string => `${kind} ${metadata.name}`;

/** The objects by kind and name, without the differences of their side. */
function comparable(objects: readonly KubernetesObject[], of: Difference['of']): Record<string, unknown> {
  const changes = DIFFERENCES.filter((each) => each.of === of);
  const plain = objects.map((object) =>
    changes.reduce((value: unknown, { take }) => mapped(value, take), object),
  ) as KubernetesObject[];
  return Object.fromEntries(plain.map((object) => [keyOf(object), object]));
}

/** A schema of a value of the chart. */
interface ValueSchema {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly additionalProperties?: unknown;
  readonly properties?: Readonly<Record<string, ValueSchema>>;
}

const SCHEMA = JSON.parse(chartFile('values.schema.json')) as ValueSchema;

function valuesOf(schema: ValueSchema, path = ''): [path: string, schema: ValueSchema][] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, each]) => [
    [path + name, each],
    ...('default' in each ? [] : valuesOf(each, `${path}${name}.`)),
  ]);
}

/** What a rendering has of one kind. */
const ofKind = (objects: readonly KubernetesObject[], kind: string): Record<string, unknown>[] =>
  objects.filter((object) => object.kind === kind) as unknown as Record<string, unknown>[];

/** The spec of the pods of the hub. */
function podOf(values: object): unknown {
  const hub = helmed(values).find((object) => keyOf(object) === 'Deployment belfry');
  return (hub as unknown as { spec: { template: { spec: unknown } } }).spec.template.spec;
}

describe('the values of the chart', () => {
  it('have a description each, a default each, and no unknown names beside them', () => {
    for (const [path, schema] of valuesOf(SCHEMA)) {
      expect([path, schema.description]).toEqual([path, expect.stringMatching(/^[A-Z].*\.$/)]);
      const isClosed = schema.properties === undefined || schema.additionalProperties === false;
      const hasDefault = schema.properties !== undefined || 'default' in schema;
      expect([path, isClosed, hasDefault]).toEqual([path, true, true]);
    }
    expect(SCHEMA.additionalProperties).toBe(false);
  });

  it('are each read by a template', () => {
    const folder = fileURLToPath(new URL('../../k8s/chart/templates/', import.meta.url));
    const templates = globSync('*', { cwd: folder }).map((name) => chartFile(`templates/${name}`));
    for (const [path] of valuesOf(SCHEMA)) {
      if (path === 'global') continue;
      const name = path.split('.').at(-1) ?? '';
      expect([path, templates.some((text) => new RegExp(`\\.${name}\\b`).test(text))]).toEqual([path, true]);
    }
  });

  it('name the pages of the documentation that explain them', () => {
    for (const [, { description = '' }] of valuesOf(SCHEMA)) {
      for (const [, page] of description.matchAll(/\/docs\/([\w/-]+)/g))
        expect(exists(`src/docs/${page}.md`)).toBe(true);
    }
  });

  it('permit every setting that is no secret and that the chart does not set itself', () => {
    const permitted = SCHEMA.properties?.['settings']?.properties ?? {};
    const names = describeConfig(loadConfig({})).map(({ name }) => name);
    const apart = names.filter((name) => !Object.hasOwn(permitted, name));
    expect(apart.toSorted()).toEqual([
      'BELFRY_JWT_SECRET',
      'BELFRY_LISTEN',
      'BELFRY_NODE',
      'BELFRY_OTLP_HEADERS',
      'BELFRY_REDIS_URL',
      'BELFRY_TLS_KEY',
      'BELFRY_USERS',
    ]);
  });
});

describe('the chart', () => {
  it('has the version of the package, and carries the alerts and the proxy of a Docker engine word for word', () => {
    const { version } = JSON.parse(read('package.json')) as { version: string };
    expect(chartYaml('Chart.yaml')).toMatchObject({ version, appVersion: version });
    expect(chartFile('files/alerts.yml')).toBe(read('deploy/alerts.yml'));
    expect(chartFile('files/docker-proxy.cfg')).toBe(read('deploy/docker-proxy.cfg'));
  });
});

describe.skipIf(HELM === undefined)('Helm', () => {
  describe.skipIf(KUBECTL === undefined)('renders the chart', () => {
    it.each(Object.keys(VALUES) as Overlay[])('as kustomize renders the overlay %s', (overlay) => {
      const [made, expected] = [helmed(VALUES[overlay]), kustomized(overlay)];
      expect(Object.keys(comparable(made, 'helm')).toSorted()).toEqual(
        Object.keys(comparable(expected, 'kustomize')).toSorted(),
      );
      expect(comparable(made, 'helm')).toEqual(comparable(expected, 'kustomize'));
    });

    it.each(DIFFERENCES)('with a difference: $why', ({ of, take }) => {
      const objects = (Object.keys(VALUES) as Overlay[]).flatMap((overlay) =>
        of === 'helm' ? helmed(VALUES[overlay]) : kustomized(overlay),
      );
      expect(objects.map((object) => mapped(object, take))).not.toEqual(objects);
    });
  });

  it('names all objects of a release after it, and selects the pods of no other release', () => {
    const full = helmed(VALUES.full, 'blue');
    const outside = full.filter(({ metadata }) => !/^(default-)?blue-belfry/.test(metadata.name));
    expect(outside.map(keyOf)).toEqual([]);
    const selectors: unknown[] = [];
    mapped(full, (path, value) => {
      const isSelector = /\/(matchLabels|selector)$/.test(path) && !without(value, /^matchLabels$/) === value;
      if (isSelector && !isSelectorOf(value)) selectors.push(value);
      return value;
    });
    expect(selectors).toEqual([]);
  });

  it('refuses values that it does not know', () => {
    for (const [values, message] of [
      [{ sauce: 1 }, /sauce/],
      [{ image: { Tag: '1' } }, /\/image.*Tag/],
      [{ settings: { BELFRY_LOGLEVEL: 'info' } }, /\/settings.*BELFRY_LOGLEVEL/],
      [{ settings: { BELFRY_JWT_SECRET: 'secret' } }, /\/settings.*BELFRY_JWT_SECRET/],
      [{ settings: { BELFRY_CONSOLE: false } }, /BELFRY_CONSOLE.*got boolean, want string/],
      [{ redis: { url: 'http://redis' } }, /redis\/url/],
      [{ httpRoute: { parentRefs: [{ gateway: 'public' }] } }, /parentRefs/],
    ] as const)
      expect(() => helmed({ ...LEAST, ...values })).toThrow(message);
  });

  it('refuses values with which no node would start, or anybody could reach a hub whose secret is known', () => {
    for (const [values, message] of [
      [{}, 'The hub has no Redis. Expected redis.existingSecret'],
      [{ redis: LEAST.redis }, 'The hub cannot check tokens. Expected token.existingSecret'],
      [{ ...LEAST, redis: { existingSecret: 'redis', url: 'redis://redis' } }, 'given twice'],
      [{ ...LEAST, token: { existingSecret: 'token', secret: 'secret' } }, 'given twice'],
      [{ try: true, ingress: PRODUCTION.ingress }, 'With try=true'],
      [{ ...LEAST, ingress: { enabled: true } }, 'Expected ingress.host'],
      [{ ...LEAST, httpRoute: { enabled: true, hostnames: ['a.example'] } }, 'Expected httpRoute.parentRefs'],
      [{ ...LEAST, webhookSource: { enabled: true } }, 'Expected webhookSource.hooks'],
      [{ ...LEAST, webhookSink: { enabled: true } }, 'Expected webhookSink.to'],
    ] as const)
      expect(() => helmed(values)).toThrow(message);
  });

  it('takes URL, secret and certificate from Secrets that exist, and makes none of its own then', () => {
    const redis = { existingSecret: 'redis', key: 'url', caSecret: 'redis-ca' };
    const values = { redis, token: { existingSecret: 'token', key: 'jwt' }, existingSecrets: ['more'] };
    expect(ofKind(helmed(values), 'Secret')).toEqual([]);
    expect(podOf(values)).toMatchObject({
      containers: [
        {
          envFrom: [{ configMapRef: { name: 'belfry' } }, { secretRef: { name: 'more' } }],
          env: [
            { name: 'BELFRY_NODE' },
            { name: 'BELFRY_REDIS_URL', valueFrom: { secretKeyRef: { name: 'redis', key: 'url' } } },
            { name: 'NODE_EXTRA_CA_CERTS', value: '/redis-ca/ca.crt' },
            { name: 'BELFRY_JWT_SECRET', valueFrom: { secretKeyRef: { name: 'token', key: 'jwt' } } },
          ],
          volumeMounts: [{ name: 'redis-ca', mountPath: '/redis-ca', readOnly: true }],
        },
      ],
      volumes: [{ name: 'redis-ca', secret: { secretName: 'redis-ca' } }],
    });
  });

  it('checks tokens by the keys of an issuer instead of a secret', () => {
    const settings = { BELFRY_JWKS_URL: 'https://id.example.com/keys', BELFRY_ANONYMOUS: 'none' };
    const made = helmed({ redis: LEAST.redis, settings });
    const [{ data } = { data: {} }] = ofKind(made, 'ConfigMap');
    expect(loadConfig({ ...(data as object), BELFRY_REDIS_URL: 'redis://r' })).toMatchObject({
      jwksUrl: settings.BELFRY_JWKS_URL,
      trustedHops: 1,
    });
  });

  it('leads a route of the Gateway API to the hub, without an end to its requests', () => {
    const parentRefs = [{ name: 'public', namespace: 'gateways', sectionName: 'https' }];
    const made = helmed({
      ...LEAST,
      httpRoute: { enabled: true, parentRefs, hostnames: ['belfry.example.com'] },
    });
    expect(ofKind(made, 'Ingress')).toEqual([]);
    expect(ofKind(made, 'HTTPRoute')).toMatchObject([
      {
        apiVersion: 'gateway.networking.k8s.io/v1',
        spec: {
          parentRefs,
          hostnames: ['belfry.example.com'],
          rules: [
            {
              timeouts: { request: '0s', backendRequest: '0s' },
              backendRefs: [{ name: 'belfry', port: 8800 }],
            },
          ],
        },
      },
    ]);
  });

  it('has the number of nodes from the values when autoscaling is off, and from the autoscaler otherwise', () => {
    const fixed = helmed({ ...LEAST, autoscaling: { enabled: false }, replicas: 5 });
    expect(ofKind(fixed, 'HorizontalPodAutoscaler')).toEqual([]);
    expect(ofKind(fixed, 'Deployment')).toMatchObject([{ spec: { replicas: 5 } }]);
    const [hub] = ofKind(helmed(LEAST), 'Deployment') as { spec: object }[];
    expect(hub?.spec).not.toHaveProperty('replicas');
  });

  it('lets a ServiceMonitor choose the Service of the hub, with the labels that the operator looks for', () => {
    const monitoring = { monitor: 'ServiceMonitor', labels: { release: 'prometheus' } };
    const made = helmed({ ...LEAST, monitoring });
    const [service] = ofKind(made, 'Service') as {
      metadata: { labels: object };
      spec: { ports: object[] };
    }[];
    expect(ofKind(made, 'ServiceMonitor')).toMatchObject([
      { metadata: { labels: { release: 'prometheus' } }, spec: { jobLabel: 'app.kubernetes.io/name' } },
    ]);
    const selector = { 'app.kubernetes.io/name': 'belfry', 'app.kubernetes.io/instance': 'belfry' };
    expect(ofKind(made, 'ServiceMonitor')).toMatchObject([{ spec: { selector: { matchLabels: selector } } }]);
    expect(service?.metadata.labels).toMatchObject(selector);
    expect(service?.spec.ports).toContainEqual(expect.objectContaining({ name: 'metrics' }));
  });

  it('keeps metrics inside of the cluster when the Service reaches out of it', () => {
    const [service] = ofKind(helmed({ ...LEAST, service: { type: 'LoadBalancer' } }), 'Service') as {
      spec: { type: string; ports: { name: string }[] };
    }[];
    expect(service?.spec.type).toBe('LoadBalancer');
    expect(service?.spec.ports.map(({ name }) => name)).not.toContain('metrics');
  });

  it('gives the source of Kubernetes a role in each of its namespaces, and none of the whole cluster then', () => {
    const kubernetesSource = {
      enabled: true,
      namespaces: ['shop', 'pay'],
      resources: [
        { group: 'apps', resource: 'deployments' },
        { group: '', resource: 'pods' },
      ],
    };
    const made = helmed({ ...LEAST, kubernetesSource });
    expect(ofKind(made, 'ClusterRole')).toEqual([]);
    for (const kind of ['Role', 'RoleBinding'])
      expect(ofKind(made, kind)).toMatchObject(
        ['shop', 'pay'].map((namespace) => ({ metadata: { name: 'belfry-kubernetes-source', namespace } })),
      );
    expect(ofKind(made, 'Role')[0]).toMatchObject({
      rules: [
        { apiGroups: ['apps'], resources: ['deployments'], verbs: ['get', 'list', 'watch'] },
        { apiGroups: [''], resources: ['pods'], verbs: ['get', 'list', 'watch'] },
      ],
    });
    expect(JSON.stringify(made)).toContain('"deployments.apps,pods"');
  });

  it('puts the pods where the values want them, with the image of a digest', () => {
    const [values] = PLACES;
    const { nodeSelector, tolerations, affinity, priorityClassName, serviceAccountName, image } = values;
    expect(podOf(values)).toMatchObject({
      nodeSelector,
      tolerations,
      affinity,
      priorityClassName,
      serviceAccountName,
      imagePullSecrets: [{ name: 'pull' }],
      topologySpreadConstraints: [
        { whenUnsatisfiable: 'DoNotSchedule' },
        { whenUnsatisfiable: 'DoNotSchedule' },
      ],
      containers: [{ image: `belfry@${image.digest}` }],
    });
  });

  it('lets only those reach the listeners who are named, and makes no policy where none is wanted', () => {
    const from = [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'ingress-nginx' } } }];
    const [policy] = ofKind(helmed({ ...LEAST, networkPolicy: { from } }), 'NetworkPolicy');
    expect(policy).toMatchObject({ spec: { ingress: [{ from }, {}] } });
    expect(ofKind(helmed({ ...VALUES.full, networkPolicy: { enabled: false } }), 'NetworkPolicy')).toEqual(
      [],
    );
  });
});

describe('the schemas of Kubernetes', () => {
  it.skipIf(KUBECTL === undefined).each(OVERLAYS)('fit every object of the overlay %s', (overlay) => {
    expect(kustomized(overlay).flatMap(complaintsAbout)).toEqual([]);
  });

  it.skipIf(HELM === undefined)('fit every object of the chart, whatever values it has', () => {
    const made = [...Object.values(VALUES), ...PLACES].flatMap((values) => helmed(values));
    expect(made.flatMap(complaintsAbout)).toEqual([]);
    const kinds = new Set(made.map(({ kind }) => kind));
    for (const kind of ['HTTPRoute', 'PodMonitor', 'ServiceMonitor', 'Role', 'StatefulSet', 'Ingress'])
      expect(kinds).toContain(kind);
  });

  it('fit no object with a field that does not exist, or with a value of another type', () => {
    const metadata = { name: 'belfry' };
    const policy = (spec: object): KubernetesObject => {
      const object = { apiVersion: 'policy/v1', kind: 'PodDisruptionBudget', metadata, spec };
      return object;
    };
    expect(complaintsAbout(policy({ maxUnavailable: 1 }))).toEqual([]);
    expect(complaintsAbout(policy({ maxUnavailabel: 1 }))).toEqual([
      expect.stringContaining('maxUnavailabel'),
    ]);
    expect(complaintsAbout(policy({ selector: { matchLabels: { a: 1 } } }))).toEqual([
      expect.stringContaining('/spec/selector/matchLabels/a must be string'),
    ]);
  });
});

describe.skipIf(HELM === undefined)('the page about Helm', () => {
  const page = read('src/docs/how-to/helm.md').replaceAll(/^ {3}/gm, '');
  const blocks = [...page.matchAll(/^```yaml\n([^]*?)^```/gm)].map(([, text = '']) => text);

  it.each(blocks)('has values that Helm takes, and that change what it renders: %#', (text) => {
    const first = parse(blocks[0] ?? '') as object;
    const made = helmed({ ...first, ...(parse(text) as object) });
    expect(made).not.toEqual(helmed(text === blocks[0] ? LEAST : first));
  });

  it('names only objects that a release has', () => {
    const names = new Set(
      helmed(VALUES.try).map(({ kind, metadata }) => `${kind.toLowerCase()}/${metadata.name}`),
    );
    const named = [...page.matchAll(/\b(?:deployment|service)\/[\w-]+/g)].map(([name]) => name);
    expect(named.length).toBeGreaterThan(0);
    expect(named.filter((name) => !names.has(name))).toEqual([]);
  });
});

/** Whether a selector selects pods of the release `blue` alone. */
function isSelectorOf(value: unknown): boolean {
  return isJsonObject(value) && value['app.kubernetes.io/instance'] === 'blue';
}
