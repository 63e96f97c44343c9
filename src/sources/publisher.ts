import type { Counts, Waiting } from './counts.ts';
import { Refusals } from './refusals.ts';
import { isLeaseFault } from './leadership.ts';
import type { Publisher, Term, Unit, UnitOptions } from './source.ts';
import { SourceUnit, type UnitParts } from './unit.ts';

/** The units of one source, and what they count together. */
export class SourcePublisher implements Publisher {
  readonly counts: Counts = { taken: 0, published: 0, refused: 0, dropped: 0, known: 0, repeated: 0 };
  readonly waiting: Waiting = { events: 0, bytes: 0 };
  readonly #options: UnitParts;
  readonly #units = new Map<string, SourceUnit>();
  readonly #refusals: Refusals;

  constructor(options: UnitParts) {
    this.#options = options;
    this.#refusals = new Refusals(options);
    options.signal.addEventListener('abort', () => {
      for (const unit of this.#units.values()) unit.wake();
    });
  }

  get units(): number {
    return this.#units.size;
  }

  unit(name: string, options: UnitOptions): Unit {
    if (this.#units.has(name))
      throw new Error(`The unit "${name}" is open already. Expected one of each name.`);
    const { counts, waiting } = this;
    const { term } = options;
    const unit = new SourceUnit({
      ...(term === undefined ? this.#options : partsWithin(term, this.#options)),
      ...options,
      unit: name,
      counts,
      waiting,
      refused: (entry, error) => this.#refusals.tell(entry, error),
      closed: () => void this.#units.delete(name),
    });
    this.#units.set(name, unit);
    term?.signal.addEventListener('abort', () => unit.wake());
    return unit;
  }

  /** Resolves once everything that was taken is accepted or refused. */
  async flush(): Promise<void> {
    await Promise.all(Array.from(this.#units.values(), (unit) => unit.flush()));
  }
}

/** What units share, as a unit of a term has it: it publishes by the lease of the term, and nothing after its end. */
function partsWithin({ signal, lease, end }: Term, parts: UnitParts): UnitParts {
  const { session, fatal } = parts;
  return {
    ...parts,
    signal,
    session: {
      publish(body, key, request) {
        signal.throwIfAborted();
        return session.publish(body, key, { ...request, lease });
      },
    },
    fatal(error) {
      if (isLeaseFault(error, 'lease_lost')) end((error as Error).message);
      else if (!signal.aborted) fatal(error);
    },
  };
}
