import { joinFrames, type Chunk } from './frame.ts';
import type { Outgoing } from './outbox.ts';
import { bound } from '../model/bound.ts';

/** A write is cut at this size, so that no single one holds up the others for long. */
const MAX_WRITE_BYTES = bound(
  'one write to a socket',
  1024 * 1024,
  'bytes',
  'the rest goes out in another write',
);
/** A write is never cut smaller than this, however small the queues are. */
const MIN_WRITE_BYTES = 64 * 1024;

interface Coalesced {
  readonly frames: readonly Buffer[];
  readonly chunks: readonly Chunk[];
}

/**
 * Coalesces frames into few writes. Cohorts that send the same frames share the writes, and so does a connection that
 * leaves its cohort: of all lists that begin with the same frame the last one is remembered until the flush is over.
 */
export class WriteCoalescer {
  readonly #maxBytes: number;
  readonly #shared = new Map<Buffer, Coalesced>();

  /**
   * `queueMaxBytes` is what may wait for a connection. A write is no larger, since a socket that nobody reads holds all
   * of it.
   */
  constructor(queueMaxBytes: number) {
    this.#maxBytes = Math.min(MAX_WRITE_BYTES, Math.max(MIN_WRITE_BYTES, queueMaxBytes));
  }

  /** Coalesces frames for one connection. The writes are shared with nobody. */
  coalesce(frames: readonly Buffer[]): readonly Chunk[] {
    return joinFrames(frames, undefined, this.#maxBytes);
  }

  /** Coalesces the frames of a cohort, or returns the writes that were made of the same frames before. */
  coalesceShared({ frames, events }: Outgoing): readonly Chunk[] {
    const [first, second] = frames;
    if (first === undefined || second === undefined) return joinFrames(frames, events, this.#maxBytes);
    const known = this.#shared.get(first);
    if (known !== undefined && isSame(known.frames, frames)) return known.chunks;
    const chunks = joinFrames(frames, events, this.#maxBytes);
    this.#shared.set(first, { frames: [...frames], chunks });
    return chunks;
  }

  /** Notes that the flush is over. */
  forget(): void {
    // Clearing a map that is empty would still make a new table.
    if (this.#shared.size > 0) this.#shared.clear();
  }
}

function isSame(one: readonly Buffer[], other: readonly Buffer[]): boolean {
  if (one.length !== other.length) return false;
  for (let i = one.length - 1; i >= 0; i--) if (one[i] !== other[i]) return false;
  return true;
}
