import { pause, retrying, type Timing } from '../cli/retrying.ts';
import { systemEnvironment } from '../sdk/environment.ts';
import { positionAfter, type HubEvent } from '../sdk/item.ts';
import { deliver, GONE, WebhookError, type Receiver } from './delivery.ts';

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

/** How far the deliveries came. */
export interface Progress {
  /** The position before which, and with which, everything is settled. Before the first such position it may be the time where events begin. */
  readonly cursor?: string | undefined;
  /** What is settled although something before it is not, since events of other keys need not wait. */
  readonly settled: readonly string[];
}

export interface DeliveryQueueOptions {
  readonly receiver: Receiver;
  /** How long an event is tried, in milliseconds. */
  readonly retryForMs: number;
  /** Events of so many keys are delivered at a time. */
  readonly keysAtATime?: number;
  readonly signal: AbortSignal;
  readonly tell: (attempt: Attempt) => void;
  /** Called with an event whose time is over. Resolves with whether the event is settled by that. */
  readonly giveUp?: (event: HubEvent, why: WebhookError) => Promise<boolean>;
  /** Called with an event that was accepted. It is settled once this resolves. */
  readonly accepted?: (event: HubEvent) => Promise<void>;
  /** How far an earlier queue came, so that this one goes on there. */
  readonly from?: Progress;
  /** Called when an event is settled, by which {@link DeliveryQueue.progress} has changed. */
  readonly progressed?: () => void;
  /** Called when the receiver said that it wants nothing more. */
  readonly gone?: () => void;
  readonly timing?: Timing;
}

export const KEYS_AT_A_TIME = 16;
/** So many events are taken before those before them are settled. */
const WAITING_MAX = 1_000;

/** What has a place in the log. */
type Placed = Pick<HubEvent, 'id' | 'position'>;

interface Entry {
  /** The id of what is delivered, by which the next start knows it. */
  readonly id: string | undefined;
  /** Where the next start goes on once this and all before it is settled. */
  position: string | undefined;
  isSettled: boolean;
  /** Whether there was nothing to deliver. */
  readonly isPassed?: boolean;
}

/** Delivers events, those of one key one after another and in their order, each until it is accepted or its time is over. */
export class DeliveryQueue {
  readonly #options: DeliveryQueueOptions;
  readonly #timing: Timing;
  /** What is not settled, in the order of the log, and what follows it. */
  readonly #entries: Entry[] = [];
  #cursor: string | undefined;
  /** What an earlier queue has settled after its cursor. */
  readonly #before: Set<string>;
  /** For each key the end of its deliveries. */
  readonly #byKey = new Map<string, Promise<void>>();
  /** Called when there is room again. */
  #hasRoom: (() => void) | undefined;
  /** Until when the receiver has asked to wait. */
  #pausedUntil = 0;
  #isGone = false;
  #delivered = 0;
  #undelivered = 0;

  constructor(options: DeliveryQueueOptions) {
    this.#options = options;
    this.#timing = options.timing ?? systemEnvironment();
    this.#cursor = options.from?.cursor;
    this.#before = new Set(options.from?.settled);
  }

