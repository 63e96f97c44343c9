import { randomUUID } from 'node:crypto';
import { retrying } from '../../clients/cli/retrying.ts';
import type { Note } from '../../clients/cli/output.ts';
import type { Session } from '../../clients/cli/session.ts';
import type { Progress } from '../../clients/webhooks/delivery-queue.ts';
import { HubError } from '../../clients/sdk/errors.ts';
import type { HubEvent } from '../../clients/sdk/item.ts';
import { isPassing } from '../../sources/hub-fault.ts';
import { bound } from '../../model/bound.ts';
import type { Clock } from '../../model/clock.ts';

/** What the hub keeps of a sink, as the object of the event `sink.cursor.<name>`. */
interface Kept extends Progress {
  /** The host of the receiver, for who looks at it. */
  readonly receiver: string;
}

/** Progress is written at most so often, in milliseconds. */
const WRITE_EVERY_MS = 5_000;
const UNWRITTEN_MAX = bound(
  'events that a sink has delivered since it last wrote how far it came',
  256,
  'entries',
  'it writes at once, and does not wait for the next five seconds',
);
/** A sink that has nothing to deliver writes so often, so that its position stays within the log. */
const IDLE_EVERY_MS = 600_000;
const LAST_WRITE_MS = bound(
  'time for a sink that is ended to write how far it came',
  10_000,
  'ms',
  'the next start posts again what was delivered since the last write, under the same webhook-id',
);

export interface HubProgressOptions {
  readonly name: string;
  readonly receiver: string;
  readonly session: Pick<Session, 'ask' | 'publish'>;
  readonly clock: Pick<Clock, 'now' | 'after'>;
  readonly note: Note;
  /** Called with a refusal of the hub that another attempt cannot change. */
  readonly fatal: (error: unknown) => void;
}

/**
 * How far a sink came, kept in the hub as the retained event `sink.cursor.<name>`, so that the sink goes on there wherever it is
 * started again.
 */
export class HubProgress {
  readonly #options: HubProgressOptions;
  #progress: () => Progress = () => ({ settled: [] });
  #unwritten = 0;
  #writing: Promise<void> | undefined;
  #cancel: (() => void) | undefined;
  #isEnded = false;

  constructor(options: HubProgressOptions) {
    this.#options = options;
  }

  /** What the hub keeps, or `undefined` if it knows no sink of this name. @throws HubError */
  async read(): Promise<Progress | undefined> {
    const { name, session } = this.#options;
    try {
      const response = await session.ask(`api/v3/sink/${name}?as=events`);
      const { action, object } = (await response.json()) as HubEvent<Kept>;
      if (action === 'cursor') return { cursor: object.cursor, settled: object.settled };
    } catch (error) {
      if (!(error instanceof HubError) || error.code !== 'not_found') throw error;
    }
    return undefined;
  }

  /** The position at which the hub is now in the events that match some patterns. @throws HubError */
  async now(patterns: readonly string[]): Promise<string | undefined> {
    const query = new URLSearchParams({ limit: '1' });
    for (const pattern of patterns) query.append('pattern', pattern);
    const response = await this.#options.session.ask(`api/v3/events?${query.toString()}`);
    return ((await response.json()) as { readonly cursor: string }).cursor;
  }

  /** Writes where the sink begins, and from then on what `progress` says. @throws HubError when the sink may not write it */
  async begin(progress: () => Progress): Promise<void> {
    this.#progress = progress;
    await this.#write();
    this.#later(IDLE_EVERY_MS);
  }

  /** Notes that an event is settled. */
  note(): void {
    if (this.#isEnded) return;
    this.#unwritten++;
    if (this.#unwritten >= UNWRITTEN_MAX) this.#now();
    else if (this.#unwritten === 1) this.#later(WRITE_EVERY_MS);
  }

  /** Writes what is not written yet. */
  async end(): Promise<void> {
    const { clock, note } = this.#options;
    this.#isEnded = true;
    this.#cancel?.();
    await this.#writing;
    if (this.#unwritten === 0) return;
    const stop = new AbortController();
    const cancel = clock.after(LAST_WRITE_MS, () => stop.abort());
    try {
      await retrying(() => this.#write(), {
        forMs: LAST_WRITE_MS,
        signal: stop.signal,
        pauseAfter: (error) => (isPassing(error) ? 0 : undefined),
        tell: () => undefined,
      });
    } catch (error) {
      note(
        `how far it came could not be written, so the next start posts up to ${this.#unwritten} events again under the same webhook-id: ${(error as Error).message}`,
      );
    } finally {
      cancel();
    }
  }

  #later(ms: number): void {
    this.#cancel?.();
    this.#cancel = this.#options.clock.after(ms, () => this.#now());
  }

  /** Writes now, or once the write under way has ended. */
  #now(): void {
    if (this.#writing !== undefined) return;
    this.#writing = this.#write()
      .catch((error: unknown) => {
        // Where the hub is away, the next write says it all. Where another replica has the lease, this one learns it soon.
        const isLost = error instanceof HubError && error.code === 'lease_lost';
        if (!isLost && !isPassing(error)) this.#options.fatal(error);
      })
      .finally(() => {
        this.#writing = undefined;
        if (!this.#isEnded) this.#later(this.#unwritten > 0 ? WRITE_EVERY_MS : IDLE_EVERY_MS);
      });
  }

  async #write(): Promise<void> {
    const { name, receiver, session } = this.#options;
    const count = this.#unwritten;
    const object: Kept = { ...this.#progress(), receiver };
    const event = { type: 'sink', action: 'cursor', key: name, object };
    await session.publish(JSON.stringify(event), randomUUID());
    this.#unwritten -= count;
  }
}
