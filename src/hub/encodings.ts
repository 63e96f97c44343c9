import { bound } from '../model/bound.ts';
import type { Clock } from '../model/clock.ts';
import type { HubEvent } from '../model/event.ts';
import { Disuse } from './disuse.ts';
import { EncodedEvent } from './encoded.ts';
import type { Stats } from './stats.ts';

const MAX_BYTES = bound(
  'bytes of texts and frames that a node keeps for those who come back',
  8 * 1024 * 1024,
  'bytes',
  'the oldest are forgotten, and made anew when they are needed',
);
const KEPT_MS = bound(
  'time for which texts and frames are kept after somebody came back',
  10_000,
  'ms',
  'all of them are forgotten, and made anew when they are needed',
);
/** Of an entry, whatever it holds. */
const ENTRY_BYTES = 256;

interface Kept {
  readonly encoded: EncodedEvent;
  bytes: number;
}

/**
 * What was made of past events for the wire, shared by all who come back at the same time. It is counted by what it holds,
 * and forgotten soon after.
 */
export class Encodings {
  readonly #stats: Stats;
  readonly #disuse: Disuse;
  readonly #kept = new Map<HubEvent, Kept>();
  #bytes = 0;

  constructor(stats: Stats, clock: Pick<Clock, 'after' | 'elapsed'>) {
    this.#stats = stats;
    this.#disuse = new Disuse(clock, KEPT_MS, () => {
      this.#kept.clear();
      this.#bytes = 0;
    });
  }

  get bytes(): number {
    return this.#bytes;
  }

  of(event: HubEvent): EncodedEvent {
    this.#disuse.used();
    const known = this.#kept.get(event);
    if (known !== undefined) return known.encoded;
    const kept: Kept = {
      encoded: new EncodedEvent(event, this.#stats, (bytes) => this.#grow(event, kept, bytes)),
      bytes: 0,
    };
    this.#kept.set(event, kept);
    this.#grow(event, kept, ENTRY_BYTES);
    return kept.encoded;
  }

  #grow(event: HubEvent, kept: Kept, bytes: number): void {
    // Somebody may still be using what was forgotten.
    if (this.#kept.get(event) !== kept) return;
    kept.bytes += bytes;
    this.#bytes += bytes;
    for (const [oldest, { bytes: freed }] of this.#kept) {
      if (this.#bytes <= MAX_BYTES) break;
      this.#kept.delete(oldest);
      this.#bytes -= freed;
    }
  }
}
