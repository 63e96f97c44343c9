import type { SlowPolicyName } from '../../model/slow-policies/index.ts';
import { positionAfter, type Gap, type HubEvent, type Item } from './item.ts';
import type { LeaveOut } from './leave-out.ts';

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
  /** Absent with the policy `close`, which most have, and until it is loaded. A full queue then has no room. */
  #leaveOut: LeaveOut | undefined;

  constructor(max: number, slow: SlowPolicyName) {
    this.#max = max;
    this.#slow = slow;
    void this.load();
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
      if (this.#leaveOut?.makeRoom(this.#waiting, event, this.#taken)) continue;
      void this.load();
      return false;
    }
    this.#waiting.push(event);
    return true;
  }

  /** Consecutive gaps are one gap, so that they need no bound. */
  tellGap(gap: Gap): void {
    const last = this.#waiting.at(-1)?.gap;
    if (last) this.#waiting.pop();
    this.#waiting.push({ gap: { ...gap, ...(last && { from: last.from }) } });
  }

  take(): Item | undefined {
    const gap = this.#leaveOut?.gap();
    if (gap !== undefined) return { gap };
    const next = this.#waiting.shift();
    if (next !== undefined) this.#taken = (next.gap ? next.gap.to : positionAfter(next)) ?? this.#taken;
    return next;
  }

  /** Loads what leaves events out. Where that fails, it is tried again when the queue is full. */
  async load(): Promise<void> {
    if (this.#slow === 'close') return;
    const part = await import('./leave-out.ts').catch(() => undefined);
    if (part !== undefined) this.#leaveOut ??= new part.LeaveOut(this.#slow);
  }
}
