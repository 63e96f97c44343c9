import { bound } from '../model/bound.ts';
import type { LogEntry } from './redis-log-entry.ts';

const FORGOTTEN = 'only the latest is kept, and the others are read from the log';
const MAX_HELD = bound('messages kept while the log is read', 1_000, 'entries', FORGOTTEN);
const MAX_HELD_BYTES = bound('bytes of messages kept while the log is read', 8_388_608, 'bytes', FORGOTTEN);

/** Messages of the channel that wait while the log is read. When they are too many, only the latest is kept. */
export class HeldMessages {
  #entries: LogEntry[] = [];
  #bytes = 0;

  /** Holds a copy of the body, since the body is a slice of a larger buffer from the socket. */
  add(received: LogEntry): void {
    const entry = { ...received, body: copyOf(received.body) };
    this.#entries.push(entry);
    this.#bytes += entry.body.length;
    if (this.#entries.length <= MAX_HELD && this.#bytes <= MAX_HELD_BYTES) return;
    this.#entries = [entry];
    this.#bytes = entry.body.length;
  }

  takeAll(): LogEntry[] {
    const held = this.#entries;
    this.#entries = [];
    this.#bytes = 0;
    return held;
  }
}

/** Copies into memory of its own, since a slice of a pool would keep the whole pool alive. */
function copyOf(bytes: Buffer): Buffer {
  const copy = Buffer.allocUnsafeSlow(bytes.length);
  bytes.copy(copy);
  return copy;
}
