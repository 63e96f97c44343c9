import { delayMs } from '../backoff.ts';
import { HubError } from '../errors.ts';
import type { Hub } from '../hub.ts';
import type { Item } from '../item.ts';
import type { Status } from '../state.ts';
import { PASSING } from '../subscriptions.ts';
import { nextFrame } from './frame.ts';

/** What a hook shows beside its values. */
export interface Progress {
  /** `connecting`: nothing is known yet. `open`: the values are as fresh as the connection. `closed`: `error` says why. */
  readonly status: Status;
  readonly error: Error | undefined;
}

/**
 * Brings values until the signal is aborted, or rejects with the refusal of the hub. It gives `show` a function, since many
 * changes are drawn at once. When it is called again, it goes on.
 */
export type Source<T> = (
  hub: Hub,
  show: (values: () => T) => void,
  signal: AbortSignal,
  tell: (item: Item) => void,
) => Promise<void>;

/** Values that components show, and the work that brings them for as long as one of them does. */
export class Feed<T extends object> {
  /** It is the same object until React is told of another one. */
  shown: T & Progress;
  readonly listeners = new Set<(item: Item) => void>();
  readonly #components = new Set<() => void>();
  readonly #stop = new AbortController();
  #values: (() => T) | undefined;
  #progress: Progress;
  #wake = (): void => undefined;

  constructor(hub: Hub, first: T & Progress, source: Source<T>) {
    this.shown = first;
    this.#progress = first;
    const ignore = hub.onState(({ status }) => status === 'connecting' && this.#wake());
    this.#stop.signal.addEventListener('abort', () => {
      ignore();
      this.#wake();
    });
    void this.#run(hub, first, source);
  }

  /**
   * Returns a function by which the component leaves. The last one that leaves ends the feed one macrotask later: a component
   * that comes back in the same task, as under StrictMode or after a hot reload, finds what it left.
   */
  join(tell: () => void, ended: () => void): () => void {
    this.#components.add(tell);
    return () => {
      this.#components.delete(tell);
      setTimeout(() => {
        if (this.#components.size > 0 || this.#stop.signal.aborted) return;
        this.#stop.abort();
        ended();
      });
    };
  }

  /**
   * Repeats where the hub could not answer for now. After a refusal, a logout or a close for good it goes on when the
   * client connects again.
   */
  async #run(hub: Hub, first: T & Progress, source: Source<T>): Promise<void> {
    const { signal } = this.#stop;
    for (let attempt = 0; ; attempt++) {
      let waitMs: number | undefined;
      try {
        await source(hub, this.#show, signal, this.#tell);
        // After a logout nothing is left of what was shown before.
        this.#change({ status: 'idle', error: undefined }, () => first);
      } catch (error) {
        if (this.shown.status === 'open') attempt = 0;
        // Another event may fit its schema.
        if (!(error instanceof HubError) || PASSING.has(error.code) || error.code === 'schema_invalid')
          waitMs = delayMs('backoff', attempt, Math.random);
        this.#change({ status: waitMs === undefined ? 'closed' : 'waiting', error: error as Error });
      }
      if (signal.aborted) return;
      const timer = waitMs === undefined ? undefined : setTimeout(() => this.#wake(), waitMs);
      await new Promise<void>((resolve) => (this.#wake = resolve));
      clearTimeout(timer);
      if (signal.aborted) return;
    }
  }

  readonly #show = (values: () => T): void => {
    this.#change({ status: 'open', error: undefined }, values);
  };

  readonly #tell = (item: Item): void => {
    for (const listener of this.listeners) listener(item);
  };

  #change(progress: Progress, values = this.#values): void {
    this.#progress = progress;
    this.#values = values;
    nextFrame(this.#draw);
  }

  readonly #draw = (): void => {
    this.shown = { ...(this.#values?.() ?? this.shown), ...this.#progress };
    this.#values = undefined;
    for (const tell of this.#components) tell();
  };
}
