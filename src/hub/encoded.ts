import type { Dialect } from '../dialects/dialect.ts';
import type { HubEvent } from '../model/event.ts';
import { frameOf } from './frame.ts';
import type { Stats } from './stats.ts';

/** An event with the frames that were made of it: one a dialect, made when the first connection needs it. */
export class EncodedEvent {
  readonly event: HubEvent;
  readonly #stats: Stats;
  readonly #frames = new Map<Dialect, Buffer | undefined>();

  constructor(event: HubEvent, stats: Stats) {
    this.event = event;
    this.#stats = stats;
  }

  /** `undefined` when the dialect has no word for the event. */
  frame(dialect: Dialect): Buffer | undefined {
    const made = this.#frames.get(dialect);
    if (made !== undefined || this.#frames.has(dialect)) return made;
    const text = dialect.encode(this.event);
    this.#stats.encodes++;
    const frame = text === undefined ? undefined : frameOf(text);
    if (frame !== undefined) this.#stats.frames++;
    this.#frames.set(dialect, frame);
    return frame;
  }
}
