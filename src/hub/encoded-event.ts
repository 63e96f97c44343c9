import type { Encoding } from '../dialects/dialect.ts';
import type { HubEvent } from '../model/event.ts';
import type { Position } from '../model/position.ts';
import type { View } from '../model/redaction.ts';
import { deflatedFrameOf, frameOf, unpooled } from './frame.ts';
import type { Stats } from './stats.ts';

interface Encoded {
  readonly encode: Encoding['encode'];
  /** Absent if its frame is kept instead. */
  text: string | undefined;
  readonly isSupported: boolean;
  frame: Buffer | undefined;
  deflated: Buffer | undefined;
}

/** Where an event stands in a log of several shards: the positions of a client right before it and right after it. */
export interface Place {
  readonly before: Position;
  readonly after: Position;
}

const NONE: readonly Encoded[] = [];

/** The memory of an encoded event in a cache, without its event and its frames. */
export const ENCODED_BYTES = 320;
/** The memory of the objects around the bytes of a frame. */
const FRAME_BYTES = 560;

/** An event with its texts and frames for the wire: one of each for every encoding, made when it is first needed. */
export class EncodedEvent {
  readonly event: HubEvent;
  readonly #stats: Stats;
  /** There are a few at most, so that a search is faster than a map. */
  #encoded = NONE;
  #seen: Map<View, EncodedEvent> | undefined;
  readonly #grew: ((bytes: number) => void) | undefined;
  readonly #place: Place | undefined;
  /** The last one that {@link at} made, and its bytes. */
  #placed: EncodedEvent | undefined;
  #placedBytes = 0;

  /** `grew` is called with each growth in bytes, if the encoded event is kept in a cache. */
  constructor(event: HubEvent, stats: Stats, grew?: (bytes: number) => void, place?: Place) {
    this.event = event;
    this.#stats = stats;
    this.#grew = grew;
    this.#place = place;
  }

  /** The position of a client right before the event, or `undefined` where the event is not in the log. */
  get before(): Position | undefined {
    return this.event.id === undefined ? undefined : (this.#place?.before ?? this.event.previous);
  }

  /** The position of a client right after the event, or `undefined` where the event is not in the log. */
  get after(): Position | undefined {
    return this.#place?.after ?? this.event.id;
  }

  /** The same event for a client that has another position. Clients that are at the same position share it. */
  at(place: Place): EncodedEvent {
    if (this.#placed?.after === place.after) return this.#placed;
    this.#grew?.(-this.#placedBytes);
    this.#placedBytes = 0;
    const grew = (bytes: number): void => {
      if (this.#placed !== placed) return;
      this.#placedBytes += bytes;
      this.#grew?.(bytes);
    };
    const placed = new EncodedEvent(this.event, this.#stats, this.#grew && grew, place);
    this.#placed = placed;
    grew(ENCODED_BYTES);
    return placed;
  }

  /**
   * The event as a view shows it. It is masked once for all connections with that view. If nothing is masked, it is
   * this event itself.
   */
  seenBy(view: View): EncodedEvent {
    if (view.isWhole) return this;
    let seen = this.#seen?.get(view);
    if (seen === undefined) {
      const event = view.mask(this.event);
      seen = event === this.event ? this : new EncodedEvent(event, this.#stats, this.#grew, this.#place);
      (this.#seen ??= new Map()).set(view, seen);
      if (seen !== this) this.#grew?.(ENCODED_BYTES + heldBytes(event));
    }
    return seen;
  }

  /** The text, or `undefined` when the dialect does not support the event. */
  text({ encode }: Encoding): string | undefined {
    return this.#textOf(this.#encode(encode));
  }

  /** The frame, or `undefined` when the dialect does not support the event. */
  frame({ encode, frame = frameOf }: Encoding, deflate: boolean): Buffer | undefined {
    const encoded = this.#encode(encode);
    const made = deflate ? encoded.deflated : encoded.frame;
    if (made !== undefined) return made;
    const text = this.#textOf(encoded);
    if (text === undefined) return undefined;
    this.#stats.frames++;
    const finished = this.#kept(deflate ? deflatedFrameOf(text) : frame(text));
    encoded[deflate ? 'deflated' : 'frame'] = finished;
    if (this.#grew !== undefined) encoded.text = undefined;
    return finished;
  }

  #encode(encode: Encoding['encode']): Encoded {
    for (const encoded of this.#encoded) if (encoded.encode === encode) return encoded;
    const text = this.#say(encode);
    const isSupported = text !== undefined;
    const encoded: Encoded = { encode, text, isSupported, frame: undefined, deflated: undefined };
    this.#encoded = [...this.#encoded, encoded];
    return encoded;
  }

  #textOf({ encode, text, isSupported }: Encoded): string | undefined {
    return isSupported && text === undefined ? this.#say(encode) : text;
  }

  #say(encode: Encoding['encode']): string | undefined {
    this.#stats.encodes++;
    const text = encode(this.event, this.#place?.after);
    // A body that was rejected while it was encoded has no text in any dialect.
    return this.event.isUnreadable === true ? undefined : text;
  }

  /** A frame that is kept gets memory of its own, since a part of a pool would keep the whole pool. */
  #kept(frame: Buffer): Buffer {
    if (this.#grew === undefined) return frame;
    this.#grew(FRAME_BYTES + frame.length);
    return unpooled(frame);
  }
}

/** How many bytes of memory an event takes: its texts, at two bytes for each character, and the objects around them. */
export function heldBytes({ size }: HubEvent): number {
  return 2 * size + 512;
}
