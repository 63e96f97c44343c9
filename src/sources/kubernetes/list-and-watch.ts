import { bound } from '../../model/bound.ts';
import type { ApiClient } from './api-client.ts';
import { ApiError, type Status } from './api-error.ts';
import type { KubernetesObject } from './object.ts';
import { listPath, textOf, type Resource } from './resource.ts';

/** How many objects one page of a list has. It bounds the memory that a list takes. */
const PAGE_OBJECTS = 250;
/** An API server sends the first bookmark after one to two minutes, and then one each minute, also while nothing changes. */
const WATCH_SILENCE_MS = bound(
  'silence of a Kubernetes watch',
  180_000,
  'ms',
  'the connection is cut, and the watch goes on from its last version',
);
/** The server ends each watch after about this long, so that watches spread over the API servers again. */
const WATCH_S = 300;

/** Objects by their metadata alone. So the data of a Secret never leaves the API server. */
const METADATA_LIST = 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1';
const METADATA = 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1';

/** What is listed and watched. */
export interface Selection {
  readonly resource: Resource;
  /** If it is absent, all namespaces. */
  readonly namespace: string | undefined;
  readonly labelSelector: string | undefined;
  readonly metadataOnly: boolean;
}

export interface Page {
  readonly objects: readonly KubernetesObject[];
  /** The version of the whole list, from which a watch goes on. */
  readonly resourceVersion: string;
}

/** An entry of a watch. A bookmark tells only how far the watch has come. */
export interface Watched {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK';
  readonly object: KubernetesObject;
}

export interface WatchTimes {
  /** The server ends the watch after this long, by up to twice as much. */
  readonly seconds: number;
  readonly silenceMs: number;
}

export const WATCH_TIMES: WatchTimes = { seconds: WATCH_S, silenceMs: WATCH_SILENCE_MS };

/** The pages of a list of all objects as they are now. @throws ApiError, AccessError */
export async function* list(
  client: Pick<ApiClient, 'get'>,
  { resource, namespace, labelSelector, metadataOnly }: Selection,
  signal: AbortSignal,
): AsyncGenerator<Page, void> {
  let next: string | undefined;
  do {
    const answer = await client.get<ListAnswer>({
      what: `list of ${textOf(resource)}`,
      path: listPath(resource, namespace),
      query: { limit: PAGE_OBJECTS, continue: next, labelSelector },
      ...(metadataOnly && { accept: METADATA_LIST }),
      signal,
    });
    const { resourceVersion, continue: more } = answer.metadata;
    yield { objects: answer.items ?? [], resourceVersion };
    next = more;
  } while (next !== undefined && next !== '');
}

/**
 * What changes after a version, until the server ends the watch. @throws ApiError, AccessError. An error with `isUnknownVersion`
 * says that everything must be listed again.
 */
export async function* watch(
  client: Pick<ApiClient, 'lines'>,
  { resource, namespace, labelSelector, metadataOnly }: Selection,
  resourceVersion: string,
  { seconds, silenceMs }: WatchTimes,
  signal: AbortSignal,
  accepted: () => void,
): AsyncGenerator<Watched, void> {
  const what = `watch of ${textOf(resource)}`;
  const lines = client.lines<Watched | Failed>({
    what,
    path: listPath(resource, namespace),
    query: {
      watch: true,
      allowWatchBookmarks: true,
      resourceVersion,
      labelSelector,
      // Watches that began together, as after a restart of the server, do not end together.
      timeoutSeconds: Math.ceil(seconds * (1 + Math.random())),
    },
    ...(metadataOnly && { accept: METADATA }),
    silenceMs,
    accepted,
    signal,
  });
  for await (const line of lines) {
    if (line.type !== 'ERROR') yield line;
    else throw failed(what, line.object);
  }
}

interface ListAnswer {
  readonly metadata: { readonly resourceVersion: string; readonly continue?: string };
  /** Go writes an empty list as null. */
  readonly items: readonly KubernetesObject[] | null;
}

interface Failed {
  readonly type: 'ERROR';
  readonly object: Status;
}

function failed(what: string, { code = 500, reason = '', message = '', details }: Status): ApiError {
  return new ApiError(`The API server ended the ${what} with ${code}: ${message || reason}.`, {
    status: code,
    reason,
    retryAfterMs: (details?.retryAfterSeconds ?? 0) * 1_000,
  });
}
