import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { KubernetesObject } from '../../src/sources/kubernetes/object.ts';
import { startHttpServer } from './http-server.ts';

/** Something that the server serves, and how it describes it. */
export interface ServedResource {
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly kind: string;
  readonly namespaced: boolean;
}

export const PERSONAS: ServedResource = {
  group: 'dorgu.io',
  version: 'v1',
  plural: 'clusterpersonas',
  kind: 'ClusterPersona',
  namespaced: false,
};
export const DEPLOYMENTS: ServedResource = {
  group: 'apps',
  version: 'v1',
  plural: 'deployments',
  kind: 'Deployment',
  namespaced: true,
};
export const SECRETS: ServedResource = {
  group: '',
  version: 'v1',
  plural: 'secrets',
  kind: 'Secret',
  namespaced: true,
};

interface Watcher {
  readonly response: ServerResponse;
  readonly resource: ServedResource;
  readonly query: URLSearchParams;
  readonly namespace: string | undefined;
  readonly metadataOnly: boolean;
}

interface Change {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly resource: ServedResource;
  readonly object: KubernetesObject;
  readonly version: number;
}

type Labels = Readonly<Record<string, string>>;

/**
 * A small server that speaks list and watch as an API server of Kubernetes does: the answers are those of kube-apiserver 1.34,
 * as it gave them. Versions are forgotten when a test says so.
 */
export class KubernetesApi {
  readonly url: string;
  /** The paths that were asked for, with their queries, in order. */
  readonly requests: string[] = [];
  /** What the next requests are refused with, before anything else is looked at. */
  readonly refusals: { status: number; headers?: Readonly<Record<string, string>>; body?: object }[] = [];
  /** How many objects a page has, whatever the client wants, if it is smaller. */
  pageMax = Infinity;
  /** Credentials that are accepted; without any, everybody is. */
  authorization: string | undefined;
  readonly #served: Set<ServedResource>;
  readonly #objects = new Map<ServedResource, Map<string, KubernetesObject>>();
  readonly #watchers = new Set<Watcher>();
  #changes: Change[] = [];
  /** Lists that are being read page by page, by the token that continues them. */
  readonly #lists = new Map<string, { readonly rest: KubernetesObject[]; readonly version: number }>();
  #version = 1_000;
  #forgottenUpTo = 0;

  private constructor(url: string, served: readonly ServedResource[]) {
    this.url = url;
    this.#served = new Set(served);
  }

  static async start(...served: readonly ServedResource[]): Promise<KubernetesApi> {
    let api: KubernetesApi | undefined;
    const { url } = await startHttpServer((request, response) => api?.answer(request, response));
    return (api = new KubernetesApi(url, served));
  }

  /** How many watches are open. */
  get watches(): number {
    return this.#watchers.size;
  }

  get version(): number {
    return this.#version;
  }

  serve(resource: ServedResource): void {
    this.#served.add(resource);
  }

