import type { Connection } from './connection.ts';
import type { EncodedEvent } from './encoded.ts';
import type { Delivery } from './delivery.ts';
import { bound } from '../model/bound.ts';

/** What goes out in one write: so many events, */
export const AT_ONCE = bound(
  'events of one write of a replay',
  256,
  'entries',
  'the others are another write',
);
/** or as many as fit into what a socket holds, lest five thousand that come back at once fill the memory. */
const BYTES_AT_ONCE = bound(
  'bytes of one write of a replay',
  64 * 1024,
  'bytes',
  'the others are another write',
);

/** Past events for one connection, until their write, which a client that keeps up takes as a whole. */
export class Batch {
  readonly #delivery: Pick<Delivery, 'sendTo'>;
  readonly #connection: Connection;
  #events: EncodedEvent[] = [];
  #bytes = 0;

  constructor(delivery: Pick<Delivery, 'sendTo'>, connection: Connection) {
    this.#delivery = delivery;
    this.#connection = connection;
  }

  get isFull(): boolean {
    return this.#events.length >= AT_ONCE || this.#bytes >= BYTES_AT_ONCE;
  }

  add(encoded: EncodedEvent): void {
    this.#events.push(encoded);
    this.#bytes += encoded.event.size;
  }

  send(): void {
    if (this.#events.length > 0) this.#delivery.sendTo(this.#connection, ...this.#events);
    this.#events = [];
    this.#bytes = 0;
  }

  /** Resolves when the client can take more. */
  async sent(): Promise<void> {
    this.send();
    if (this.#connection.isSlow) await this.#connection.drained();
  }
}
