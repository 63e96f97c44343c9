import type { HubEvent } from '../sdk/item.ts';
import { retrying } from './retrying.ts';
import { deliver, WebhookError, type Webhook } from './webhook.ts';

/** What became of one attempt to deliver an event. */
export interface Attempt {
  readonly time: string;
  readonly event: HubEvent;
  /** The status of the answer; `null` where none came. */
  readonly status: number | null;
  readonly ms: number;
  /** Why it was not accepted. */
  readonly error: string | null;
  /** How long until the next attempt; `null` where there is none. */
  readonly againMs: number | null;
}

export interface ForwarderOptions {
  readonly webhook: Webhook;
  /** How long an event is tried, in milliseconds. */
  readonly retryForMs: number;
  readonly signal: AbortSignal;
  readonly tell: (attempt: Attempt) => void;
  /** Called with the id of the last event before which, and with which, everything was delivered or given up. */
  readonly settled: (id: string) => void;
  /** Called when the receiver said that it wants nothing more. */
  readonly gone: () => void;
}

/** Events of so many keys are delivered at a time. */
const KEYS_AT_A_TIME = 16;
/** So many events are taken before those before them are settled. */
const WAITING_MAX = 1_000;
/** The status with which a receiver says that it wants nothing more. */
const GONE = 410;

interface Entry {
  readonly event: HubEvent;
  isSettled: boolean;
}

/** Delivers events, those of one key one after another and in their order, each until it is accepted or its time is over. */
export class Forwarder {
  readonly #options: ForwarderOptions;
  /** What is not settled, in the order of the log, and what follows it. */
  readonly #entries: Entry[] = [];
  /** For each key the end of its deliveries. */
  readonly #byKey = new Map<string, Promise<void>>();
  /** Called when there is room again. */
  #hasRoom: (() => void) | undefined;
  #delivered = 0;
  #undelivered = 0;

  constructor(options: ForwarderOptions) {
    this.#options = options;
  }

  get counts(): { readonly delivered: number; readonly undelivered: number } {
    return { delivered: this.#delivered, undelivered: this.#undelivered };
  }

  /** Takes an event, and resolves once there is room for another one. */
  async take(event: HubEvent): Promise<void> {
    const entry: Entry = { event, isSettled: false };
    const name = JSON.stringify([event.type, event.key]);
    this.#entries.push(entry);
    const end: Promise<void> = this.#deliver(entry, this.#byKey.get(name)).finally(() => {
      if (this.#byKey.get(name) === end) this.#byKey.delete(name);
      this.#hasRoom?.();
    });
    this.#byKey.set(name, end);
    while (this.#isFull)
      await new Promise<void>((resolve) => {
        this.#hasRoom = resolve;
      });
  }

  /** Resolves once everything that was taken is settled. */
  async end(): Promise<void> {
    await Promise.all(this.#byKey.values());
  }

  get #isFull(): boolean {
    return this.#byKey.size >= KEYS_AT_A_TIME || this.#entries.length >= WAITING_MAX;
  }

  async #deliver(entry: Entry, before: Promise<void> | undefined): Promise<void> {
    await before;
    const { webhook, retryForMs, signal, tell, gone } = this.#options;
    const { event } = entry;
    if (signal.aborted) return;
    let startedAt = 0;
    const told = (status: number | null, error: string | null, againMs: number | null): void =>
      tell({
        time: new Date().toISOString(),
        event,
        status,
        ms: Math.round(performance.now() - startedAt),
        error,
        againMs,
      });
    const attempt = async (): Promise<void> => {
      startedAt = performance.now();
      told(await deliver(webhook, event), null, null);
    };
    try {
      await retrying(attempt, {
        forMs: retryForMs,
        signal,
        pauseAfter: (error) => pauseAfter(error),
        tell: (error, pauseMs) => told(statusOf(error), (error as Error).message, pauseMs),
      });
      this.#delivered++;
    } catch (error) {
      // What was not settled when the command was ended is delivered when it is started again.
      if (signal.aborted) return;
      told(statusOf(error), (error as Error).message, null);
      if (statusOf(error) === GONE) return gone();
      this.#undelivered++;
    }
    entry.isSettled = true;
    this.#settle();
  }

  #settle(): void {
    const open = this.#entries.findIndex(({ isSettled }) => !isSettled);
    const settled = this.#entries.splice(0, open < 0 ? this.#entries.length : open);
    const id = settled.findLast(({ event }) => event.id !== undefined)?.event.id;
    if (id !== undefined) this.#options.settled(id);
  }
}

function pauseAfter(error: unknown): number | undefined {
  if (!(error instanceof WebhookError)) return undefined;
  return error.status === GONE ? undefined : error.pauseMs;
}

function statusOf(error: unknown): number | null {
  return (error instanceof WebhookError ? error.status : undefined) ?? null;
}
