import { joinFrames, type Chunk } from './frame.ts';
import type { Outgoing } from './outbox.ts';
import { bound } from '../model/bound.ts';

/** One write is cut here, so that no single socket write holds up the others for long; */
const MAX_WRITE_BYTES = bound('one write to a socket', 1024 * 1024, 'bytes', 'the rest is another write');
/** and where the queues are shorter there, since a socket that nobody reads holds a whole write. */
const MIN_WRITE_BYTES = 64 * 1024;

interface Joined {
  readonly frames: readonly Buffer[];
  readonly chunks: readonly Chunk[];
}

/**
 * Makes writes of frames. Cohorts that are to be sent the same frames share the writes, and who leaves one too: what was
 * made is remembered until the flush is over, the last of each that begin alike.
 */
export class Joiner {
  readonly #maxBytes: number;
  readonly #joined = new Map<Buffer, Joined>();

  /** `queueMaxBytes` is what may wait for a connection. */
  constructor(queueMaxBytes: number) {
    this.#maxBytes = Math.min(MAX_WRITE_BYTES, Math.max(MIN_WRITE_BYTES, queueMaxBytes));
  }

  /** For one connection only. */
  joined(frames: readonly Buffer[]): readonly Chunk[] {
    return joinFrames(frames, undefined, this.#maxBytes);
  }

  join({ frames, events }: Outgoing): readonly Chunk[] {
    const [first, second] = frames;
    if (first === undefined || second === undefined) return joinFrames(frames, events, this.#maxBytes);
    const known = this.#joined.get(first);
    if (known !== undefined && isSame(known.frames, frames)) return known.chunks;
    const chunks = joinFrames(frames, events, this.#maxBytes);
    this.#joined.set(first, { frames: [...frames], chunks });
    return chunks;
  }

  forget(): void {
    this.#joined.clear();
  }
}

function isSame(one: readonly Buffer[], other: readonly Buffer[]): boolean {
  if (one.length !== other.length) return false;
  for (let i = one.length - 1; i >= 0; i--) if (one[i] !== other[i]) return false;
  return true;
}
