import { RecentDelays } from './recent-delays.ts';

/**
 * Counts what became of events at the connections of one dialect, once for each connection and event. The counts add
 * up: `received = delivered + filtered + notPermitted + unsupported + droppedSlow + conflated`.
 */
export class Deliveries {
  received = 0;
  delivered = 0;
  filtered = 0;
  notPermitted = 0;
  unsupported = 0;
  /** Left out of the queue of a slow connection, or lost with the queue when the connection was closed. */
  droppedSlow = 0;
  /** Replaced by a newer event of the same kind before a flush. */
  conflated = 0;
}

/** What a node counts. The counts are plain numbers, which cost nothing to raise, and the metrics page reads them. */
export class Stats {
  /** Events from the broker. */
  events = 0;
  /** Texts and frames that were made of events for the wire. */
  encodes = 0;
  frames = 0;
  /** Writes to sockets, and their bytes. */
  writes = 0;
  writtenBytes = 0;
  /** Cohorts that the router found for events. */
  matches = 0;
  /** Connections closed with 4008. */
  slowCloses = 0;
  commands = 0;
  gaps = 0;
  /**
   * Called once a flush with the seconds that its oldest event took from the log to the last write. The metrics page
   * puts its histogram here.
   */
  latency: { observe(seconds: number): void } = { observe: () => {} };
  readonly recentDelays = new RecentDelays();
  readonly #deliveries = new Map<string, Deliveries>();

  of(dialect: string): Deliveries {
    let deliveries = this.#deliveries.get(dialect);
    if (deliveries === undefined) this.#deliveries.set(dialect, (deliveries = new Deliveries()));
    return deliveries;
  }

  get byDialect(): ReadonlyMap<string, Deliveries> {
    return this.#deliveries;
  }

  /** The deliveries of all dialects together. */
  get total(): Deliveries {
    const total = new Deliveries();
    for (const deliveries of this.#deliveries.values()) {
      for (const outcome of Object.keys(total) as (keyof Deliveries)[]) total[outcome] += deliveries[outcome];
    }
    return total;
  }
}
