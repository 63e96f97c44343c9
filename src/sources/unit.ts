import { ListSender } from './list-sender.ts';
import type { Session } from '../clients/cli/session.ts';
import type { Checkpoints } from './checkpoints.ts';
import type { Counts, Waiting } from './counts.ts';
import type { HubGate } from './hub-gate.ts';
import type { HubError } from '../clients/sdk/errors.ts';
import type { SourceContext, SourceEvent, SourcePosition, Unit, UnitOptions } from './source.ts';
import { LIST_EVENTS, UnitQueue, type Dropped, type Entry } from './unit-queue.ts';

/** Rejects once the signal is aborted, although the work goes on. */
async function unlessAborted<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  signal.throwIfAborted();
  const { promise, reject } = Promise.withResolvers<never>();
  const abort = (): void => reject(signal.reason);
  signal.addEventListener('abort', abort);
  try {
    return await Promise.race([work, promise]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

/** For so long events are gathered for the next list, so that a steady stream of them makes few lists. */
const TOGETHER_MS = 20;

/** What all units of a source share. */
export interface UnitParts extends Pick<SourceContext, 'name' | 'signal' | 'clock' | 'note'> {
  readonly session: Pick<Session, 'publish'>;
  readonly checkpoints: Pick<Checkpoints, 'last'>;
  readonly gate: Pick<HubGate, 'pass'>;
  /** Called with an error after which nothing more can be published. */
  readonly fatal: (error: unknown) => void;
}

export interface SourceUnitOptions extends UnitParts, UnitOptions {
  readonly unit: string;
  readonly counts: Counts;
  readonly waiting: Waiting;
  readonly refused: (entry: Entry, error: HubError) => void;
  readonly closed: () => void;
}

export class SourceUnit implements Unit {
  readonly #options: SourceUnitOptions;
  readonly #queue: UnitQueue;
  readonly #sender: ListSender;
  /** Called when something was sent. */
  readonly #waiters = new Set<() => void>();
  #isSending = false;
  /** The position of the last event that was taken. */
  #last: SourcePosition | undefined;
  /** What the hub has up to here is passed over. */
  #known: SourcePosition | undefined;
  /** How many events with the known `at` came so far. */
  #seen = 0;

  constructor(options: SourceUnitOptions) {
    const { unit, patterns, whenFull, waiting, counts, checkpoints } = options;
    this.#options = options;
    this.#queue = new UnitQueue(whenFull, waiting, (count) => (counts.dropped += count));
    this.#sender = new ListSender({
      ...options,
      last: () => checkpoints.last(unit, patterns),
      unreadable(error) {
        options.note(
          `what the hub has of "${unit}" cannot be read, so a few events may be published twice: ${String(error)}`,
        );
        return undefined;
      },
    });
  }

  async resume(notBefore?: Date): Promise<SourcePosition | undefined> {
    const { checkpoints, unit, patterns, signal } = this.#options;
    const last = await unlessAborted(signal, checkpoints.last(unit, patterns, notBefore));
    this.#seen = 0;
    return (this.#known = last);
  }

  async publish(event: SourceEvent): Promise<void> {
    const { whenFull, counts, signal } = this.#options;
    if (signal.aborted && this.#queue.isFull) throw signal.reason;
    counts.taken++;
    const position = this.#positionOf(event.at);
    if (position === undefined) {
      counts.known++;
      return;
    }
    this.#queue.push(this.#entryOf(event, position));
    void this.#send();
    if (whenFull === 'wait') await this.#until(() => !this.#queue.isFull || signal.aborted);
  }

  flush(): Promise<void> {
    return this.#until(() => this.#queue.isEmpty && !this.#isSending);
  }

  async close(): Promise<void> {
    if (this.#isOver) this.#leaveOut();
    else await this.flush();
    this.#options.closed();
  }

  get #isOver(): boolean {
    return this.#options.term?.signal.aborted === true;
  }

  #leaveOut(): void {
    this.#queue.clear();
    if (!this.#isSending) this.#queue.sent();
  }

  /** Lets whoever waits for this unit check again. */
  wake(): void {
    for (const wake of this.#waiters) wake();
    this.#waiters.clear();
  }

  async #until(isSo: () => boolean): Promise<void> {
    while (!isSo()) await new Promise<void>((resolve) => void this.#waiters.add(resolve));
  }

  /** `undefined` for an event that the hub has already. */
  #positionOf(at: string): SourcePosition | undefined {
    const known = this.#known;
    if (known !== undefined) {
      const after = this.#options.order?.(at, known.at) ?? (at === known.at ? 0 : 1);
      if (after < 0 || (after === 0 && this.#seen++ <= known.n)) return undefined;
      this.#known = undefined;
      if (after === 0) this.#last = known;
    }
    const n = this.#last?.at === at ? this.#last.n + 1 : 0;
    return (this.#last = { at, n });
  }

  #entryOf({ at: _at, time, metadata, ...event }: SourceEvent, position: SourcePosition): Entry {
    const { name, unit } = this.#options;
    const { type, action, key } = event;
    const json = JSON.stringify({
      time,
      ...event,
      metadata: { ...metadata, source: { name, unit, ...position } },
    });
    return { json, bytes: Buffer.byteLength(json), topic: { type, action, key }, position };
  }

  /** What says how much was left out, at the position of the last event that was. */
  readonly #gapEntry = ({ type, key, from, to, count }: Dropped): Entry =>
    this.#entryOf(
      { type, action: 'gap', key, object: { dropped: count, from: from.at, to: to.at }, at: to.at },
      to,
    );

  async #send(): Promise<void> {
    if (this.#isSending) return;
    this.#isSending = true;
    const { clock, fatal } = this.#options;
    try {
      // Everything that is taken in this turn goes into one list.
      await new Promise<void>((resolve) => clock.soon(resolve));
      while (!this.#queue.isEmpty) {
        const beganAt = clock.elapsed();
        await this.#sender.send(this.#queue.take(this.#gapEntry));
        this.#queue.sent();
        this.wake();
        const restMs = TOGETHER_MS - (clock.elapsed() - beganAt);
        if (restMs > 0 && this.#queue.size < LIST_EVENTS)
          await new Promise<void>((resolve) => void clock.after(restMs, resolve));
      }
    } catch (error) {
      fatal(error);
    } finally {
      this.#isSending = false;
      if (this.#isOver) this.#leaveOut();
      this.wake();
    }
  }
}
