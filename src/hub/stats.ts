import type { DialectName } from '../dialects/dialect.ts';

/**
 * What became of the events at the connections of one dialect, each counted per connection and event. They add up:
 * `received = delivered + filtered + notPermitted + unsupported + droppedSlow + conflated`.
 */
export class Deliveries {
  received = 0;
  delivered = 0;
  filtered = 0;
  notPermitted = 0;
  unsupported = 0;
  /** Left out of the queue of a client that lags, or lost with it when it was closed. */
  droppedSlow = 0;
  /** Overtaken by a newer one of its kind before a flush. */
  conflated = 0;
}

/** What a node counts, as plain numbers that cost nothing to raise; the metrics page reads them. */
export class Stats {
  /** Events from the broker. */
  events = 0;
  /** JSON encodes and frames on the way out. */
  encodes = 0;
  frames = 0;
  /** Writes to sockets, and what they held. */
  writes = 0;
  writtenBytes = 0;
  /** Cohorts that the router found for events. */
  matches = 0;
  /** Connections closed with 4008. */
  slowCloses = 0;
  commands = 0;
  gaps = 0;
  /**
   * Told once a flush, in seconds, how long its oldest event took from the log to the last write. Whoever shows the
   * numbers puts itself here.
   */
  latency: { observe(seconds: number): void } = { observe: () => {} };
  readonly #deliveries = new Map<DialectName, Deliveries>();

  of(dialect: DialectName): Deliveries {
    let deliveries = this.#deliveries.get(dialect);
    if (deliveries === undefined) this.#deliveries.set(dialect, (deliveries = new Deliveries()));
    return deliveries;
  }

  get byDialect(): ReadonlyMap<DialectName, Deliveries> {
    return this.#deliveries;
  }

  /** Of all dialects together. */
  get total(): Deliveries {
    const total = new Deliveries();
    for (const deliveries of this.#deliveries.values()) {
      for (const outcome of Object.keys(total) as (keyof Deliveries)[]) total[outcome] += deliveries[outcome];
    }
    return total;
  }
}
