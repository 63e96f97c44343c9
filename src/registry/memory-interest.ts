import type { Logger } from 'pino';
import type { Clock } from '../model/clock.ts';
import type { NewEvent } from '../model/event.ts';
import { interestObject, type Interest, type InterestLimits, type InterestStats } from './interest.ts';
import { LogQuota, QUOTA_BYTES } from './log-quota.ts';
import type { Lifecycle } from './registry.ts';

const PASS_MS = 1_000;

export interface MemoryInterestOptions {
  readonly clock: Clock;
  readonly limits: InterestLimits;
  readonly publish: (events: readonly NewEvent[]) => Promise<unknown>;
  readonly log: Logger;
}

/** The interest of a single node without Redis. */
export class MemoryInterest implements Interest, Lifecycle {
  readonly #options: MemoryInterestOptions;
  readonly #quota: LogQuota;
  readonly #heard = new Set<string>();
  /** The topics that were told, with the time at which their hold ends, while nobody listens. */
  readonly #told = new Map<string, number | undefined>();
  /** The topics that may be told at the end of this turn. */
  readonly #changed = new Set<string>();
  readonly #waiting = new Set<string>();
  #begun = 0;
  #ended = 0;
  #stopTimer: (() => void) | undefined;

  constructor(options: MemoryInterestOptions) {
    this.#options = options;
    this.#quota = new LogQuota(options.limits.quota, options.clock);
  }

  get stats(): InterestStats {
    return {
      topics: this.#heard.size,
      untold: this.#waiting.size,
      begun: this.#begun,
      ended: this.#ended,
    };
  }

  async start(): Promise<void> {
    this.#stopTimer = this.#options.clock.every(PASS_MS, () => this.#pass());
  }

  /** What is told ends with the process, so nothing is told here. */
  async stop(): Promise<void> {
    this.#stopTimer?.();
  }

  set(topic: string, isHeard: boolean): void {
    if (isHeard) this.#heard.add(topic);
    else this.#heard.delete(topic);
    if (this.#changed.size === 0) this.#options.clock.soon(() => this.#settle());
    this.#changed.add(topic);
  }

  #settle(): void {
    const changed = [...this.#changed];
    this.#changed.clear();
    for (const topic of changed) {
      const isHeard = this.#heard.has(topic);
      if (!isHeard) this.#waiting.delete(topic);
      if (this.#told.has(topic))
        this.#told.set(
          topic,
          isHeard ? undefined : this.#options.clock.elapsed() + this.#options.limits.holdMs,
        );
      else if (isHeard && !this.#begin(topic)) this.#waiting.add(topic);
    }
  }

  #begin(topic: string): boolean {
    if (this.#told.size >= this.#options.limits.maxTopics) return false;
    const event = this.#event('begin', topic);
    const bytes = Buffer.byteLength(JSON.stringify(event));
    if (!this.#quota.take(2 * Math.ceil(bytes / QUOTA_BYTES) * QUOTA_BYTES)) return false;
    this.#told.set(topic, undefined);
    this.#begun++;
    this.#publish(event);
    return true;
  }

  #pass(): void {
    const now = this.#options.clock.elapsed();
    for (const [topic, until] of this.#told) {
      if (until === undefined || until > now) continue;
      this.#told.delete(topic);
      this.#ended++;
      this.#publish(this.#event('end', topic));
    }
    for (const topic of this.#waiting) {
      if (!this.#begin(topic)) return;
      this.#waiting.delete(topic);
    }
  }

  #event(action: 'begin' | 'end', topic: string): NewEvent {
    const time = new Date(this.#options.clock.now()).toISOString();
    return { time, type: 'interest', action, key: topic, object: interestObject(topic) };
  }

  #publish(event: NewEvent): void {
    const { publish, log } = this.#options;
    publish([event]).catch((error: unknown) =>
      log.warn({ err: error, action: event.action }, 'a change of interest could not be published'),
    );
  }
}
