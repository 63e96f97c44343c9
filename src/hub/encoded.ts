import type { Encoding } from '../dialects/dialect.ts';
import type { HubEvent } from '../model/event.ts';
import type { View } from '../model/redaction.ts';
import { deflatedFrameOf, frameOf, unpooled } from './frame.ts';
import type { Stats } from './stats.ts';

interface Encoded {
  readonly encode: Encoding['encode'];
  /** Absent where the frame that was made of it is kept instead. */
  text: string | undefined;
  readonly isSupported: boolean;
  frame?: Buffer;
  deflated?: Buffer;
}

/** An event with what was made of it for the wire: one text and one frame for each way to encode it, when first needed. */
export class EncodedEvent {
  readonly event: HubEvent;
  readonly #stats: Stats;
  /** A few at most: looked through faster than a map is made. */
  readonly #encoded: Encoded[] = [];
  #seen: Map<View, EncodedEvent> | undefined;
  readonly #grew: ((bytes: number) => void) | undefined;

  /** `grew` is told what it holds more, where it is kept. */
  constructor(event: HubEvent, stats: Stats, grew?: (bytes: number) => void) {
    this.event = event;
    this.#stats = stats;
    this.#grew = grew;
  }

  /** As a view shows it, masked once for all who share the view; itself when there is nothing to mask. */
  seenBy(view: View): EncodedEvent {
    if (view.isWhole) return this;
    let seen = this.#seen?.get(view);
    if (seen === undefined) {
      const event = view.mask(this.event);
      seen = event === this.event ? this : new EncodedEvent(event, this.#stats, this.#grew);
      (this.#seen ??= new Map()).set(view, seen);
      if (seen !== this) this.#grew?.(heldBytes(event));
    }
    return seen;
  }

  /** `undefined` when the dialect does not support the event. */
  text({ encode }: Encoding): string | undefined {
    return this.#textOf(this.#encode(encode));
  }

  /** `undefined` when the dialect does not support the event. */
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
    const encoded = { encode, text, isSupported: text !== undefined };
    this.#encoded.push(encoded);
    return encoded;
  }

  #textOf({ encode, text, isSupported }: Encoded): string | undefined {
    return isSupported && text === undefined ? this.#say(encode) : text;
  }

  #say(encode: Encoding['encode']): string | undefined {
    this.#stats.encodes++;
    return encode(this.event);
  }

  /** As it is when it is not kept; else on memory of its own, since a part of a pool would keep all of that. */
  #kept(frame: Buffer): Buffer {
    if (this.#grew === undefined) return frame;
    this.#grew(frame.length);
    return unpooled(frame);
  }
}

/** What an event takes: its texts, of two bytes a character where one of them needs that, and what holds them. */
export function heldBytes({ size }: HubEvent): number {
  return 2 * size + 512;
}
