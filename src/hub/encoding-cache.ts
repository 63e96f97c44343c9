import { bound } from '../model/bound.ts';
import type { Clock } from '../model/clock.ts';
import type { HubEvent } from '../model/event.ts';
import { IdleTimer } from './idle-timer.ts';
import { ENCODED_BYTES, EncodedEvent, heldBytes } from './encoded-event.ts';
import type { Stats } from './stats.ts';

const MAX_BYTES = bound(
  'bytes of past events with their texts and frames that a node keeps for clients that come back',
  16 * 1024 * 1024,
  'bytes',
  'the oldest are forgotten, and made again when they are needed',
);
const KEPT_MS = bound(
  'time for which texts and frames are kept after a client came back',
  10_000,
  'ms',
  'all of them are forgotten, and made again when they are needed',
);
interface Kept {
  readonly encoded: EncodedEvent;
  bytes: number;
}

/**
 * Keeps past events with their texts and frames for a short time, so that clients which come back together share them.
 * What it holds is bounded in bytes.
 */
export class EncodingCache {
  readonly #stats: Stats;
  readonly #idleTimer: IdleTimer;
  readonly #kept = new Map<HubEvent, Kept>();
  #bytes = 0;

  constructor(stats: Stats, clock: Pick<Clock, 'after' | 'elapsed'>) {
    this.#stats = stats;
    this.#idleTimer = new IdleTimer(clock, KEPT_MS, () => {
      this.#kept.clear();
      this.#bytes = 0;
    });
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** The encoded form of an event, which readers of the same event share. */
  of(event: HubEvent): EncodedEvent {
    this.#idleTimer.used();
    const known = this.#kept.get(event);
    if (known !== undefined) return known.encoded;
    const kept: Kept = {
      encoded: new EncodedEvent(event, this.#stats, (bytes) => this.#grow(event, kept, bytes)),
      bytes: 0,
    };
    this.#kept.set(event, kept);
    // An event that was read from Redis may be kept by nothing else.
    this.#grow(event, kept, ENCODED_BYTES + heldBytes(event));
    return kept.encoded;
  }

  #grow(event: HubEvent, kept: Kept, bytes: number): void {
    // A reader may still use what was forgotten.
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
