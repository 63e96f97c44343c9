/**
 * What a node counts, as plain numbers that cost nothing to raise; the metrics page reads them. Deliveries add up:
 * `received = delivered + filtered + notPermitted + unknownWord + droppedSlow + overtaken`, each counted per connection and event.
 */
export class Stats {
  /** Events from the broker. */
  events = 0;
  /** JSON encodes and frames on the way out. */
  encodes = 0;
  frames = 0;
  received = 0;
  delivered = 0;
  filtered = 0;
  notPermitted = 0;
  unknownWord = 0;
  droppedSlow = 0;
  /** Overtaken by a newer one of its kind before a flush. */
  overtaken = 0;
  /** Connections closed with 4008. */
  slowCloses = 0;
  commands = 0;
  gaps = 0;
}
