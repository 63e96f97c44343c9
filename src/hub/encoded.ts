import type { Encoding } from '../dialects/dialect.ts';
import type { HubEvent } from '../model/event.ts';
import type { View } from '../model/redaction.ts';
import { deflatedFrameOf, frameOf } from './frame.ts';
import type { Stats } from './stats.ts';

interface Encoded {
  readonly encode: Encoding['encode'];
  readonly text: string | undefined;
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

  constructor(event: HubEvent, stats: Stats) {
    this.event = event;
    this.#stats = stats;
  }

  /** As a view shows it, masked once for all who share the view; itself when there is nothing to mask. */
  seenBy(view: View): EncodedEvent {
    if (view.isWhole) return this;
    let seen = this.#seen?.get(view);
    if (seen === undefined) {
      const event = view.mask(this.event);
      seen = event === this.event ? this : new EncodedEvent(event, this.#stats);
      (this.#seen ??= new Map()).set(view, seen);
    }
    return seen;
  }

  /** `undefined` when the dialect has no word for the event. */
  text({ encode }: Encoding): string | undefined {
    return this.#encode(encode).text;
  }

  /** `undefined` when the dialect has no word for the event. */
  frame({ encode, frame = frameOf }: Encoding, deflate: boolean): Buffer | undefined {
    const encoded = this.#encode(encode);
    if (encoded.text === undefined) return undefined;
    if (deflate) return (encoded.deflated ??= this.#count(deflatedFrameOf(encoded.text)));
    return (encoded.frame ??= this.#count(frame(encoded.text)));
  }

  #encode(encode: Encoding['encode']): Encoded {
    for (const encoded of this.#encoded) if (encoded.encode === encode) return encoded;
    const encoded = { encode, text: encode(this.event) };
    this.#stats.encodes++;
    this.#encoded.push(encoded);
    return encoded;
  }

  #count(frame: Buffer): Buffer {
    this.#stats.frames++;
    return frame;
  }
}