  get counts(): { readonly delivered: number; readonly undelivered: number; readonly waiting: number } {
    const waiting = this.#entries.filter(({ isSettled }) => !isSettled).length;
    return { delivered: this.#delivered, undelivered: this.#undelivered, waiting };
  }

  get progress(): Progress {
    const settled = this.#entries.flatMap(({ isSettled, isPassed = false, id }) =>
      isSettled && !isPassed && id !== undefined ? [id] : [],
    );
    // What an earlier queue settled stays known until it is met.
    settled.push(...this.#before);
    return { ...(this.#cursor !== undefined && { cursor: this.#cursor }), settled };
  }

  /**
   * Takes an event, and resolves once there is room for another one. It may come for another event, at whose place in the log it
   * then stands.
   */
  async take(event: HubEvent, at: Placed = event): Promise<void> {
    const { id } = at;
    const isSettled = id !== undefined && this.#before.delete(id);
    const entry: Entry = { id, position: positionAfter(at), isSettled };
    const name = JSON.stringify([event.type, event.key]);
    this.#entries.push(entry);
    if (entry.isSettled) return this.#settle();
    const end: Promise<void> = this.#deliver(event, entry, this.#byKey.get(name)).finally(() => {
      if (this.#byKey.get(name) === end) this.#byKey.delete(name);
      this.#hasRoom?.();
    });
    this.#byKey.set(name, end);
    while (this.#isFull)
      await new Promise<void>((resolve) => {
        this.#hasRoom = resolve;
      });
  }

  /** Notes that nothing is to be delivered for an event. */
  pass(at: Placed): void {
    const position = positionAfter(at);
    const last = this.#entries.at(-1);
    // Those that follow each other are one entry, so that they need no bound.
    if (last?.isPassed === true) last.position = position ?? last.position;
    else this.#entries.push({ id: at.id, position, isSettled: true, isPassed: true });
    this.#settle();
  }

  /** Resolves once everything that was taken is settled. */
  async end(): Promise<void> {
    await Promise.all(this.#byKey.values());
  }

  get #isFull(): boolean {
    const { keysAtATime = KEYS_AT_A_TIME } = this.#options;
    return this.#byKey.size >= keysAtATime || this.#entries.length >= WAITING_MAX;
  }

  async #deliver(event: HubEvent, entry: Entry, before: Promise<void> | undefined): Promise<void> {
    await before;
    const { receiver, retryForMs, signal, tell, accepted, giveUp, gone, progressed } = this.#options;
    const { clock } = this.#timing;
    let startedAt = 0;
    const told = (status: number | null, error: string | null, againMs: number | null): void => {
      const ms = clock.now() - startedAt;
      tell({ time: new Date(clock.now()).toISOString(), event, status, ms, error, againMs });
    };
    const attempt = async (): Promise<void> => {
      await this.#whileAskedToWait();
      startedAt = clock.now();
      told(await deliver(receiver, event, startedAt), null, null);
    };
    try {
      // What is not settled when the command is ended is delivered when it is started again.
      if (signal.aborted || this.#isGone) return;
      await retrying(attempt, {
        forMs: retryForMs,
        signal,
        timing: this.#timing,
        pauseAfter: (error) => this.#pauseAfter(error),
        tell: (error, pauseMs) => told(statusOf(error), (error as Error).message, pauseMs),
      });
      this.#delivered++;
      await accepted?.(event);
    } catch (error) {
      if (signal.aborted || this.#isGone) return;
      if (!(error instanceof WebhookError)) throw error;
      told(statusOf(error), error.message, null);
      if (error.status === GONE) {
        this.#isGone = true;
        return gone?.();
      }
      this.#undelivered++;
      if ((await giveUp?.(event, error)) === false) return;
    }
    entry.isSettled = true;
    this.#settle();
    progressed?.();
  }

  /** A receiver that asks to wait asks so for everything. */
  async #whileAskedToWait(): Promise<void> {
    const { signal } = this.#options;
    for (let ms = this.#pauseMs; ms > 0; ms = this.#pauseMs) await pause(ms, signal, this.#timing);
  }

  get #pauseMs(): number {
    return this.#pausedUntil - this.#timing.clock.now();
  }

  #pauseAfter(error: unknown): number | undefined {
    if (!(error instanceof WebhookError) || error.status === GONE) return undefined;
    if (error.pauseMs > 0)
      this.#pausedUntil = Math.max(this.#pausedUntil, this.#timing.clock.now() + error.pauseMs);
    return error.pauseMs;
  }

  #settle(): void {
    const open = this.#entries.findIndex(({ isSettled }) => !isSettled);
    const settled = this.#entries.splice(0, open < 0 ? this.#entries.length : open);
    this.#cursor = settled.findLast(({ position }) => position !== undefined)?.position ?? this.#cursor;
  }
}

function statusOf(error: unknown): number | null {
  return (error instanceof WebhookError ? error.status : undefined) ?? null;
}
