import { bound } from '../model/bound.ts';
import type { Clock } from '../model/clock.ts';
import { BelfryError } from '../model/errors.ts';
import type { FromWorker, SharedCertificate, StopOrder, ToWorker, WorkerAnswer } from './messages.ts';

const GATHERED_WITHIN_MS = bound(
  'time that a worker waits for what its supervisor gathers from all workers',
  4_000,
  'ms',
  'the request fails with unavailable',
);

/** Every worker answers this question, which shows that its event loop runs. */
export const ALIVE = 'alive';

/** The way from a worker to its supervisor. */
export interface SupervisorChannel {
  send(message: FromWorker): void;
  hear(heard: (message: ToWorker) => void): void;
}

export interface Begun {
  readonly number: number;
  readonly certificate?: SharedCertificate;
}

/** The side of a worker: what it learns from its supervisor, and how it asks all workers of the supervisor. */
export class WorkerLink {
  /** Resolves once the supervisor has told the worker its number. */
  readonly begun: Promise<Begun>;
  readonly #channel: SupervisorChannel;
  readonly #clock: Pick<Clock, 'after'>;
  readonly #responders = new Map<string, () => unknown>([[ALIVE, () => true]]);
  readonly #gathering = new Map<number, (answers: readonly WorkerAnswer[]) => void>();
  readonly #begin: (begun: Begun) => void;
  readonly #stop: (order: StopOrder) => void;
  #id = 0;

  /** `stop` is called when the supervisor tells the worker to end. */
  constructor(channel: SupervisorChannel, clock: Pick<Clock, 'after'>, stop: (order: StopOrder) => void) {
    this.#channel = channel;
    this.#clock = clock;
    this.#stop = stop;
    const { promise, resolve } = Promise.withResolvers<Begun>();
    this.begun = promise;
    this.#begin = resolve;
    channel.hear((message) => this.#hear(message));
    channel.send({ kind: 'hello' });
  }

  /** Tells the supervisor that the worker has started. */
  up(certificate: SharedCertificate): void {
    this.#channel.send({ kind: 'up', certificate });
  }

  /** Says how this worker answers a question. */
  answering(question: string, respond: () => unknown): void {
    this.#responders.set(question, respond);
  }

  /** Asks all workers, this one included. @throws BelfryError `unavailable` when the supervisor does not answer */
  async gather<Answer>(question: string): Promise<readonly WorkerAnswer<Answer>[]> {
    const id = ++this.#id;
    const { promise, resolve, reject } = Promise.withResolvers<readonly WorkerAnswer[]>();
    this.#gathering.set(id, resolve);
    const cancel = this.#clock.after(GATHERED_WITHIN_MS, () =>
      reject(new BelfryError('unavailable', 'The supervisor of the workers does not answer.')),
    );
    try {
      this.#channel.send({ kind: 'gather', id, question });
      // The workers are processes of the same version, so they give what was asked for.
      return (await promise) as readonly WorkerAnswer<Answer>[];
    } finally {
      cancel();
      this.#gathering.delete(id);
    }
  }

  #hear(message: ToWorker): void {
    switch (message.kind) {
      case 'begin':
        return this.#begin(message);
      case 'stop':
        return this.#stop(message);
      case 'gathered':
        return this.#gathering.get(message.id)?.(message.answers);
      case 'ask':
        return void this.#answer(message.id, message.question);
    }
  }

  async #answer(id: number, question: string): Promise<void> {
    const answer = await Promise.resolve()
      .then(() => this.#responders.get(question)?.())
      .catch(() => undefined);
    this.#channel.send({ kind: 'answer', id, ...(answer !== undefined && { answer }) });
  }
}
