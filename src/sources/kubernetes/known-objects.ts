import { keyOf, type KubernetesObject } from './object.ts';

/** What was told of an object last. */
export interface Known {
  readonly uid: string;
  readonly resourceVersion: string;
}

export const ACTIONS = ['added', 'updated', 'deleted'] as const;
export type Action = (typeof ACTIONS)[number];

/** A change that is to be told. */
export interface Change extends Known {
  readonly action: Action;
  readonly key: string;
  /** Absent where an object went while nobody watched it, so that only its name is known. */
  readonly object?: KubernetesObject;
}

/**
 * What the hub was told of each object of one resource: the UID and the version, and nothing else. An object that is listed
 * or watched becomes a change only if it differs, so a list can be repeated and a watch can begin earlier than it
 * ended, and nothing is told twice.
 */
export class KnownObjects {
  readonly #told: Map<string, Known>;

  constructor(told: Iterable<readonly [key: string, known: Known]> = []) {
    this.#told = new Map(told);
  }

  get size(): number {
    return this.#told.size;
  }

  /** The changes that an object makes, as it was listed, or watched as ADDED or MODIFIED. */
  seen(object: KubernetesObject): Change[] {
    const { uid, resourceVersion } = object.metadata;
    const key = keyOf(object);
    const known = this.#told.get(key);
    if (known?.uid === uid && known.resourceVersion === resourceVersion) return [];
    this.#told.set(key, { uid, resourceVersion });
    const change = { key, uid, resourceVersion, object };
    if (known === undefined) return [{ ...change, action: 'added' }];
    if (known.uid === uid) return [{ ...change, action: 'updated' }];
    // The name is that of another object now. The first one went while nobody watched.
    return [
      { action: 'deleted', key, uid: known.uid, resourceVersion },
      { ...change, action: 'added' },
    ];
  }

  /** The change of an object that was watched as DELETED. */
  gone(object: KubernetesObject): Change[] {
    const { uid, resourceVersion } = object.metadata;
    const key = keyOf(object);
    if (this.#told.get(key)?.uid !== uid) return [];
    this.#told.delete(key);
    return [{ action: 'deleted', key, uid, resourceVersion, object }];
  }

  /** The changes of all objects that a whole list of this version did not have. */
  missing(listed: ReadonlySet<string>, resourceVersion: string): Change[] {
    const changes: Change[] = [];
    for (const [key, { uid }] of this.#told) {
      if (listed.has(key)) continue;
      this.#told.delete(key);
      changes.push({ action: 'deleted', key, uid, resourceVersion });
    }
    return changes;
  }
}
