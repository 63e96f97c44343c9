import { setTimeout as pause } from 'node:timers/promises';

/**
 * Publishes events with the keys 0, 1, 2, … one after another, until it is stopped. What a hub cannot take now is published
 * again under the same idempotency key, so each key is published once.
 */
export class SteadyPublisher {
  /** The keys of the events that the hub accepted, in order. */
  readonly accepted: string[] = [];
  readonly #url: string;
  readonly #token: string;
  readonly #running: Promise<void>;
  #isOver = false;

  constructor(url: string, token: string) {
    this.#url = url;
    this.#token = token;
    this.#running = this.#run();
  }

  /** Resolves with the keys of all events, once the hub has accepted the last one. */
  async stop(): Promise<readonly string[]> {
    this.#isOver = true;
    await this.#running;
    return this.accepted;
  }

  async #run(): Promise<void> {
    for (let key = 0; !this.#isOver; key++) {
      while (!(await this.#publish(`${key}`))) await pause(50);
      this.accepted.push(`${key}`);
    }
  }

  /** Answers whether the hub accepted it. */
  async #publish(key: string): Promise<boolean> {
    const { status } = await fetch(`${this.#url}/api/v3/events`, {
      method: 'POST',
      headers: {
        Authorization: `Bearer ${this.#token}`,
        'Content-Type': 'application/json',
        'Idempotency-Key': `steady ${key}`,
      },
      body: JSON.stringify({ type: 'jobs', action: 'save', key, object: null }),
    });
    if (status !== 204 && status !== 503) throw new Error(`The hub answered ${status} to a publish.`);
    return status === 204;
  }
}
