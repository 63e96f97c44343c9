import type { Encoding } from '../dialects/dialect.ts';
import type { EncodedEvent } from './encoded-event.ts';
import { deflatedFrameOf, frameOf } from './frame.ts';

/** Finished frames, and how many events each of them carries. Without `events`, each carries one. */
export interface Outgoing {
  readonly frames: readonly Buffer[];
  readonly events?: readonly number[];
}

/** The events that wait for the next flush of a cohort. */
export interface Outbox {
  readonly isEmpty: boolean;
  /** Adds an event. Returns how many events it replaced, or `undefined` when the dialect does not support it. */
  add(encoded: EncodedEvent): number | undefined;
  /** Returns everything that waits, in order. */
  peek(): Outgoing;
  /** Returns everything that waits, in order, and empties the outbox. */
  take(): Outgoing;
}

export function outboxOf(encoding: Encoding, deflate: boolean): Outbox {
  if (encoding.conflateBy !== undefined) return new ConflatingOutbox(encoding, encoding.conflateBy, deflate);
  if (encoding.batch !== undefined && encoding.batch.size > 1)
    return new BatchOutbox(encoding, encoding.batch, deflate);
  return new FrameOutbox(encoding, deflate);
}

/**
 * Holds a frame for each event. Every other cohort of the same encoding shares the frames. An empty outbox holds no list,
 * since a list that had grown old with thousands of quiet cohorts would take each new frame into the old generation.
 */
class FrameOutbox implements Outbox {
  readonly #encoding: Encoding;
  readonly #deflate: boolean;
  #frames: Buffer[] | undefined;

  constructor(encoding: Encoding, deflate: boolean) {
    this.#encoding = encoding;
    this.#deflate = deflate;
  }

  get isEmpty(): boolean {
    return this.#frames === undefined;
  }

  add(encoded: EncodedEvent): number | undefined {
    const frame = encoded.frame(this.#encoding, this.#deflate);
    if (frame === undefined) return undefined;
    if (this.#frames === undefined) this.#frames = [frame];
    else this.#frames.push(frame);
    return 0;
  }

  peek(): Outgoing {
    return { frames: this.#frames ?? [] };
  }

  take(): Outgoing {
    const all = this.peek();
    this.#frames = undefined;
    return all;
  }
}

/** Puts several events into one frame, when several wait. */
class BatchOutbox implements Outbox {
  readonly #encoding: Encoding;
  readonly #batch: NonNullable<Encoding['batch']>;
  readonly #deflate: boolean;
  /** Full frames, which no later event changes. */
  #full: Buffer[] = [];
  /** The texts of the frame that is not full. */
  #texts: string[] = [];
  #begun: Buffer | undefined;

  constructor(encoding: Encoding, batch: NonNullable<Encoding['batch']>, deflate: boolean) {
    this.#encoding = encoding;
    this.#batch = batch;
    this.#deflate = deflate;
  }

  get isEmpty(): boolean {
    return this.#full.length === 0 && this.#texts.length === 0;
  }

  add(encoded: EncodedEvent): number | undefined {
    const text = encoded.text(this.#encoding);
    if (text === undefined) return undefined;
    this.#begun = undefined;
    if (this.#texts.push(text) === this.#batch.size) {
      this.#full.push(this.#frame());
      this.#texts = [];
    }
    return 0;
  }

  /** The frame that is not full is made once for all connections that leave before the next event. */
  peek(): Outgoing {
    const events = this.#full.map(() => this.#batch.size);
    if (this.#texts.length === 0) return { frames: this.#full, events };
    const begun = (this.#begun ??= this.#frame());
    return { frames: [...this.#full, begun], events: [...events, this.#texts.length] };
  }

  take(): Outgoing {
    try {
      return this.peek();
    } finally {
      this.#full = [];
      this.#texts = [];
      this.#begun = undefined;
    }
  }

  #frame(): Buffer {
    const [only = ''] = this.#texts;
    const text = this.#texts.length === 1 ? only : this.#batch.join(this.#texts);
    return this.#deflate ? deflatedFrameOf(text) : frameOf(text);
  }
}

/** Holds the newest event of each kind, in the order in which they came. */
class ConflatingOutbox implements Outbox {
  readonly #encoding: Encoding;
  readonly #kindOf: (event: EncodedEvent['event']) => string | undefined;
  readonly #deflate: boolean;
  readonly #frames = new Map<string | symbol, Buffer>();

  constructor(encoding: Encoding, kindOf: NonNullable<Encoding['conflateBy']>, deflate: boolean) {
    this.#encoding = encoding;
    this.#kindOf = kindOf;
    this.#deflate = deflate;
  }

  get isEmpty(): boolean {
    return this.#frames.size === 0;
  }

  add(encoded: EncodedEvent): number | undefined {
    const frame = encoded.frame(this.#encoding, this.#deflate);
    if (frame === undefined) return undefined;
    const kind = this.#kindOf(encoded.event) ?? Symbol('one of its own');
    const replaced = this.#frames.delete(kind);
    this.#frames.set(kind, frame);
    return replaced ? 1 : 0;
  }

  peek(): Outgoing {
    return { frames: [...this.#frames.values()] };
  }

  take(): Outgoing {
    const all = this.peek();
    this.#frames.clear();
    return all;
  }
}
