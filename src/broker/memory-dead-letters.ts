import { bound } from '../model/bound.ts';
import type { Clock } from '../model/clock.ts';
import { timeAt, type Cursor } from '../model/cursor.ts';
import type { DeadLetter, UndeliveredEvent } from '../model/dead-letter.ts';
import type { DeadLetterQueue } from './broker.ts';

const MAX_BYTES = bound(
  'text of all dead letters without Redis',
  67_108_864,
  'bytes',
  'the oldest are forgotten',
);

/** The dead letters of a node without Redis. It has no ingress, so all of them are of sinks. */
export class MemoryDeadLetters implements DeadLetterQueue {
  readonly #clock: Pick<Clock, 'now'>;
  readonly #letters = new Map<Cursor, DeadLetter>();
  #bytes = 0;
  #sequence = 0;

  constructor(clock: Pick<Clock, 'now'>) {
    this.#clock = clock;
  }

  async list(offset: number, limit: number): Promise<{ entries: DeadLetter[]; total: number }> {
    const entries = [...this.#letters.values()].slice(offset, offset + limit);
    return { entries, total: this.#letters.size };
  }

  async get(id: Cursor): Promise<DeadLetter | undefined> {
    return this.#letters.get(id);
  }

  async add(undelivered: UndeliveredEvent): Promise<Cursor> {
    const now = this.#clock.now();
    const id = `${now}-${this.#sequence++}`;
    this.#letters.set(id, { id, time: timeAt(now), ...undelivered });
    this.#bytes += Buffer.byteLength(undelivered.event);
    for (const oldest of this.#letters.keys()) {
      if (this.#bytes <= MAX_BYTES || oldest === id) break;
      await this.remove(oldest);
    }
    return id;
  }

  async retry(): Promise<boolean> {
    return false;
  }

  async remove(id: Cursor): Promise<boolean> {
    const letter = this.#letters.get(id);
    if (letter !== undefined) this.#bytes -= Buffer.byteLength(letter.event);
    return this.#letters.delete(id);
  }
}
