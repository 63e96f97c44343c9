import type { Position } from '../position.ts';
import type { Topic } from '../pattern-parts.ts';

/**
 * What becomes of the events of a subscription when the queue of a slow consumer is full. Clients do the same in queues of
 * their own. A policy is one file of this
 * folder and one line of the table in `index.ts`; every name and text of it comes from there.
 */
export interface SlowPolicy {
  /** What becomes of the events, as a reader of the docs would say it. */
  readonly text: string;
  /** What an event has in common with those that can stand for it. Absent where no event stands for another. */
  readonly kindOf?: (event: Topic) => string;
  /**
   * Which deliveries are left out, so that there may be room for the next one: some of those that wait under this policy,
   * or the next one itself. The queue asks again while it is full, until this names none.
   */
  leaveOut<D extends QueuedDelivery>(waiting: readonly D[], next: D): readonly D[];
}

/** A delivery that waits for a slow consumer, or is about to, as a policy sees it. */
export interface QueuedDelivery {
  /** Absent where it is never left out, like a reply. */
  readonly droppable?: Droppable;
}

/** How one event may be left out, and the positions before and after it, where it is in the log. */
export interface Droppable {
  readonly policy: SlowPolicy;
  /** What {@link SlowPolicy.kindOf} says of it. */
  readonly kind: string | undefined;
  readonly before: Position | undefined;
  readonly after: Position | undefined;
}
