import { setTimeout as pause } from 'node:timers/promises';
import { pick } from './random.ts';
import { backOff } from './wait.ts';

/** The keys that get half of the events of a publisher, so that some keys have many and others have few. */
const BUSY_KEYS = 4;

/** What a publisher publishes. The hub promises the order of events per key, so it has several keys. */
export interface Part {
  readonly type: string;
  readonly keys: readonly string[];
}

export interface Topic {
  readonly type: string;
  readonly key: string;
}

/** A way into the hub, as a publisher sees it. */
export interface EntryPoint {
  /** `exactly`: a repetition changes nothing. `at least`: it may be a second event. `live`: an event is heard once or never. */
  readonly promise: 'exactly' | 'at least' | 'live';
  /** Whether events go directly into Redis. */
  readonly passesNodes: boolean;
  /** Whether an event needs no master of a Cluster but that of its shard. */
  readonly isPerShard: boolean;
  /** Whether it needs the master of shard 0 as well, where the ingress is. */
  readonly needsOwnShard?: boolean;
  /**
   * Publishes one event of this type and key, given as JSON, and resolves with its id. It rejects with {@link Refused} when the event was refused, and with any
   * other error when there was no answer.
   * @param once a key that is the same for every attempt to publish the same event
   */
  publish(event: string, once: string, topic: Topic): Promise<string | undefined>;
  close(): Promise<void>;
}

/** The hub or Redis refused an event. */
export class Refused extends Error {
  readonly retryAfterS: number;
  /** Whether the event was surely not accepted. A node whose Redis did not answer cannot be sure. */
  readonly isSure: boolean;

  constructor(message: string, { retryAfterS = 0, isSure = true } = {}) {
    super(message);
    this.retryAfterS = retryAfterS;
    this.isSure = isSure;
  }
}

/** An answer that no hub should give. */
export class WrongAnswer extends Error {}

/** An event of which the publisher knows that it was accepted. */
export interface Accepted extends Topic {
  readonly n: number;
  readonly id: string | undefined;
  readonly at: number;
}

/** Publishes numbered events per key, and goes on to the next number of a key only when the one before was accepted. */
export class Publisher {
  readonly entryPoint: EntryPoint;
  readonly accepted: Accepted[] = [];
  /** How many answers were lost for each event (`key n`). The log may hold as many repetitions of that event. */
  readonly unsure = new Map<string, number>();
  /** How many attempts were refused. */
  refused = 0;
  readonly complaints: string[] = [];
  /** How long the publisher rests after each event. */
  paceMs: number;
  /** How many bytes of ballast each event carries. */
  ballastBytes = 0;
  #stopping = false;
  #aborted = false;
  readonly part: Part;
  readonly #numbers = new Map<string, number>();
  readonly #random: () => number;
  readonly #ended: Promise<void>;

  constructor(entryPoint: EntryPoint, part: Part, paceMs: number, random: () => number) {
    this.entryPoint = entryPoint;
    this.part = part;
    this.paceMs = paceMs;
    this.#random = random;
    this.#ended = this.#live();
  }

  /** Ends publishing after the event that is under way. */
  async stop(): Promise<void> {
    this.#stopping = true;
    await this.#ended;
    await this.entryPoint.close();
  }

  /** Ends publishing at once. The event that is under way may be accepted or not. */
  async abort(): Promise<void> {
    this.#aborted = true;
    await this.entryPoint.close();
    await this.stop();
  }

  async #live(): Promise<void> {
    const { keys } = this.part;
    // Many publishers do not begin at the same moment.
    await pause(this.paceMs * this.#random());
    while (!this.#stopping) {
      const key = pick(this.#random, this.#random() < 0.5 ? keys.slice(0, BUSY_KEYS) : keys);
      const n = (this.#numbers.get(key) ?? 0) + 1;
      this.#numbers.set(key, n);
      await this.#one(key, n);
      await pause(this.paceMs);
    }
  }

  async #one(key: string, n: number): Promise<void> {
    const { type } = this.part;
    const object = { n, ballast: 'x'.repeat(this.ballastBytes) };
    const event = JSON.stringify({ type, action: 'tell', key, object });
    for (let attempt = 0; !this.#aborted; attempt++) {
      try {
        const id = await this.entryPoint.publish(event, `${key}-${n}`, { type, key });
        this.accepted.push({ type, key, n, id, at: performance.now() });
        return;
      } catch (error) {
        const refusal = error instanceof Refused ? error : undefined;
        if (refusal !== undefined) this.refused++;
        if (refusal?.isSure !== true)
          this.unsure.set(`${key} ${n}`, (this.unsure.get(`${key} ${n}`) ?? 0) + 1);
        if (error instanceof WrongAnswer) this.complaints.push(error.message);
        // A live event is heard once or never, and the publisher cannot know which, so it does not repeat it.
        if (this.entryPoint.promise === 'live') return;
        if (refusal === undefined) await backOff(attempt, this.#random);
        else await pause(Math.max(20, refusal.retryAfterS * 1_000) * (1 - this.#random() / 2));
      }
    }
  }
}
