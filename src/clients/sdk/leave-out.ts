import type { SlowPolicyName } from '../../model/slow-policies/index.ts';
import { positionAfter, type Gap, type HubEvent, type Item } from './item.ts';

/** Leaves events out of a full queue as its policy says, and tells by a gap how many. */
export class LeaveOut {
  readonly #slow: SlowPolicyName;
  #gap: Gap | undefined;

  constructor(slow: SlowPolicyName) {
    this.#slow = slow;
  }

  /** Takes an event away so that there is room for this one. Returns whether there was one. `from` is where the gap begins. */
  makeRoom(waiting: Item[], event: HubEvent, from: string | null): boolean {
    const index = this.#spare(waiting, event);
    if (index < 0) return false;
    const [out] = waiting.splice(index, 1) as HubEvent[];
    const { to = null, dropped = 0 } = this.#gap ?? {};
    this.#gap = { from, to: (out && positionAfter(out)) ?? to, reason: 'slow', dropped: dropped + 1 };
    return true;
  }

  /** What was left out since this was asked last. */
  gap(): Gap | undefined {
    const gap = this.#gap;
    this.#gap = undefined;
    return gap;
  }

  /** The index of an event that may be left out so that there is room for this one, or -1. */
  #spare(waiting: readonly Item[], event: HubEvent): number {
    if (this.#slow === 'drop-oldest') return waiting.findIndex(({ gap }) => gap === undefined);
    const later = new Set([topicOf(event)]);
    return waiting.findLastIndex((item) => {
      if (item.gap !== undefined) return false;
      const topic = topicOf(item);
      return later.has(topic) || !later.add(topic);
    });
  }
}

function topicOf({ type, action, key }: HubEvent): string {
  return JSON.stringify([type, action, key]);
}
