import type { HubEvent } from '../model/event.ts';
import { Cohort, signatureOf } from './cohort.ts';
import type { Connection } from './connection.ts';
import { Router } from './router.ts';
import type { Stats } from './stats.ts';

/**
 * All cohorts of a node, and who joins and leaves them. A connection hears nothing from before it joined and misses
 * nothing from before it left, and neither costs the other members anything, lest a storm of reconnects grow with its
 * own square: who leaves takes its share along, and who joins while something waits stands apart, in a cohort of the
 * same signature, until nothing waits in either.
 */
export class Cohorts implements Iterable<Cohort> {
  readonly #router = new Router();
  readonly #stats: Stats;
  /** By signature. */
  readonly #settled = new Map<string, Cohort>();
  readonly #apart = new Map<string, Cohort>();

  constructor(stats: Stats) {
    this.#stats = stats;
  }

  *[Symbol.iterator](): Iterator<Cohort> {
    yield* this.#settled.values();
    yield* this.#apart.values();
  }

  /** Valid until the next call. */
  match(event: HubEvent): readonly Cohort[] {
    return this.#router.match(event);
  }

  join(connection: Connection): void {
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
    if (cohort === undefined) return;
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
    const cohort = new Cohort(connection, signature, this.#stats.of(connection.dialect.name));
    where.set(signature, cohort);
    this.#router.add(cohort);
    return cohort;
  }

  #remove(cohort: Cohort): void {
    const { signature } = cohort;
    this.#router.remove(cohort);
    const apart = this.#apart.get(signature);
    if (apart !== undefined) this.#apart.delete(signature);
    if (apart === cohort) return;
    if (apart === undefined) this.#settled.delete(signature);
    else this.#settled.set(signature, apart);
  }
}
