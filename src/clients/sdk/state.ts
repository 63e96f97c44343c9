import type { Environment } from './environment.ts';

/** `idle`: nothing was asked for yet. `waiting`: for the next attempt. `closed`: for good. */
export type Status = 'idle' | 'connecting' | 'open' | 'waiting' | 'closed';

/** How the client stands to the hub. It is a new object whenever anything changes. */
export interface State {
  readonly status: Status;
  /** When the status began, in milliseconds since 1970. */
  readonly since: number;
  /** How many attempts to connect have failed one after another. */
  readonly attempt: number;
  /** When the next attempt is, in milliseconds since 1970. */
  readonly nextAttemptAt?: number | undefined;
  /** Why the last connection ended: a close code, and the sentence of the hub. */
  readonly reason?: { readonly code: number; readonly text: string } | undefined;
  /** What the events come by. */
  readonly transport?: 'socket' | 'stream' | undefined;
  /** How old the last event was when it came, in milliseconds. */
  readonly lag?: number | undefined;
  /** How far the clock of the hub is ahead of the one here, in milliseconds. */
  readonly clockSkewMs?: number | undefined;
  /** Who the token says that this client is. */
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
    const since =
      more.status === undefined || more.status === this.#state.status ? {} : { since: this.#clock.now() };
    this.#state = Object.freeze({ ...this.#state, ...more, ...since });
    for (const tell of this.#listeners) tell(this.#state);
  }

  /** Returns how to end it. */
  onChange(tell: (state: State) => void): () => void {
    this.#listeners.add(tell);
    return () => void this.#listeners.delete(tell);
  }
}
