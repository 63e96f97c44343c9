import { gapText } from '../../clients/cli/gap-text.ts';
import { hiddenTypes } from '../../model/hidden-types.ts';
import type { Note } from '../../clients/cli/output.ts';
import type { Timing } from '../../clients/cli/retrying.ts';
import type { Session } from '../../clients/cli/session.ts';
import { HubError } from '../../clients/sdk/errors.ts';
import type { Gap, HubEvent } from '../../clients/sdk/item.ts';
import { matches, readPattern, type Filters } from '../../clients/sdk/match.ts';
import type { Receiver, WebhookError } from '../../clients/webhooks/delivery.ts';
import { DeliveryQueue, type Attempt, type Progress } from '../../clients/webhooks/delivery-queue.ts';
import { timeAt } from '../../model/cursor.ts';
import { vectorOf } from '../../model/position.ts';
import type { HubProgress } from './hub-progress.ts';
import type { Undelivered } from './undelivered.ts';

export interface WebhookSinkOptions {
  readonly name: string;
  readonly patterns: readonly string[];
  readonly filters?: Filters | undefined;
  /** Where the first start of a sink of this name begins. Without it, it begins now. */
  readonly since?: string | undefined;
  readonly receiver: Receiver;
  readonly retryForMs: number;
  readonly keysAtATime: number;
  readonly session: Pick<Session, 'listen'>;
  readonly progress: Pick<HubProgress, 'read' | 'now' | 'begin' | 'note' | 'end'>;
  readonly undelivered: Pick<Undelivered, 'add' | 'eventOf' | 'remove'>;
  readonly signal: AbortSignal;
  readonly note: Note;
  readonly onGap: () => void;
  readonly told: (attempt: Attempt) => void;
  /** Called with what ends the sink. */
  readonly fatal: (error: unknown) => void;
  /** Called when the receiver said that it wants nothing more. */
  readonly gone: () => void;
  readonly timing: Timing;
}

/** What a sink has done so far, as plain numbers. */
export type SinkCounts = DeliveryQueue['counts'];

/** Posts the events that match to one receiver, and goes on where a sink of the same name has stopped. */
export class WebhookSink {
  readonly #options: WebhookSinkOptions;
  readonly #patterns: ReturnType<typeof readPattern>[];
  /** A sink that hears everything is told nothing of other sinks, of which each would make the other write on. */
  readonly #hidden: ReadonlySet<string>;
  /** The dead letters that are delivered again, by their events. */
  readonly #letters = new WeakMap<HubEvent, string>();
  #queue: DeliveryQueue | undefined;

  constructor(options: WebhookSinkOptions) {
    this.#options = options;
    this.#patterns = options.patterns.map(readPattern);
    this.#hidden = hiddenTypes(options.patterns);
  }

  get counts(): SinkCounts {
    const none = { delivered: 0, undelivered: 0, waiting: 0 };
    return this.#queue?.counts ?? none;
  }

  /** Delivers until the signal is aborted. @throws HubError when the hub refuses the sink */
  async run(): Promise<void> {
    const { name, patterns, session, progress, signal, note } = this.#options;
    const from = await this.#begin();
    const queue = (this.#queue = this.#queueFrom(from));
    await progress.begin(() => queue.progress);
    note(`${name} goes on after ${from.cursor ?? 'now'}`);
    try {
      const how = { signal, ...(from.cursor !== undefined && { since: from.cursor }) };
      for await (const item of session.listen([...patterns, `sink.*.${name}`], how)) {
        if (signal.aborted) break;
        if (item.gap !== undefined) await this.#tellGap(queue, item.gap);
        else if (item.type === 'sink' && item.key === name) await this.#control(queue, item);
        else if (!this.#isWanted(item)) queue.pass(item);
        else await queue.take(item);
      }
    } finally {
      await queue.end();
      await progress.end();
    }
  }

  async #begin(): Promise<Progress> {
    const { name, patterns, progress, since } = this.#options;
    const kept = await progress.read();
    if (kept !== undefined) return kept;
    const cursor = since ?? (await progress.now([...patterns, `sink.*.${name}`]));
    return { ...(cursor !== undefined && { cursor }), settled: [] };
  }

  #queueFrom(from: Progress): DeliveryQueue {
    const { receiver, retryForMs, keysAtATime, signal, told, gone, progress, timing, undelivered } =
      this.#options;
    return new DeliveryQueue({
      receiver,
      retryForMs,
      keysAtATime,
      from,
      signal,
      timing,
      gone,
      tell: told,
      progressed: () => progress.note(),
      giveUp: (event, why) => this.#giveUp(event, why),
      accepted: async (event) => {
        const letter = this.#letters.get(event);
        if (letter !== undefined) await this.#unlessFinal(() => undelivered.remove(letter));
      },
    });
  }

  #isWanted(event: HubEvent): boolean {
    return !this.#hidden.has(event.type) && matches(this.#patterns, this.#options.filters, event);
  }

  /** What the hub says to this sink: how far it came, which it wrote itself, or that a dead letter is to be delivered again. */
  async #control(queue: DeliveryQueue, said: HubEvent): Promise<void> {
    const { action, object } = said;
    const { letter } = (object ?? {}) as { readonly letter?: unknown };
    if (action !== 'redeliver' || typeof letter !== 'string') return queue.pass(said);
    const event = await this.#unlessFinal(() => this.#options.undelivered.eventOf(letter));
    if (event === undefined) return queue.pass(said);
    this.#letters.set(event, letter);
    await queue.take(event, said);
  }

  /** The receiver is told in the form in which the hub tells clients, since it may keep a state that is now incomplete. */
  async #tellGap(queue: DeliveryQueue, gap: Gap): Promise<void> {
    const { note, timing, onGap } = this.#options;
    onGap();
    note(gapText(gap));
    // A repetition has the same time, and so the same text and the same webhook-id.
    const time =
      gap.to === null
        ? new Date(timing.clock.now()).toISOString()
        : timeAt(vectorOf(gap.to)?.baseMs ?? timing.clock.now());
    const event = { time, type: 'belfry', action: 'gap', key: gap.from ?? '', object: gap };
    await queue.take({ ...event, text: JSON.stringify(event) }, gap.to === null ? {} : { id: gap.to });
  }

  async #giveUp(event: HubEvent, why: WebhookError): Promise<boolean> {
    const { undelivered, retryForMs, note, signal } = this.#options;
    try {
      // A gap is no event of the log that could be delivered later.
      if (event.type !== 'belfry') await undelivered.add(event, why, retryForMs);
      const letter = this.#letters.get(event);
      if (letter !== undefined) await undelivered.remove(letter);
      return true;
    } catch (error) {
      if (signal.aborted) return false;
      if (error instanceof HubError && error.code === 'forbidden') {
        this.#options.fatal(error);
        return false;
      }
      note(
        `${event.id ?? ''} was given up, and the hub cannot keep it as a dead letter: ${(error as Error).message} "belfry resend ${event.id ?? ''}" posts it while the log has it.`,
      );
      return true;
    }
  }

  /** What the hub refuses for ever is said, and ends nothing. */
  async #unlessFinal<T>(run: () => Promise<T>): Promise<T | undefined> {
    try {
      return await run();
    } catch (error) {
      if (!this.#options.signal.aborted) this.#options.note((error as Error).message);
      return undefined;
    }
  }
}
