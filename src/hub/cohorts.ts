import type { HubEvent } from '../model/event.ts';
import { Cohort, signatureOf } from './cohort.ts';
import type { Connection } from './connection.ts';
import type { Joiner } from './joiner.ts';
import { Router } from './router.ts';
import { Spares } from './spares.ts';
import type { Stats } from './stats.ts';
import type { Changes } from './subscriptions.ts';

/**
 * All cohorts of a node, and who joins and leaves them. A connection hears nothing from before it joined and misses
 * nothing from before it left, and neither costs the other members anything, lest a storm of reconnects grow with its
 * own square: who leaves takes its share along, and who joins while something waits stands apart, in a cohort of the
 * same signature, until nothing waits in either.
 */
export class Cohorts implements Iterable<Cohort> {
  readonly #router = new Router();
  readonly #spares = new Spares(this.#router);
  readonly #stats: Stats;
  readonly #joiner: Joiner;
  /** By signature. */
  readonly #settled = new Map<string, Cohort>();
  readonly #apart = new Map<string, Cohort>();

  constructor(stats: Stats, joiner: Joiner) {
    this.#stats = stats;
    this.#joiner = joiner;
  }

  *[Symbol.iterator](): Iterator<Cohort> {
    yield* this.#settled.values();
    yield* this.#apart.values();
  }

  /** Valid until the next call. */
  match(event: HubEvent): readonly Cohort[] {
    return this.#router.match(event);
  }

  /**
   * Lets a connection hear something else from now on. That costs what has changed, and not all that it hears.
   */
  change(connection: Connection, change: () => void): void {
    const { cohort } = connection;
    if (cohort !== undefined && cohort.members.size > 1) this.#leave(connection, cohort);
    else cohort?.flush();
    change();
    if (!connection.isOpen || connection.subscriptions.size === 0) return this.leave(connection);
    const changes = connection.subscriptions.takeChanges();
    this.#spares.note(connection, changes);
    const own = connection.cohort;
    if (own !== undefined && this.#become(connection, own, changes)) return;
    if (own !== undefined) this.#retire(connection, own, changes);
    this.#join(connection);
  }

  /** Leaves a cohort of its own, in which nothing waits, for one that others have. */
  #retire(connection: Connection, cohort: Cohort, changes: Changes): void {
    connection.cohort = undefined;
    cohort.members.delete(connection);
    this.#unlist(cohort);
    this.#spares.keep(connection, cohort, changes);
  }

  /** Whether the cohort of this one member could be left as it is but for the changes. */
  #become(connection: Connection, cohort: Cohort, changes: Changes): boolean {
    const was = cohort.signature;
    const signature = signatureOf(connection);
    if (signature === was) return true;
    const isKnown = this.#settled.has(signature) || this.#apart.has(signature) || this.#apart.has(was);
    if (isKnown || !cohort.become(connection, signature, changes)) return false;
    this.#settled.delete(was);
    this.#settled.set(signature, cohort);
    this.#router.remove(cohort, changes.removed);
    this.#router.add(cohort, changes.added);
    return true;
  }

  #join(connection: Connection): void {
    const signature = signatureOf(connection);
    const settled = this.#settled.get(signature);
    // Some may stand apart already, with something that waits: few, since they came after the last flush.
    this.#apart.get(signature)?.flush();
    const mayWait = settled !== undefined && (!settled.isEmpty || this.#apart.has(signature));
    const where = mayWait ? this.#apart : this.#settled;
    const cohort = where.get(signature) ?? this.#make(connection, signature, where);
    cohort.members.add(connection);
    connection.cohort = cohort;
  }

  leave(connection: Connection): void {
    const { cohort } = connection;
    this.#spares.drop(connection);
    connection.subscriptions.takeChanges();
    if (cohort !== undefined) this.#leave(connection, cohort);
  }

  #leave(connection: Connection, cohort: Cohort): void {
    connection.cohort = undefined;
    cohort.members.delete(connection);
    if (cohort.members.size === 0) this.#remove(cohort);
    cohort.flushTo(connection);
  }

  /** To be called when a cohort was flushed: those who stand apart from it join it, if nothing waits. */
  settle({ signature }: Cohort): void {
    if (this.#apart.size === 0) return;
    const apart = this.#apart.get(signature);
    const settled = this.#settled.get(signature);
    if (apart === undefined || settled === undefined || !apart.isEmpty || !settled.isEmpty) return;
    for (const member of apart.members) {
      settled.members.add(member);
      member.cohort = settled;
    }
    this.#remove(apart);
  }

  #make(connection: Connection, signature: string, where: Map<string, Cohort>): Cohort {
    const spare = this.#spares.take(connection, signature);
    const stats = this.#stats.of(connection.dialect.name);
    const cohort = spare ?? new Cohort(connection, signature, stats, this.#joiner);
    where.set(signature, cohort);
    if (spare === undefined) this.#router.add(cohort);
    return cohort;
  }

  #remove(cohort: Cohort): void {
    this.#router.remove(cohort);
    this.#unlist(cohort);
  }

  #unlist(cohort: Cohort): void {
    const { signature } = cohort;
    const apart = this.#apart.get(signature);
    if (apart !== undefined) this.#apart.delete(signature);
    if (apart === cohort) return;
    if (apart === undefined) this.#settled.delete(signature);
    else this.#settled.set(signature, apart);
  }
}
