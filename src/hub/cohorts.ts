import type { HubEvent } from '../model/event.ts';
import { Cohort, signatureOf } from './cohort.ts';
import type { Connection } from './connection.ts';
import type { WriteCoalescer } from './write-coalescer.ts';
import { Router } from './router.ts';
import { IdleCohorts } from './idle-cohorts.ts';
import type { Stats } from './stats.ts';
import type { Changes } from './subscriptions.ts';
import type { TopicInterest } from './topic-interest.ts';

/**
 * All cohorts of a node, and which connection is in which. A connection hears nothing from before it joined a cohort
 * and misses nothing from before it left. Neither costs the other members anything, or the cost of a storm of
 * reconnects would grow with the square of its size: a connection that leaves takes along what waits for it, and one
 * that joins while something waits stands apart, in a second cohort of the same signature, until nothing waits in
 * either.
 */
export class Cohorts implements Iterable<Cohort> {
  readonly #router = new Router();
  readonly #idleCohorts = new IdleCohorts(this.#router);
  readonly #stats: Stats;
  readonly #coalescer: WriteCoalescer;
  readonly #interest: Pick<TopicInterest, 'add' | 'remove'>;
  /** The cohorts by signature: those that connections usually join, and those that stand apart from them. */
  readonly #settled = new Map<string, Cohort>();
  readonly #apart = new Map<string, Cohort>();

  constructor(stats: Stats, coalescer: WriteCoalescer, interest: Pick<TopicInterest, 'add' | 'remove'>) {
    this.#stats = stats;
    this.#coalescer = coalescer;
    this.#interest = interest;
  }

  *[Symbol.iterator](): Iterator<Cohort> {
    yield* this.#settled.values();
    yield* this.#apart.values();
  }

  /** The cohorts that may hear an event. The list is valid until the next call. */
  match(event: HubEvent): readonly Cohort[] {
    return this.#router.match(event);
  }

  /**
   * Changes the subscriptions of a connection. The cost grows with what changes, and not with what the connection has.
   */
  change(connection: Connection, change: () => void): void {
    const { cohort } = connection;
    if (cohort !== undefined && cohort.members.size > 1) this.#leave(connection, cohort);
    else cohort?.flush();
    change();
    if (!connection.isOpen || connection.subscriptions.size === 0) return this.leave(connection);
    const changes = connection.subscriptions.takeChanges();
    this.#idleCohorts.note(connection, changes);
    const own = connection.cohort;
    if (own !== undefined && this.#become(connection, own, changes)) return;
    if (own !== undefined) this.#retire(connection, own, changes);
    this.#join(connection);
  }

  /**
   * Takes a connection out of the cohort that it has for itself, in which nothing waits, since another one fits it now.
   */
  #retire(connection: Connection, cohort: Cohort, changes: Changes): void {
    connection.cohort = undefined;
    cohort.members.delete(connection);
    this.#interest.remove(cohort);
    this.#unlist(cohort);
    this.#idleCohorts.keep(connection, cohort, changes);
  }

  /**
   * Changes the cohort that a connection has for itself instead of making another. Returns whether that could be done.
   */
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
    this.#interest.add(cohort, changes.added);
    this.#interest.remove(cohort, changes.removed);
    return true;
  }

  #join(connection: Connection): void {
    const signature = signatureOf(connection);
    const settled = this.#settled.get(signature);
    // A cohort may stand apart already, with something that waits. It is small, since it began after the last flush.
    this.#apart.get(signature)?.flush();
    const mayWait = settled !== undefined && (!settled.isEmpty || this.#apart.has(signature));
    const where = mayWait ? this.#apart : this.#settled;
    const cohort = where.get(signature) ?? this.#make(connection, signature, where);
    cohort.members.add(connection);
    connection.cohort = cohort;
  }

  /** Takes a connection out of its cohort. What waits for it there is sent first. */
  leave(connection: Connection): void {
    const { cohort } = connection;
    this.#idleCohorts.drop(connection);
    connection.subscriptions.takeChanges();
    if (cohort !== undefined) this.#leave(connection, cohort);
  }

  #leave(connection: Connection, cohort: Cohort): void {
    connection.cohort = undefined;
    cohort.members.delete(connection);
    if (cohort.members.size === 0) this.#remove(cohort);
    cohort.flushTo(connection);
  }

  /**
   * Notes that a cohort was flushed. The members of the cohort that stands apart from it join it, if nothing waits in
   * either.
   */
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
    const idle = this.#idleCohorts.take(connection, signature);
    const stats = this.#stats.of(connection.dialect.name);
    const cohort = idle ?? new Cohort(connection, signature, stats, this.#coalescer);
    where.set(signature, cohort);
    if (idle === undefined) this.#router.add(cohort);
    this.#interest.add(cohort);
    return cohort;
  }

  #remove(cohort: Cohort): void {
    this.#router.remove(cohort);
    this.#interest.remove(cohort);
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
