import type { Gap, HistoryOptions, Item, ListenOptions } from '@belfry/client';
import { isEnded, Runs, type Run } from '../../../runs/runs.ts';
import { nextFrame } from '../../../sdk/react/frame.ts';

/** How far back runs are looked for. */
export const LOOK_BACK_MS = 24 * 3_600_000;

/** So many runs are kept. Of those that have ended, the oldest is left out first. */
const MAX_RUNS = 2_000;

/** The part of the hub that is needed. */
interface Source {
  history(patterns: readonly string[], options: HistoryOptions): AsyncIterable<Item>;
  listen(patterns: readonly string[], options: ListenOptions): AsyncIterable<Item>;
}

/** A run, and what tells it apart from all others. */
export interface KnownRun extends Run {
  readonly key: string;
}

export interface RunsSnapshot {
  /** Those that go on come first, and of each kind the newest. */
  readonly runs: readonly KnownRun[];
  /** Whether the past has been read. */
  readonly isComplete: boolean;
  readonly gap?: Gap | undefined;
  readonly error?: Error | undefined;
}

/** The runs of the last day, and each change of them. */
export class RunsStore {
  readonly #hub: Source;
  readonly #patterns: readonly string[];
  readonly #now: () => number;
  readonly #runs = new Map<string, KnownRun>();
  readonly #listeners = new Set<() => void>();
  #snapshot: RunsSnapshot = { runs: [], isComplete: false };
  #more: Omit<RunsSnapshot, 'runs'> = { isComplete: false };
  readonly #reader = new Runs();
  /** From where it goes on. */
  #since: string | Date | undefined;

  constructor(hub: Source, patterns: readonly string[], now: () => number = Date.now) {
    this.#hub = hub;
    this.#patterns = patterns;
    this.#now = now;
  }

  get snapshot(): RunsSnapshot {
    return this.#snapshot;
  }

  onChange(tell: () => void): () => void {
    this.#listeners.add(tell);
    return () => void this.#listeners.delete(tell);
  }

  /** Reads the last day, and then follows, until it is aborted. Called again, it goes on where it was. */
  async follow(signal: AbortSignal): Promise<void> {
    const from = (): string | Date => (this.#since ??= new Date(this.#now() - LOOK_BACK_MS));
    const take = (item: Item): void => {
      if (item.gap !== undefined) return this.#change({ gap: item.gap });
      this.#since = item.id ?? this.#since;
      const run = this.#reader.apply(item)?.run;
      if (run !== undefined) this.#put({ ...run, key: `${run.topic} ${run.beganAt}` });
    };
    try {
      for await (const item of this.#hub.history(this.#patterns, { since: from(), signal })) {
        // A log that does not go back a whole day is no loss.
        if (item.gap === undefined || this.#more.isComplete) take(item);
      }
      this.#change({ isComplete: true, error: undefined });
      for await (const item of this.#hub.listen(this.#patterns, { since: from(), signal })) take(item);
    } catch (cause) {
      if (!signal.aborted) this.#change({ error: cause as Error });
    }
  }

  #put(run: KnownRun): void {
    this.#runs.set(run.key, run);
    if (this.#runs.size > MAX_RUNS) {
      const oldest = [...this.#runs.values()].find(isEnded) ?? run;
      this.#runs.delete(oldest.key);
    }
    this.#change({});
  }

  #change(more: Partial<Omit<RunsSnapshot, 'runs'>>): void {
    this.#more = { ...this.#more, ...more };
    nextFrame(this.#draw);
  }

  readonly #draw = (): void => {
    const runs = [...this.#runs.values()].toSorted(
      (a, b) => Number(isEnded(a)) - Number(isEnded(b)) || (a.beganAt < b.beganAt ? 1 : -1),
    );
    this.#snapshot = { ...this.#more, runs };
    for (const tell of this.#listeners) tell();
  };
}
