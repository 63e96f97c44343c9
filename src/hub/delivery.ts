import type { Clock } from '../model/clock.ts';
import { CLOSE } from '../model/close-codes.ts';
import { timeAt } from '../model/cursor.ts';
import { HUB_TYPE, type HubEvent } from '../model/event.ts';
import type { Json } from '../model/json.ts';
import type { Cohort } from './cohort.ts';
import type { Cohorts } from './cohorts.ts';
import type { Connection } from './connection.ts';
import { EncodedEvent } from './encoded-event.ts';
import type { Fault, FlushScheduler } from './flush-scheduler.ts';
import type { WriteCoalescer } from './write-coalescer.ts';
import type { EventLog } from './event-log.ts';
import type { Stats } from './stats.ts';
import type { Topics } from './topics.ts';

interface DeliveryOptions {
  readonly clock: Clock;
  readonly stats: Stats;
  readonly eventLog: Pick<EventLog, 'push' | 'placeOf' | 'gapIn' | 'lanes'>;
  readonly topics: Pick<Topics, 'add'>;
  readonly cohorts: Pick<Cohorts, 'match'> & Iterable<Cohort>;
  readonly flushScheduler: FlushScheduler;
  readonly coalescer: WriteCoalescer;
  readonly fault: Fault;
}

/**
 * Delivers events to connections: each event from the broker goes through the router to the cohorts, and at the flush
 * to every member of them. Replies and replays go to one connection, past its cohort.
 */
export class Delivery {
  readonly #clock: Clock;
  readonly #stats: Stats;
  readonly #eventLog: DeliveryOptions['eventLog'];
  readonly #topics: Pick<Topics, 'add'>;
  readonly #cohorts: Pick<Cohorts, 'match'> & Iterable<Cohort>;
  readonly #flushScheduler: FlushScheduler;
  readonly #coalescer: WriteCoalescer;
  readonly #fault: Fault;

  constructor({
    clock,
    stats,
    eventLog,
    topics,
    cohorts,
    flushScheduler,
    coalescer,
    fault,
  }: DeliveryOptions) {
    this.#clock = clock;
    this.#stats = stats;
    this.#eventLog = eventLog;
    this.#topics = topics;
    this.#cohorts = cohorts;
    this.#flushScheduler = flushScheduler;
    this.#coalescer = coalescer;
    this.#fault = fault;
  }

  /** The broker calls this for every event. It returns whether any connection may hear the event, and never throws. */
  deliver(event: HubEvent): boolean {
    this.#stats.events++;
    if (!this.#eventLog.push(event)) return false;
    if (event.type === HUB_TYPE) {
      this.#deliverToAll(event);
      return true;
    }
    this.#topics.add(event);
    const matched = this.#cohorts.match(event);
    if (matched.length === 0) return false;
    this.#stats.matches += matched.length;
    const encoded = new EncodedEvent(event, this.#stats, undefined, this.#eventLog.placeOf(event));
    for (const cohort of matched) this.#offer(cohort, encoded);
    return true;
  }

  /** An error of one cohort concerns no other cohort, and least of all the connection that the event came from. */
  #offer(cohort: Cohort, encoded: EncodedEvent): void {
    const { event } = encoded;
    const wasEmpty = cohort.isEmpty;
    try {
      // A cohort that was not given an event is not closed by it either.
      if (!cohort.offer(encoded)) return;
      if (wasEmpty) this.#flushScheduler.schedule(cohort, event);
      const closesAfterMs = cohort.encoding.closesAfterMs?.(event);
      if (closesAfterMs !== undefined) this.#closeAfter(closesAfterMs, cohort);
    } catch (error) {
      this.#fault(error);
    }
  }

  /** A gap in the log of a shard concerns every connection that needs the shard and whose dialect supports gaps. */
  #deliverToAll(event: HubEvent): void {
    this.#stats.gaps++;
    const { lanes } = this.#eventLog;
    const { shard, told } = this.#eventLog.gapIn(event);
    const encoded = new EncodedEvent(told, this.#stats);
    for (const cohort of this.#cohorts) {
      if (!lanes.shardsOf(cohort.subscriptions).includes(shard)) continue;
      const wasEmpty = cohort.isEmpty;
      if (cohort.tell(encoded) && wasEmpty) this.#flushScheduler.schedule(cohort);
    }
  }

  /** Closes the members of a cohort after a time. What they were given by then is sent first. */
  #closeAfter(ms: number, cohort: Cohort): void {
    this.#clock.after(ms, () => {
      cohort.flush();
      for (const member of cohort.members) {
        // A member that has joined another cohort since then stays in this list and is not concerned.
        if (member.cohort !== cohort) continue;
        void member.drained().then(() => member.close(CLOSE.normal));
      }
    });
  }

  /**
   * Sends one connection a message of the hub itself, as an event of the type `belfry`, in the format of its dialect.
   * Returns whether the dialect supports it.
   */
  tell(connection: Connection, action: string, key: string, object: Json): boolean {
    const time = timeAt(this.#clock.now());
    const event: HubEvent = { time, type: HUB_TYPE, action, key, object, size: 0 };
    return this.sendTo(connection, new EncodedEvent(event, this.#stats)) > 0;
  }

  /** Sends events to one connection, past its cohort and in one write. Returns how many of them were sent. */
  sendTo(connection: Connection, ...events: readonly EncodedEvent[]): number {
    if (!connection.isOpen) return 0;
    const { encoding, deflate, view } = connection;
    const frames = events.flatMap((encoded) => encoded.seenBy(view).frame(encoding, deflate) ?? []);
    const deliveries = this.#stats.of(connection.dialect.name);
    deliveries.received += events.length;
    deliveries.unsupported += events.length - frames.length;
    if (frames.length > 0) connection.send(this.#coalescer.coalesce(frames));
    return frames.length;
  }

  /** Sends at once what waits for the next flush. */
  flush(): void {
    this.#flushScheduler.flush();
  }
}
