import type { SlowPolicyName } from '../../model/slow-policies/index.ts';
import { positionAfter, type Gap, type HubEvent, type Item } from './item.ts';

/**
 * Items that wait for the code that reads them. When the queue is full, its policy, which means the same as in the hub,
 * decides what is left out, and a gap says how much that was.
 */
export class ItemQueue {
  readonly #max: number;
  readonly #slow: SlowPolicyName;
  readonly #waiting: Item[] = [];
  /** The position after the last event that was taken. */
  #taken: string | null = null;
  #leftOut: Gap | undefined;

  constructor(max: number, slow: SlowPolicyName) {
    this.#max = max;
    this.#slow = slow;
  }

  get size(): number {
    return this.#waiting.length;
  }

  /** The position after the last event that was taken, if it had one. */
  get taken(): string | undefined {
    return this.#taken ?? undefined;
  }

  /** Adds an event. Returns whether there was room for it. */
  push(event: HubEvent): boolean {
    while (this.#waiting.length >= this.#max) {
      const index = this.#spare(event);
      if (index < 0) return false;
      const [out] = this.#waiting.splice(index, 1) as HubEvent[];
      const { to = null, dropped = 0 } = this.#leftOut ?? {};
      this.#leftOut = {
        from: this.#taken,
        to: (out && positionAfter(out)) ?? to,
        reason: 'slow',
        dropped: dropped + 1,
      };
    }
    this.#waiting.push(event);
    return true;
  }

  /** Consecutive gaps are one gap, so that they need no bound. */
  tellGap(gap: Gap): void {
    const last = this.#waiting.at(-1)?.gap;
    if (last !== undefined) this.#waiting.pop();
    this.#waiting.push({ gap: { ...gap, ...(last && { from: last.from }) } });
  }

  take(): Item | undefined {
    const leftOut = this.#leftOut;
    this.#leftOut = undefined;
    if (leftOut !== undefined) return { gap: leftOut };
    const next = this.#waiting.shift();
    if (next !== undefined) this.#taken = (next.gap ? next.gap.to : positionAfter(next)) ?? this.#taken;
    return next;
  }

  /** The index of an event that may be left out so that there is room for this one, or -1. */
  #spare(event: HubEvent): number {
    if (this.#slow === 'drop-oldest') return this.#waiting.findIndex(({ gap }) => gap === undefined);
    if (this.#slow === 'close') return -1;
    const later = new Set([topicOf(event)]);
    return this.#waiting.findLastIndex((item) => {
      if (item.gap !== undefined) return false;
      const topic = topicOf(item);
      return later.has(topic) || !later.add(topic);
    });
  }
}

function topicOf({ type, action, key }: HubEvent): string {
  return JSON.stringify([type, action, key]);
}