  create(resource: ServedResource, name: string, fields: object = {}, meta: object = {}): KubernetesObject {
    return this.#put('ADDED', resource, {
      ...fields,
      metadata: { name, uid: randomUUID(), resourceVersion: '', ...meta },
    });
  }

  update(resource: ServedResource, name: string, fields: object, namespace?: string): KubernetesObject {
    return this.#put('MODIFIED', resource, {
      ...this.#objectsOf(resource).get(idOf(name, namespace))!,
      ...fields,
    });
  }

  delete(resource: ServedResource, name: string, namespace?: string): void {
    const object = this.#objectsOf(resource).get(idOf(name, namespace))!;
    this.#put('DELETED', resource, object);
  }

  /** Forgets all versions up to now, as a compaction of etcd does. Watches that are open go on. */
  compact(): void {
    this.#forgottenUpTo = this.#version;
    this.#changes = [];
    this.#lists.clear();
  }

  /** Cuts all connections of watches, as a lost network does. */
  cut(): void {
    for (const { response } of this.#taken()) response.destroy();
  }

  /** Ends all watches in good order, as the server does after their time. */
  endWatches(): void {
    for (const { response } of this.#taken()) response.end();
  }

  /** Says within each watch that its version is forgotten. */
  expireWatches(): void {
    for (const { response } of this.#taken()) response.end(`${JSON.stringify(expired())}\n`);
  }

  bookmark(): void {
    for (const { response, resource } of this.#watchers)
      write(response, {
        type: 'BOOKMARK',
        object: { ...headOf(resource), metadata: { resourceVersion: String(this.#version) } },
      });
  }

  answer(request: IncomingMessage, response: ServerResponse): void {
    const { pathname, searchParams: query } = new URL(request.url ?? '', 'http://api');
    this.requests.push(request.url ?? '');
    const refusal = this.refusals.shift();
    if (refusal !== undefined) return send(response, refusal.status, refusal.body ?? {}, refusal.headers);
    if (this.authorization !== undefined && request.headers.authorization !== this.authorization)
      return send(response, 401, status(401, 'Unauthorized', 'Unauthorized'));
    const described = this.#describe(pathname);
    if (described !== undefined) return send(response, 200, described);
    const found = this.#resourceAt(pathname);
    if (found === undefined) return send(response, 404, undefined);
    const metadataOnly = (request.headers.accept ?? '').includes('as=PartialObjectMetadata');
    const asked = { ...found, query, metadataOnly, response };
    if (query.get('watch') === 'true') this.#watch(asked);
    else this.#list(asked);
  }

  /** The watches so far, which are told nothing more. */
  #taken(): readonly Watcher[] {
    const watchers = [...this.#watchers];
    this.#watchers.clear();
    return watchers;
  }

  #describe(path: string): object | undefined {
    const groups = [...this.#served];
    const group = groups.find((one) => path === `/apis/${one.group}`);
    if (group !== undefined) {
      const preferredVersion = { groupVersion: `${group.group}/${group.version}`, version: group.version };
      return {
        kind: 'APIGroup',
        apiVersion: 'v1',
        name: group.group,
        versions: [preferredVersion],
        preferredVersion,
      };
    }
    const inVersion = groups.filter((one) => path === rootOf(one));
    if (inVersion.length === 0) return undefined;
    const verbs = ['delete', 'deletecollection', 'get', 'list', 'patch', 'create', 'update', 'watch'];
    const resources = inVersion.map(({ plural: name, kind, namespaced }) => ({
      name,
      singularName: '',
      namespaced,
      kind,
      verbs,
    }));
    return {
      kind: 'APIResourceList',
      apiVersion: 'v1',
      groupVersion: path.replace(/^\/apis?\//, ''),
      resources,
    };
  }

  #resourceAt(path: string): { resource: ServedResource; namespace: string | undefined } | undefined {
    for (const resource of this.#served) {
      const root = rootOf(resource);
      if (path === `${root}/${resource.plural}`) return { resource, namespace: undefined };
      const [, namespace] = new RegExp(`^${root}/namespaces/([^/]+)/${resource.plural}$`).exec(path) ?? [];
      if (namespace !== undefined) return { resource, namespace };
    }
    return undefined;
  }

  #list({ resource, namespace, query, metadataOnly, response }: Watcher): void {
    const token = query.get('continue');
    const begun = token === null ? undefined : this.#lists.get(token);
    if (token !== null && begun === undefined)
      return send(
        response,
        410,
        status(
          410,
          'Expired',
          'The provided continue parameter is too old to display a consistent list result.',
        ),
      );
    const { rest, version } = begun ?? {
      rest: [...this.#objectsOf(resource).values()].filter((object) => isSelected(object, namespace, query)),
      version: this.#version,
    };
    const limit = Math.min(Number(query.get('limit') ?? Infinity), this.pageMax);
    const items = rest.slice(0, limit);
    const left = rest.slice(limit);
    const next = left.length > 0 ? randomUUID() : undefined;
    if (next !== undefined) this.#lists.set(next, { rest: left, version });
    send(response, 200, {
      kind: metadataOnly ? 'PartialObjectMetadataList' : `${resource.kind}List`,
      apiVersion: metadataOnly ? 'meta.k8s.io/v1' : groupVersionOf(resource),
      metadata: {
        resourceVersion: String(version),
        ...(next !== undefined && { continue: next, remainingItemCount: left.length }),
      },
      items: items.map((object) => shown(object, metadataOnly)),
    });
  }

  #watch(watcher: Watcher): void {
    const { response, query } = watcher;
    response.writeHead(200, { 'Content-Type': 'application/json' });
    response.flushHeaders();
    const from = Number(query.get('resourceVersion'));
    if (from < this.#forgottenUpTo)
      return void response.end(`${JSON.stringify(expired(from, this.#forgottenUpTo))}\n`);
    for (const change of this.#changes) if (change.version > from) tell(watcher, change);
    this.#watchers.add(watcher);
    response.on('close', () => this.#watchers.delete(watcher));
  }

  #put(type: Change['type'], resource: ServedResource, object: KubernetesObject): KubernetesObject {
    const version = ++this.#version;
    const stored = {
      ...object,
      ...headOf(resource),
      metadata: { ...object.metadata, resourceVersion: String(version) },
    };
    const objects = this.#objectsOf(resource);
    const id = idOf(stored.metadata.name, stored.metadata.namespace);
    if (type === 'DELETED') objects.delete(id);
    else objects.set(id, stored);
    const change = { type, resource, object: stored, version };
    this.#changes.push(change);
    for (const watcher of this.#watchers) tell(watcher, change);
    return stored;
  }

  #objectsOf(resource: ServedResource): Map<string, KubernetesObject> {
    const objects = this.#objects.get(resource) ?? new Map<string, KubernetesObject>();
    this.#objects.set(resource, objects);
    return objects;
  }
}

const idOf = (name: string, namespace = ''): string => `${namespace}/${name}`;
const groupVersionOf = ({ group, version }: ServedResource): string =>
  group === '' ? version : `${group}/${version}`;
const rootOf = (resource: ServedResource): string =>
  `/${resource.group === '' ? 'api' : 'apis'}/${groupVersionOf(resource)}`;
const headOf = (resource: ServedResource): { apiVersion: string; kind: string } => ({
  apiVersion: groupVersionOf(resource),
  kind: resource.kind,
});

function isSelected(
  { metadata }: KubernetesObject,
  namespace: string | undefined,
  query: URLSearchParams,
): boolean {
  if (namespace !== undefined && metadata.namespace !== namespace) return false;
  const labels = (metadata['labels'] ?? {}) as Labels;
  const wanted = query.get('labelSelector')?.split(',') ?? [];
  return wanted.map((pair) => pair.split('=')).every(([name = '', value]) => labels[name] === value);
}

function shown(object: KubernetesObject, metadataOnly: boolean): object {
  return metadataOnly
    ? { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: object.metadata }
    : object;
}

function tell({ response, resource, query, namespace, metadataOnly }: Watcher, change: Change): void {
  if (change.resource !== resource || !isSelected(change.object, namespace, query)) return;
  write(response, { type: change.type, object: shown(change.object, metadataOnly) });
}

function expired(from = 1, oldest = 2): object {
  return { type: 'ERROR', object: status(410, 'Expired', `too old resource version: ${from} (${oldest})`) };
}

export function status(code: number, reason: string, message: string): object {
  return { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, reason, code };
}

function write(response: ServerResponse, line: object): void {
  response.write(`${JSON.stringify(line)}\n`);
}

function send(
  response: ServerResponse,
  code: number,
  body: object | undefined,
  headers: Readonly<Record<string, string>> = {},
): void {
  if (body === undefined)
    response.writeHead(code, { 'Content-Type': 'text/plain' }).end('404 page not found\n');
  else response.writeHead(code, { 'Content-Type': 'application/json', ...headers }).end(JSON.stringify(body));
}
