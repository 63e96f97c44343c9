import type { Redis } from 'ioredis';
import type { Clock } from '../model/clock.ts';
import { timeAt } from '../model/cursor.ts';
import type { RegistryKeys } from './redis-registry-keys.ts';
import { bound } from '../model/bound.ts';

/** The highest number of changes in one call of the script, so that no call takes long. */
const MANY = bound(
  'changes of the registry in one call of a script',
  250,
  'entries',
  'the rest goes with the next',
);
const REST_MS = bound(
  'time between two batches of changes of the registry',
  4,
  'ms',
  'the changes that came meanwhile are sent together',
);
/** A rest that is shorter than a timer can measure ends with the turn of the event loop. */
const SHORTEST_TIMER_MS = 1;

/**
 * What the registry needs of a connection to Redis. The connection has the scripts of `registryScripts`, and its
 * owner opens and closes it.
 */
export interface RegistryConnection {
  readonly redis: {
    on(event: 'ready', listener: () => void): unknown;
    off(event: 'ready', listener: () => void): unknown;
  };
  readonly isReady: boolean;
  /** @throws BelfryError `unavailable` */
  ask<T>(run: (redis: Redis) => Promise<T>): Promise<T>;
}

/** One change of a connection, in the form that connection-change.lua takes. */
export interface Change {
  readonly verb: 'add' | 'update' | 'remove' | 'restore';
  readonly id: string;
  /** Empty where only the id is known. */
  readonly row: string;
  readonly more: readonly [string, string];
}

export interface Written {
  /** The number of the batch in which the change is sent. */
  readonly batch: number;
  /**
   * The answer of connection-change.lua. It rejects with BelfryError `unavailable`; the change may have been made all
   * the same.
   */
  readonly answer: Promise<number>;
}

interface Queued {
  readonly change: Change;
  readonly resolve: (answer: number) => void;
  readonly reject: (reason: unknown) => void;
}

/** Ends each field in the one argument that holds all changes. JSON has no such character, and the other fields have none. */
const FIELD_END = '\x1e';

/** What the parts of the registry share about this node. */
export interface RegistryNode {
  readonly connection: RegistryConnection;
  readonly clock: Clock;
  readonly keys: RegistryKeys;
  /** The name of the node and a random word of its process, so that two processes of one name are told apart. */
  readonly node: string;
  /** For how long the node stays in the registry without renewing its lease. */
  readonly leaseMs: number;
  readonly graceMs: number;
}

/**
 * Writes changes to Redis, together and in order, without waiting for earlier batches: at the end of the turn of the event
 * loop, but {@link REST_MS} after the last batch at the earliest. A turn accepts a single connection, so when thousands
 * come at once, a batch for each turn would cost as much as the connections themselves.
 */
export class ChangeWriter {
  readonly #options: RegistryNode;
  #queue: Queued[] = [];
  #batch = 0;
  #restUntil = 0;

  constructor(options: RegistryNode) {
    this.#options = options;
  }

  write(change: Change): Written {
    if (this.#queue.length === 0) this.#ask();
    // The queue is always sent as a whole, so the number of the batch is known in advance.
    const batch = this.#batch + 1 + Math.floor(this.#queue.length / MANY);
    const answer = new Promise<number>((resolve, reject) => this.#queue.push({ change, resolve, reject }));
    return { batch, answer };
  }

  /** Sends the waiting changes now, so that the next command to Redis comes after them. */
  flush(): void {
    const queue = this.#queue;
    if (queue.length === 0) return;
    this.#queue = [];
    this.#restUntil = this.#options.clock.elapsed() + REST_MS;
    for (let i = 0; i < queue.length; i += MANY) this.#send(queue.slice(i, i + MANY));
  }

  #ask(): void {
    const { clock } = this.#options;
    const rest = this.#restUntil - clock.elapsed();
    const flush = (): void => this.flush();
    if (rest < SHORTEST_TIMER_MS) clock.soon(flush);
    else clock.after(rest, flush);
  }

  #send(queued: readonly Queued[]): void {
    const { connection, clock, keys, node, graceMs, leaseMs } = this.#options;
    const head = [node, timeAt(clock.now()), `${graceMs}`, `${leaseMs}`, `${++this.#batch}`];
    // One argument for each field would cost Redis and its client more than the fields.
    const fields: string[] = [];
    for (const { change } of queued) fields.push(change.verb, change.id, change.row, ...change.more);
    const body = fields.join(FIELD_END) + FIELD_END;
    void settle(
      queued,
      connection.ask((redis) => redis.belfryChange(1, keys.log, ...head, body)),
    );
  }
}

/** Hands the answers of a batch to those who wait for them. */
async function settle(queued: readonly Queued[], asked: Promise<number[]>): Promise<void> {
  try {
    const answers = await asked;
    for (const [i, { resolve }] of queued.entries()) resolve(answers[i] ?? 0);
  } catch (error) {
    for (const { reject } of queued) reject(error);
  }
}
