import type { SourceEvent } from '../source.ts';
import type { Change } from './known-objects.ts';
import type { KubernetesObject } from './object.ts';
import type { Resource } from './resource.ts';

/** What Dorgu calls the clusters that its page shows. */
const CLUSTER_TYPE = 'cluster';
/** kubectl writes here all that it was given, the data of Secrets included. */
const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';
/** The fields of a Secret that hold what is secret. They are not asked for, and not passed on either. */
const SECRET_FIELDS: ReadonlySet<string> = new Set(['data', 'stringData']);

/** The event type of a resource. */
export function typeOf({ plural }: Pick<Resource, 'plural'>, isClusters: boolean): string {
  return isClusters ? CLUSTER_TYPE : plural;
}

/**
 * The event of a change. A ClusterPersona becomes the cluster that Dorgu's page reads: `{name, spec, status}`. Any other object
 * stays as it is, without what only Kubernetes needs, and without what is secret.
 */
export function eventOf(change: Change, resource: Resource, isClusters: boolean): SourceEvent {
  const { action, key, uid, resourceVersion, object } = change;
  return {
    type: typeOf(resource, isClusters),
    action,
    key,
    object: isClusters ? clusterOf(key, object) : objectOf(resource, key, uid, object),
    at: positionOf({ uid, resourceVersion }),
  };
}

/** What `metadata.source.at` holds. */
export function positionOf({ uid, resourceVersion }: Pick<Change, 'uid' | 'resourceVersion'>): string {
  return `${uid}/${resourceVersion}`;
}

function clusterOf(name: string, object: KubernetesObject | undefined): object {
  if (object === undefined) return { name };
  const { spec = {}, status } = object;
  // With a name alone the hub would not keep the cluster.
  return { name, spec, ...(status !== undefined && { status }) };
}

function objectOf(
  resource: Resource,
  key: string,
  uid: string,
  object: KubernetesObject | undefined,
): object {
  const { group, version, kind } = resource;
  const head = { apiVersion: group === '' ? version : `${group}/${version}`, kind };
  if (object === undefined) return { ...head, metadata: { ...namesOf(key), uid } };
  const { apiVersion: _, kind: __, metadata, ...rest } = object;
  const { managedFields: ___, annotations, ...meta } = metadata;
  const { [LAST_APPLIED]: ____, ...others } = annotations ?? {};
  const shown = isSecret(resource)
    ? Object.fromEntries(Object.entries(rest).filter(([field]) => !SECRET_FIELDS.has(field)))
    : rest;
  return {
    ...head,
    metadata: { ...meta, ...(Object.keys(others).length > 0 && { annotations: others }) },
    ...shown,
  };
}

/** Whether only the metadata of this resource may be read. */
export function isSecret({ plural, group }: Pick<Resource, 'plural' | 'group'>): boolean {
  return plural === 'secrets' && group === '';
}

function namesOf(key: string): { readonly namespace?: string; readonly name: string } {
  const slash = key.indexOf('/');
  return slash === -1 ? { name: key } : { namespace: key.slice(0, slash), name: key.slice(slash + 1) };
}
