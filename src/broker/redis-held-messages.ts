import { bound } from '../model/bound.ts';
import type { Logged } from './redis-channel-message.ts';

const FORGOTTEN = 'only the latest is kept, and the others are read from the log';
const MAX_HELD = bound('messages kept while the log is read', 1_000, 'entries', FORGOTTEN);
const MAX_HELD_BYTES = bound('bytes of messages kept while the log is read', 8_388_608, 'bytes', FORGOTTEN);

/** Messages of the channel that wait while the log is read. When they are too many, only the latest is kept. */
export class HeldMessages {
  #entries: Logged[] = [];
  #bytes = 0;

  add(told: Logged): void {
    this.#entries.push(told);
    this.#bytes += told.bytes.length;
    if (this.#entries.length <= MAX_HELD && this.#bytes <= MAX_HELD_BYTES) return;
    this.#entries = [told];
    this.#bytes = told.bytes.length;
  }

  takeAll(): Logged[] {
    const held = this.#entries;
    this.#entries = [];
    this.#bytes = 0;
    return held;
  }
}
