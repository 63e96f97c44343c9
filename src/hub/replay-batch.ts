import type { Connection } from './connection.ts';
import type { EncodedEvent } from './encoded-event.ts';
import type { Delivery } from './delivery.ts';
import { bound } from '../model/bound.ts';

/** One write of a replay holds at most this many events. */
export const AT_ONCE = bound(
  'events of one write of a replay',
  256,
  'entries',
  'the rest goes out in another write',
);
/**
 * One write of a replay holds about as many bytes as a socket. Otherwise five thousand clients that reconnect at once
 * would fill the memory.
 */
const BYTES_AT_ONCE = bound(
  'bytes of one write of a replay',
  64 * 1024,
  'bytes',
  'the rest goes out in another write',
);

/** Collects past events for one connection, and sends them in one write. */
export class ReplayBatch {
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

  /** Sends what was collected. */
  send(): void {
    if (this.#events.length > 0) this.#delivery.sendTo(this.#connection, ...this.#events);
    this.#events = [];
    this.#bytes = 0;
  }

  /** Sends what was collected, and resolves when the client can take more. */
  async sent(): Promise<void> {
    this.send();
    if (this.#connection.isSlow) await this.#connection.drained();
  }
}
