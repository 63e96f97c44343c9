import type { Environment } from './environment.ts';

/** `idle`: not used yet. `waiting`: for the next attempt. `closed`: for good. */
export type Status = 'idle' | 'connecting' | 'open' | 'waiting' | 'closed';

/** The state of the connection to the hub. It is a new object whenever something changes. */
export interface State {
  readonly status: Status;
  /** When the status began, in milliseconds since 1970. */
  readonly since: number;
  /** How many attempts to connect have failed in a row. */
  readonly attempt: number;
  /** The time of the next attempt, in milliseconds since 1970. */
  readonly nextAttemptAt?: number | undefined;
  /** The reason why the last connection ended: a close code, and the sentence of the hub. */
  readonly reason?: { readonly code: number; readonly text: string } | undefined;
  /** The way by which events arrive. */
  readonly transport?: 'socket' | 'stream' | 'tab' | undefined;
  /** The age of the last event at its arrival, in milliseconds. */
  readonly lag?: number | undefined;
  /** How far the clock of the hub is ahead of the local clock, in milliseconds. */
  readonly clockSkewMs?: number | undefined;
  /** The principal that the token names. */
  readonly principal?: string | undefined;
}

export class StateStore {
  readonly #clock: Environment['clock'];
  readonly #listeners = new Set<(state: State) => void>();
  #state: State;

  constructor(clock: Environment['clock']) {
    this.#clock = clock;
    this.#state = { status: 'idle', since: clock.now(), attempt: 0 };
  }

  get current(): State {
    return this.#state;
  }

  change(more: Partial<State>): void {
    const { status, since } = this.#state;
    const isSame = (more.status ?? status) === status;
    this.#state = Object.freeze({ ...this.#state, ...more, since: isSame ? since : this.#clock.now() });
    for (const tell of this.#listeners) tell(this.#state);
  }

  /** Calls back with each new state. Returns a function that ends this. */
  onChange(tell: (state: State) => void): () => void {
    this.#listeners.add(tell);
    return () => void this.#listeners.delete(tell);
  }
}
