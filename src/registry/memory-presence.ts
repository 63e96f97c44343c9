import { timeAt } from '../model/cursor.ts';
import { UNKNOWN, type Principal } from '../model/principal.ts';
import { PRESENCE_GRACE_MS, SEEN_MS, type OnlinePage, type OnlineQuery, type Seen } from './registry.ts';
import { bound } from '../model/bound.ts';

/** Beyond this number the principals that left first are forgotten early. */
const MAX_GONE = bound(
  'principals whose last time online a node without Redis remembers',
  100_000,
  'entries',
  'the one that was offline for longest is forgotten before its time',
);

interface Present {
  readonly since: string;
  connections: number;
}

/**
 * Presence without Redis: which principals are online, which left a moment ago and may come back, and when the others
 * were last seen. Times are in milliseconds.
 */
export class MemoryPresence {
  readonly #graceMs: number;
  readonly #tell: (action: 'online' | 'offline', seen: Seen, now: number) => void;
  readonly #present = new Map<Principal, Present>();
  /** When each principal left; the one that left first comes first. */
  readonly #leaving = new Map<Principal, number>();
  readonly #gone = new Map<Principal, number>();

  constructor(
    tell: (action: 'online' | 'offline', seen: Seen, now: number) => void,
    graceMs = PRESENCE_GRACE_MS,
  ) {
    this.#tell = tell;
    this.#graceMs = graceMs;
  }

  arrive(principal: Principal, since: string, now: number): void {
    if (principal === UNKNOWN) return;
    const present = this.#present.get(principal);
    if (present !== undefined) {
      present.connections++;
      this.#leaving.delete(principal);
      return;
    }
    this.#gone.delete(principal);
    this.#present.set(principal, { since, connections: 1 });
    this.#tell('online', this.of(principal, now), now);
  }

  leave(principal: Principal, now: number): void {
    const present = this.#present.get(principal);
    if (present !== undefined && --present.connections === 0) this.#leaving.set(principal, now);
  }

  of(principal: Principal, now: number): Seen {
    const since = this.#present.get(principal)?.since;
    if (since !== undefined) return { principal, online: true, since, lastSeen: timeAt(now) };
    const gone = this.#gone.get(principal);
    const at = gone === undefined ? null : timeAt(gone);
    return { principal, online: false, since: at, lastSeen: at };
  }

  online({ visible, offset, limit }: OnlineQuery, now: number): OnlinePage {
    const all = visible === 'all' ? [...this.#present.keys()] : [...new Set(visible)];
    const seen = all.filter((principal) => this.#present.has(principal)).toSorted();
    const page = seen.slice(offset, offset + limit);
    return { online: page.map((principal) => this.of(principal, now)), total: seen.length };
  }

  /** Tells which principals are offline since their grace has ended, and forgets principals last seen long ago. */
  pass(now: number): void {
    for (const [principal, at] of this.#leaving) {
      if (at + this.#graceMs > now) break;
      this.#leaving.delete(principal);
      this.#present.delete(principal);
      this.#gone.set(principal, at);
      this.#tell('offline', this.of(principal, now), now);
    }
    for (const [principal, at] of this.#gone) {
      if (at + SEEN_MS > now && this.#gone.size <= MAX_GONE) break;
      this.#gone.delete(principal);
    }
  }
}
