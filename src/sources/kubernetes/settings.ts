import { UsageError } from '../../clients/cli/errors.ts';
import { RESERVED_TYPES } from '../../model/event.ts';
import { typeOf } from './event-of.ts';
import { isSameResource, resourceName, textOf, type ResourceName } from './resource.ts';

/** What a source watches. */
export interface KubernetesSettings {
  readonly watched: readonly Watched[];
  /** None means all namespaces. */
  readonly namespaces: readonly string[];
  readonly labelSelector: string | undefined;
}

/** A resource, and how its objects are published. */
export interface Watched {
  readonly name: ResourceName;
  readonly isClusters: boolean;
}

const NAMESPACE = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

/** The resources of a comma list; no list means the clusters alone. @throws UsageError */
export function watchedOf(list: string | undefined, clusters: string): Watched[] {
  const asClusters = resourceName(clusters);
  const names = list === undefined ? [asClusters] : itemsOf(list).map(resourceName);
  const watched = names.map((name) => {
    const isClusters = isSameResource(name, asClusters);
    return { name: isClusters ? asClusters : name, isClusters };
  });
  const types = watched.map(({ name, isClusters }) => typeOf(name, isClusters));
  types.forEach((type, i) => {
    if (RESERVED_TYPES.includes(type))
      throw new UsageError(`${type} cannot be published, since events of this type are the hub's own.`);
    if (types.indexOf(type) === i) return;
    const both = watched.filter((_, at) => types[at] === type).map(({ name }) => textOf(name));
    throw new UsageError(
      `${both.join(' and ')} would both be published as ${type}. Expected each in a source of its own, under another --name and to another hub.`,
    );
  });
  return watched;
}

/** @throws UsageError */
export function namespacesOf(list: string | undefined): string[] {
  const names = [...new Set(itemsOf(list ?? ''))];
  const wrong = names.find((name) => !NAMESPACE.test(name));
  if (wrong === undefined) return names;
  throw new UsageError(`"${wrong}" names no namespace. Expected names such as default, with commas between.`);
}

function itemsOf(list: string): string[] {
  return list
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}
