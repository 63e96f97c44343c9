import { bound } from '../model/bound.ts';
import type { Cohort } from './cohort.ts';
import type { Connection } from './connection.ts';
import type { Router } from './router.ts';
import type { Changes } from './subscriptions.ts';

const FATE = 'the cohort is given up, and made anew when it is needed';
const MAX_SPARES = bound('cohorts without members that are kept for their last one', 256, 'entries', FATE);
const MAX_CHANGES = bound('changes by which such a cohort may lag behind', 64, 'entries', FATE);

interface Spare {
  readonly cohort: Cohort;
  changes: Changes;
}

/**
 * Cohorts that lost their only member to another one, which may need them again but for a few changes: without them, who
 * toggles one of a thousand subscriptions that somebody else holds too would cost all of them each time. The router
 * still knows them.
 */
export class Spares {
  readonly #router: Router;
  readonly #spares = new Map<Connection, Spare>();

  constructor(router: Router) {
    this.#router = router;
  }

  /** It has lost its member, who subscribes to what it did but for the changes. */
  keep(connection: Connection, cohort: Cohort, changes: Changes): void {
    this.drop(connection);
    this.#spares.set(connection, { cohort, changes });
    if (this.#spares.size <= MAX_SPARES) return;
    for (const oldest of this.#spares.keys()) return this.drop(oldest);
  }

  /** What the connection subscribes to has changed. */
  note(connection: Connection, changes: Changes): void {
    const spare = this.#spares.get(connection);
    if (spare === undefined) return;
    spare.changes = joined(spare.changes, changes);
    const { added, removed } = spare.changes;
    if (added.length + removed.length > MAX_CHANGES) this.drop(connection);
  }

  /** The cohort of this connection, made what it is to be now; `undefined` when there is none that could be. */
  take(connection: Connection, signature: string): Cohort | undefined {
    const spare = this.#spares.get(connection);
    if (spare === undefined) return undefined;
    const { cohort, changes } = spare;
    if (!cohort.become(connection, signature, changes)) {
      this.drop(connection);
      return undefined;
    }
    this.#spares.delete(connection);
    this.#router.remove(cohort, changes.removed);
    this.#router.add(cohort, changes.added);
    return cohort;
  }

  drop(connection: Connection): void {
    const spare = this.#spares.get(connection);
    if (spare === undefined) return;
    this.#spares.delete(connection);
    this.#router.remove(spare.cohort);
  }
}

/** What began and ended again is no change. */
function joined(before: Changes, after: Changes): Changes {
  const ended = new Set(after.removed);
  const begun = new Set(before.added);
  return {
    added: [...before.added.filter((each) => !ended.has(each)), ...after.added],
    removed: [...before.removed, ...after.removed.filter((each) => !begun.has(each))],
  };
}
