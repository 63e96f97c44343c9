import { setTimeout as pause } from 'node:timers/promises';
import { backOff } from './wait.ts';

/** Events in order are promised per key, so each publisher has some. */
const KEYS = 4;

/** A way into the hub, from the side of whoever publishes. */
export interface EntryPoint {
  /** `exactly`: a repetition changes nothing. `at least`: it may double. `live`: it is told once or not at all. */
  readonly promise: 'exactly' | 'at least' | 'live';
  /** Straight into Redis. */
  readonly passesNodes: boolean;
  /**
   * Publishes one event, resolves with its id. Rejects with {@link Refused} when it was told no, and with anything else
   * when it was told nothing.
   * @param once the same for the same event
   */
  publish(event: string, once: string): Promise<string | undefined>;
  close(): Promise<void>;
}

/** The hub or Redis said no. */
export class Refused extends Error {
  readonly retryAfterS: number;
  /** Whether nothing was taken for sure; a node whose Redis did not answer cannot know either. */
  readonly isSure: boolean;

  constructor(message: string, { retryAfterS = 0, isSure = true } = {}) {
    super(message);
    this.retryAfterS = retryAfterS;
    this.isSure = isSure;
  }
}

/** An answer that no hub should give. */
export class WrongAnswer extends Error {}

/** An event of which the publisher knows that it was taken. */
export interface Accepted {
  readonly key: string;
  readonly n: number;
  readonly id: string | undefined;
  readonly at: number;
}

/** Numbers its events per key, and goes on to the next of a key only when the one before was taken. */
export class Publisher {
  readonly entryPoint: EntryPoint;
  readonly accepted: Accepted[] = [];
  /** How many answers were lost, by event (`key n`): so many times it may be in the log beside the one that was told. */
  readonly unsure = new Map<string, number>();
  /** How often it was told no. */
  refused = 0;
  readonly complaints: string[] = [];
  /** How long it rests after each event. */
  paceMs = 4;
  /** How large its events are, beside what they say. */
  ballastBytes = 0;
  #stopping = false;
  #aborted = false;
  readonly #name: string;
  readonly #random: () => number;
  readonly #ended: Promise<void>;

  constructor(entryPoint: EntryPoint, name: string, random: () => number) {
    this.entryPoint = entryPoint;
    this.#name = name;
    this.#random = random;
    this.#ended = this.#live();
  }

  /** After the event that is under way. */
  async stop(): Promise<void> {
    this.#stopping = true;
    await this.#ended;
    await this.entryPoint.close();
  }

  /** Without waiting for what is under way, which may be taken or not. */
  async abort(): Promise<void> {
    this.#aborted = true;
    await this.entryPoint.close();
    await this.stop();
  }

  async #live(): Promise<void> {
    for (let count = 0; !this.#stopping; count++) {
      await this.#one(`${this.#name}-${count % KEYS}`, Math.floor(count / KEYS) + 1);
      await pause(this.paceMs);
    }
  }

  async #one(key: string, n: number): Promise<void> {
    const object = { n, ballast: 'x'.repeat(this.ballastBytes) };
    const event = JSON.stringify({ type: 'faults', action: 'tell', key, object });
    for (let attempt = 0; !this.#aborted; attempt++) {
      try {
        const id = await this.entryPoint.publish(event, `${key}-${n}`);
        this.accepted.push({ key, n, id, at: performance.now() });
        return;
      } catch (error) {
        const refusal = error instanceof Refused ? error : undefined;
        if (refusal !== undefined) this.refused++;
        if (refusal?.isSure !== true)
          this.unsure.set(`${key} ${n}`, (this.unsure.get(`${key} ${n}`) ?? 0) + 1);
        if (error instanceof WrongAnswer) this.complaints.push(error.message);
        // Told once or not at all: it cannot know, so it does not repeat.
        if (this.entryPoint.promise === 'live') return;
        if (refusal === undefined) await backOff(attempt, this.#random);
        else await pause(Math.max(20, refusal.retryAfterS * 1_000) * (1 - this.#random() / 2));
      }
    }
  }
}
