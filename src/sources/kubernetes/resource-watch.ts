import type { Clock } from '../../model/clock.ts';
import { delayMs } from '../../clients/sdk/backoff.ts';
import type { ApiClient } from './api-client.ts';
import { ApiError, SILENCE } from './api-error.ts';
import type { Change, KnownObjects } from './known-objects.ts';
import { list, watch, type Selection, type Watched, type WatchTimes } from './list-and-watch.ts';
import { keyOf } from './object.ts';
import { pause } from '../pause.ts';
import { discover, type Resource, type ResourceName } from './resource.ts';

/** A watch that ends sooner, and told nothing, counts as a failure: otherwise it would begin again without a pause. */
const SHORTEST_WATCH_MS = 1_000;
/**
 * After so many watches in which not even a bookmark came, everything is listed. A server whose database was restored from a
 * backup takes a version that it has not reached yet, and says nothing until it has.
 */
const SILENT_WATCHES = 2;

export interface ResourceWatchParts {
  readonly client: Pick<ApiClient, 'get' | 'lines'>;
  readonly name: ResourceName;
  readonly selection: Omit<Selection, 'resource'>;
  /** Whether another watch has the resource too, in another namespace. */
  readonly isFurther: boolean;
  readonly known: KnownObjects;
  /** Takes a change, and resolves once there is room for another one. */
  readonly tell: (change: Change, resource: Resource) => Promise<void>;
  readonly progress: Progress;
  readonly times: WatchTimes;
  readonly clock: Pick<Clock, 'after' | 'elapsed'>;
  /** A number from 0 up to 1. */
  readonly random: () => number;
}

/** Why everything is listed: the server does not know a version any more, or says nothing of what follows it. */
export type Why = 'start' | 'forgotten' | 'silent';

/** What is told of a watch itself. */
export interface Progress {
  /** Everything that there was has been told, and changes are told as they come. */
  caughtUp(): void;
  behind(error: Error): void;
  /** A list of everything begins, with the reason for it. */
  listing(why: Why): void;
}

/**
 * Tells the changes of one resource, each once, until the signal ends it. First it lists everything and tells what differs from
 * what is known, then it watches from the version of the list. No failure ends it: a watch that was cut goes on from its
 * last version, a version that the server does not know leads to another list, and everything else is tried again with
 * growing pauses.
 */
export class ResourceWatch {
  readonly #parts: ResourceWatchParts;
  /** How the server serves the resource. It is found out again after a 404, since definitions come and go. */
  #resource: Resource | undefined;
  /** The version up to which everything was told. Without one everything is listed. */
  #version: string | undefined;
  #why: Why = 'start';
  #failures = 0;
  #silentWatches = 0;

  constructor(parts: ResourceWatchParts) {
    this.#parts = parts;
  }

  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        this.#resource ??= await discover(this.#parts.client, this.#parts.name, signal);
        // What stands in no namespace is watched once, however many namespaces are named.
        if (this.#parts.isFurther && !this.#resource.isNamespaced) return;
        this.#version ??= await this.#listAll(this.#resource, signal);
        await this.#watch(this.#resource, this.#version, signal);
      } catch (error) {
        if (signal.aborted) return;
        await this.#recover(error as Error, signal);
      }
    }
  }

  async #listAll(resource: Resource, signal: AbortSignal): Promise<string> {
    const { client, selection, known, progress } = this.#parts;
    progress.listing(this.#why);
    const listed = new Set<string>();
    let version = '';
    for await (const { objects, resourceVersion } of list(client, { ...selection, resource }, signal)) {
      version = resourceVersion;
      for (const object of objects) {
        listed.add(keyOf(object));
        await this.#tell(known.seen(object), resource);
      }
    }
    await this.#tell(known.missing(listed, version), resource);
    progress.caughtUp();
    return version;
  }

  async #watch(resource: Resource, from: string, signal: AbortSignal): Promise<void> {
    const { client, selection, progress, times, clock } = this.#parts;
    const began = clock.elapsed();
    const all = { ...selection, resource };
    let isSilent = true;
    for await (const entry of watch(client, all, from, times, signal, () => progress.caughtUp())) {
      await this.#tell(this.#changesOf(entry), resource);
      this.#version = entry.object.metadata.resourceVersion;
      this.#failures = 0;
      this.#silentWatches = 0;
      isSilent = false;
    }
    if (!isSilent) return;
    if (clock.elapsed() - began < SHORTEST_WATCH_MS)
      throw new ApiError('The API server ended the watch as soon as it had begun.');
    this.#failures = 0;
    this.#wasSilent();
  }

  #wasSilent(): void {
    if (++this.#silentWatches === SILENT_WATCHES) this.#listAgain('silent');
  }

  #listAgain(why: Why): void {
    this.#version = undefined;
    this.#why = why;
    this.#silentWatches = 0;
  }

  #changesOf({ type, object }: Watched): Change[] {
    if (type === 'BOOKMARK') return [];
    return type === 'DELETED' ? this.#parts.known.gone(object) : this.#parts.known.seen(object);
  }

  async #tell(changes: readonly Change[], resource: Resource): Promise<void> {
    for (const change of changes) await this.#parts.tell(change, resource);
  }

  /** Decides where to go on, and waits for that. */
  async #recover(error: Error, signal: AbortSignal): Promise<void> {
    const { progress, clock, random } = this.#parts;
    const known: Partial<ApiError> = error instanceof ApiError ? error : {};
    const { isUnknownVersion = false, status = 0, reason, retryAfterMs = 0 } = known;
    if (isUnknownVersion || status === 404) this.#listAgain('forgotten');
    if (reason === SILENCE) this.#wasSilent();
    if (status === 404) this.#resource = undefined;
    // A version is forgotten now and then in normal operation, so the first time is no failure.
    if (!isUnknownVersion || this.#failures > 0) progress.behind(error);
    const pauseMs = Math.max(retryAfterMs, delayMs('backoff', this.#failures, random));
    this.#failures += 1;
    await pause(clock, pauseMs, signal);
  }
}
