import { SLOW_POLICIES, type SlowPolicyName } from '../../model/slow-policies/index.ts';
import type { Gap, HubEvent, Item } from './item.ts';

interface Waiting {
  readonly event: HubEvent;
  readonly droppable: {
    readonly policy: (typeof SLOW_POLICIES)[SlowPolicyName];
    readonly kind: string | undefined;
    readonly id: string | undefined;
    readonly previous: undefined;
  };
}

/**
 * Events that wait for the code that reads them. When the queue is full, its policy, which is one of the hub's,
 * decides what is left out, and a gap says how much that was.
 */
export class ItemQueue {
  readonly #max: number;
  readonly #policy: (typeof SLOW_POLICIES)[SlowPolicyName];
  #waiting: (Waiting | Gap)[] = [];
  /** The id of the last event that was taken. */
  #taken: string | null = null;
  #leftOut: { readonly to: string | null; readonly dropped: number } | undefined;

  constructor(max: number, slow: SlowPolicyName) {
    this.#max = max;
    this.#policy = SLOW_POLICIES[slow];
  }

  get size(): number {
    return this.#waiting.length;
  }

  /** The id of the last event that was taken, if it had one. */
  get taken(): string | undefined {
    return this.#taken ?? undefined;
  }

  /** Adds an event. Returns whether there was room for it. */
  push(event: HubEvent): boolean {
    const policy = this.#policy;
    const kind = 'kindOf' in policy ? policy.kindOf(event) : undefined;
    const next: Waiting = { event, droppable: { policy, kind, id: event.id, previous: undefined } };
    while (this.#waiting.length >= this.#max) {
      const out = new Set<Waiting | Gap>(policy.leaveOut(this.#waiting.filter(isEvent), next));
      if (out.size === 0) return false;
      this.#waiting = this.#waiting.filter((each) => !out.has(each));
      this.#count([...out].filter(isEvent));
      if (out.has(next)) return true;
    }
    this.#waiting.push(next);
    return true;
  }

  /** Consecutive gaps are one gap, so that they need no bound. */
  tellGap(gap: Gap): void {
    const last = this.#waiting.at(-1);
    if (last === undefined || isEvent(last)) this.#waiting.push(gap);
    else this.#waiting[this.#waiting.length - 1] = { ...gap, from: last.from };
  }

  take(): Item | undefined {
    if (this.#leftOut !== undefined) {
      const gap: Gap = { from: this.#taken, reason: 'slow', ...this.#leftOut };
      this.#leftOut = undefined;
      return { gap };
    }
    const next = this.#waiting.shift();
    if (next === undefined) return undefined;
    if (!isEvent(next)) {
      this.#taken = next.to;
      return { gap: next };
    }
    this.#taken = next.event.id ?? this.#taken;
    return next.event;
  }

  #count(out: readonly Waiting[]): void {
    const { to = null, dropped = 0 } = this.#leftOut ?? {};
    this.#leftOut = { to: out.at(-1)?.event.id ?? to, dropped: dropped + out.length };
  }
}

function isEvent(waiting: Waiting | Gap): waiting is Waiting {
  return 'event' in waiting;
}
