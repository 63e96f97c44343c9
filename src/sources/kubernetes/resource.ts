import { UsageError } from '../../clients/cli/errors.ts';
import type { ApiClient } from './api-client.ts';
import { ApiError } from './api-error.ts';

/** How a resource is written on the command line: `pods`, `deployments.apps`, `deployments.v1.apps`. */
export interface ResourceName {
  readonly plural: string;
  /** The empty text is the core group, of pods and services. */
  readonly group: string;
  /** If it is absent, the version that the API server prefers. */
  readonly version: string | undefined;
}

/** A resource as an API server serves it. */
export interface Resource extends Required<ResourceName> {
  readonly version: string;
  readonly kind: string;
  readonly isNamespaced: boolean;
}

const FORM = /^([a-z0-9][a-z0-9-]*)(?:\.(v\d+(?:(?:alpha|beta)\d+)?))?(?:\.([a-z0-9][a-z0-9.-]*))?$/;

/** @throws UsageError */
export function resourceName(written: string): ResourceName {
  const [, plural, version, group = ''] = FORM.exec(written) ?? [];
  if (plural === undefined)
    throw new UsageError(
      `"${written}" names no resource. Expected a plural, as in pods, deployments.apps or deployments.v1.apps.`,
    );
  return { plural, version, group };
}

/** The name of a resource for a reader, as kubectl takes it too. */
export function textOf({ plural, group }: Pick<ResourceName, 'plural' | 'group'>): string {
  return group === '' ? plural : `${plural}.${group}`;
}

/** Whether two names mean one resource. Its versions are other forms of the same objects. */
export function isSameResource(a: ResourceName, b: ResourceName): boolean {
  return a.plural === b.plural && a.group === b.group;
}

/** Finds out how the API server serves a resource. @throws ApiError, AccessError */
export async function discover(
  client: Pick<ApiClient, 'get'>,
  name: ResourceName,
  signal: AbortSignal,
): Promise<Resource> {
  const { plural, group } = name;
  const what = `description of ${textOf(name)}`;
  const version = name.version ?? (await preferredVersion(client, group, what, signal));
  const path = rootOf({ group, version });
  const { resources } = await client.get<{ readonly resources: readonly Served[] }>({ what, path, signal });
  const served = resources.find((one) => one.name === plural);
  if (served === undefined)
    throw new ApiError(
      `The API server serves no ${plural} at ${path}. Expected a plural that kubectl api-resources lists; its custom resource definition may not be installed yet.`,
      { status: 404 },
    );
  if (!served.verbs.includes('watch'))
    throw new ApiError(
      `The API server lets nobody watch ${textOf(name)}. Expected a resource with the verb watch.`,
      {
        status: 405,
      },
    );
  return { plural, group, version, kind: served.kind, isNamespaced: served.namespaced };
}

/** The path of the list of a resource, of one namespace or of all. */
export function listPath(resource: Resource, namespace: string | undefined): string {
  const inside =
    resource.isNamespaced && namespace !== undefined ? `/namespaces/${encodeURIComponent(namespace)}` : '';
  return `${rootOf(resource)}${inside}/${resource.plural}`;
}

interface Served {
  readonly name: string;
  readonly kind: string;
  readonly namespaced: boolean;
  readonly verbs: readonly string[];
}

function rootOf({ group, version }: { readonly group: string; readonly version: string }): string {
  return group === '' ? `/api/${version}` : `/apis/${group}/${version}`;
}

async function preferredVersion(
  client: Pick<ApiClient, 'get'>,
  group: string,
  what: string,
  signal: AbortSignal,
): Promise<string> {
  if (group === '') return 'v1';
  const { preferredVersion: preferred } = await client.get<{
    readonly preferredVersion: { readonly version: string };
  }>({ what, path: `/apis/${group}`, signal });
  return preferred.version;
}
