import type { Redis } from 'ioredis';
import type { Clock } from '../model/clock.ts';
import type { RegistryKeys } from './redis-registry-keys.ts';
import { bound } from '../model/bound.ts';

/** Of one call of a script, so that none takes long. */
const MANY = bound(
  'changes of the registry in one call of a script',
  250,
  'entries',
  'the others go with the next',
);

/** Of a connection to Redis, what the registry asks for. It has the scripts of `registryScripts`, and is opened and closed by its owner. */
export interface RegistryConnection {
  readonly redis: {
    on(event: 'ready', listener: () => void): unknown;
    off(event: 'ready', listener: () => void): unknown;
  };
  readonly isReady: boolean;
  /** @throws BelfryError `unavailable` */
  ask<T>(run: (redis: Redis) => Promise<T>): Promise<T>;
}

/** One thing that happened to a connection, as connection-change.lua has it. */
export interface Change {
  readonly verb: 'add' | 'update' | 'remove' | 'restore';
  readonly id: string;
  /** Empty where nothing is known but the id. */
  readonly row: string;
  readonly more: readonly [string, string];
}

export interface Written {
  /** The batch it goes with. */
  readonly batch: number;
  /** What connection-change.lua says. Rejects with BelfryError `unavailable`; it may have been done all the same. */
  readonly answer: Promise<number>;
}

interface Queued {
  readonly change: Change;
  readonly answered: (answer: Promise<number>) => void;
}

/** What a node is in the registry, and how. */
export interface RegistryNode {
  readonly connection: RegistryConnection;
  readonly clock: Clock;
  readonly keys: RegistryKeys;
  /** Its name and a word that no other process of that name has, so that nothing done to the one is done to the other. */
  readonly node: string;
  /** How long it is in the registry without renewing that. */
  readonly leaseMs: number;
  readonly graceMs: number;
}

/** Sends the changes of each turn of the event loop at its end, together and in order, without waiting for earlier ones. */
export class ChangeWriter {
  readonly #options: RegistryNode;
  #queue: Queued[] = [];
  #batch = 0;

  constructor(options: RegistryNode) {
    this.#options = options;
  }

  write(change: Change): Written {
    if (this.#queue.length === 0) this.#options.clock.soon(() => this.flush());
    // The queue is sent as a whole, so the batch is known before.
    const batch = this.#batch + 1 + Math.floor(this.#queue.length / MANY);
    const answer = new Promise<number>((answered) => this.#queue.push({ change, answered }));
    return { batch, answer };
  }

  /** Sends what waits for the end of the turn, so that whatever is asked next knows of it. */
  flush(): void {
    const queue = this.#queue;
    this.#queue = [];
    for (let i = 0; i < queue.length; i += MANY) this.#send(queue.slice(i, i + MANY));
  }

  #send(queued: readonly Queued[]): void {
    const { connection, clock, keys, node, graceMs, leaseMs } = this.#options;
    const head = [node, asText(clock.now()), `${graceMs}`, `${leaseMs}`, `${++this.#batch}`];
    const body = queued.flatMap(({ change: { verb, id, row, more } }) => [verb, id, row, ...more]);
    const answers = connection.ask((redis) => redis.belfryChange(1, keys.log, ...head, ...body));
    for (const [i, { answered }] of queued.entries()) answered(answers.then((each) => each[i] ?? 0));
  }
}

/** A time as it stands in records and events. */
export function asText(time: number): string {
  return new Date(time).toISOString();
}
