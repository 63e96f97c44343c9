import type { Clock } from '../model/clock.ts';
import type { Registry } from '../registry/registry.ts';
import { ANYBODY } from '../registry/connection-query.ts';
import { bound } from '../model/bound.ts';

/** Nobody who asks waits longer than this. */
const WITHIN_MS = bound(
  'time for which the metrics page waits for the size of the registry',
  500,
  'ms',
  'the number is left out',
);

/** The number of connections in the registry. The registry is asked once, even if many ask here at the same time. */
export class RegistrySize {
  readonly #registry: Registry;
  readonly #clock: Clock;
  #asked: Promise<number | undefined> | undefined;

  constructor(registry: Registry, clock: Clock) {
    this.#registry = registry;
    this.#clock = clock;
  }

  /** The number, or `undefined` when the registry cannot be read or does not answer in time. */
  async read(): Promise<number | undefined> {
    const { promise: late, resolve } = Promise.withResolvers<undefined>();
    const cancel = this.#clock.after(WITHIN_MS, () => resolve(undefined));
    const size = await Promise.race([(this.#asked ??= this.#ask()), late]);
    cancel();
    return size;
  }

  async #ask(): Promise<number | undefined> {
    try {
      const nothing = { sort: [], reverse: false, offset: 0, limit: 0 };
      const { total } = await this.#registry.list({ visible: 'all', filters: [ANYBODY], ...nothing });
      return total;
    } catch {
      // A reader of the metrics sees that the number is absent, and the log reports the outage itself.
      return undefined;
    } finally {
      this.#asked = undefined;
    }
  }
}
