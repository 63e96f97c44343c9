import { bound } from '../model/bound.ts';
import type { Cohort } from './cohort.ts';
import type { Connection } from './connection.ts';
import type { Router } from './router.ts';
import type { Changes } from './subscriptions.ts';

const FATE = 'the cohort is given up, and made again when it is needed';
const MAX_COHORTS = bound(
  'cohorts without members that are kept for their last member',
  256,
  'entries',
  FATE,
);
const MAX_CHANGES = bound('changes of subscriptions that an idle cohort may lack', 64, 'entries', FATE);

interface IdleCohort {
  readonly cohort: Cohort;
  changes: Changes;
}

/**
 * Cohorts without a member, each kept for the connection that was its only member and has joined another cohort. The
 * connection may soon need it again with a few changes. Without this, a client that toggles one of a thousand
 * subscriptions which another client has too would cost a thousand of them each time. The router still knows them.
 */
export class IdleCohorts {
  readonly #router: Router;
  readonly #idle = new Map<Connection, IdleCohort>();

  constructor(router: Router) {
    this.#router = router;
  }

  /** Keeps the cohort that a connection has left. The two differ by the changes. */
  keep(connection: Connection, cohort: Cohort, changes: Changes): void {
    this.drop(connection);
    this.#idle.set(connection, { cohort, changes });
    if (this.#idle.size <= MAX_COHORTS) return;
    for (const oldest of this.#idle.keys()) return this.drop(oldest);
  }

  /** The subscriptions of the connection have changed. */
  note(connection: Connection, changes: Changes): void {
    const idle = this.#idle.get(connection);
    if (idle === undefined) return;
    idle.changes = joined(idle.changes, changes);
    const { added, removed } = idle.changes;
    if (added.length + removed.length > MAX_CHANGES) this.drop(connection);
  }

  /**
   * Returns the idle cohort of a connection, brought up to date, or `undefined` if there is none that can be brought
   * up to date.
   */
  take(connection: Connection, signature: string): Cohort | undefined {
    const idle = this.#idle.get(connection);
    if (idle === undefined) return undefined;
    const { cohort, changes } = idle;
    if (!cohort.become(connection, signature, changes)) {
      this.drop(connection);
      return undefined;
    }
    this.#idle.delete(connection);
    this.#router.remove(cohort, changes.removed);
    this.#router.add(cohort, changes.added);
    return cohort;
  }

  /** Gives up the idle cohort of a connection, if there is one. */
  drop(connection: Connection): void {
    const idle = this.#idle.get(connection);
    if (idle === undefined) return;
    this.#idle.delete(connection);
    this.#router.remove(idle.cohort);
  }
}

/** Two changes, one after the other, as one change. A subscription that began and ended in between is left out. */
function joined(before: Changes, after: Changes): Changes {
  const ended = new Set(after.removed);
  const begun = new Set(before.added);
  return {
    added: [...before.added.filter((each) => !ended.has(each)), ...after.added],
    removed: [...before.removed, ...after.removed.filter((each) => !begun.has(each))],
  };
}
