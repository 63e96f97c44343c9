import { UNKNOWN } from '../model/principal.ts';
import type { Connection } from './connection.ts';

/**
 * The connections of each principal on this node, where their dialect bounds them. Those that have yet to say who they
 * are share no principal: what bounds them is the time that they have for it.
 */
export class Crowds {
  /** By dialect and principal. */
  readonly #crowds = new Map<string, Set<Connection>>();

  /** Returns whether there was room for it; it then counts. */
  add(connection: Connection): boolean {
    const max = connection.limits.connectionsPerPrincipal;
    if (max === undefined || connection.identity.principal === UNKNOWN) return true;
    const key = keyOf(connection);
    const crowd = this.#crowds.get(key) ?? new Set();
    if (crowd.size >= max) return false;
    this.#crowds.set(key, crowd.add(connection));
    return true;
  }

  /** Under the principal that it has now. */
  delete(connection: Connection): void {
    const key = keyOf(connection);
    const crowd = this.#crowds.get(key);
    crowd?.delete(connection);
    if (crowd?.size === 0) this.#crowds.delete(key);
  }
}

function keyOf({ dialect, identity }: Connection): string {
  return `${dialect.name} ${identity.principal}`;
}
