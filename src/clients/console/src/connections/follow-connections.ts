import { HubError, type Hub } from '@belfry/client';
import type { Connection } from './connection.ts';
import type { ConnectionList } from './connection-list.ts';
import { pauseBeforeRetry } from './retry.ts';

/** What one answer to the question who is connected has. */
export interface Answer {
  readonly connections: readonly Connection[];
  readonly cursor: string | undefined;
  /** Whether the hub has more that match. */
  readonly hasMore: boolean;
  /** How many connections the caller could see, of any kind. */
  readonly total: number;
}

/** `loading`: nothing is known yet. `live`: as the hub is now. `behind`: as it was when the connection was lost or the answer failed. */
export interface Progress {
  readonly status: 'loading' | 'live' | 'behind';
  readonly error?: Error;
  readonly answer?: Omit<Answer, 'connections' | 'cursor'>;
}

export interface Follower {
  readonly hub: Hub;
  readonly list: ConnectionList;
  /** Asks the hub who is connected. */
  readonly ask: (signal: AbortSignal) => Promise<Answer>;
  /** Called when the list or the progress has changed. */
  readonly tell: (progress: Progress) => void;
  readonly signal: AbortSignal;
}

const PATTERN = 'connections.*.*';

/**
 * Keeps a list as the hub is. It listens before it asks, since comings and goings of anonymous connections and of REST callers
 * are told live only. For the same reason it asks again after the connection of the page was lost, and after a gap.
 */
export async function followConnections(follower: Follower): Promise<void> {
  const { hub, signal, tell } = follower;
  let [progress, attempt]: [Progress, number] = [{ status: 'loading' }, 0];
  const report = (next: Progress): void => {
    progress = next;
    if (next.status === 'live') attempt = 0;
    tell(next);
  };
  while (!signal.aborted) {
    try {
      await followOnce(follower, report);
      if (progress.status === 'live') report({ ...progress, status: 'behind' });
    } catch (cause) {
      if (signal.aborted) return;
      const error = cause as Error;
      report({ ...progress, status: progress.status === 'loading' ? 'loading' : 'behind', error });
      if (error instanceof HubError && error.code === 'forbidden') return;
      await pauseBeforeRetry(attempt++, hub, signal);
    }
  }
}

/** Resolves when the connection of the page was lost, and open again. */
async function followOnce(
  { hub, list, ask, signal: outer }: Follower,
  report: (progress: Progress) => void,
): Promise<void> {
  const stop = new AbortController();
  const signal = AbortSignal.any([outer, stop.signal]);
  let isListening = false;
  const ignore = hub.onState(({ status }) => {
    if (isListening && status !== 'open') stop.abort();
  });
  const listener = hub.listen(PATTERN, { signal });
  try {
    await listener.ready;
    isListening = true;
    let progress: Progress = { status: 'loading' };
    const read = async (): Promise<void> => {
      list.beginRead();
      const { connections, cursor, hasMore, total } = await ask(signal);
      list.replace(connections, cursor);
      report((progress = { status: 'live', answer: { hasMore, total } }));
    };
    const failed = Promise.withResolvers<never>();
    const reader = new SingleFlight(read, (error) => void (signal.aborted || failed.reject(error)));
    reader.start();
    const heard = (async () => {
      for await (const item of listener) {
        if (item.gap !== undefined) reader.start();
        else {
          list.apply(item);
          if (progress.status === 'live') report(progress);
        }
      }
    })();
    await Promise.race([heard, failed.promise]);
  } finally {
    ignore();
    stop.abort();
    listener.close();
  }
}

/** Runs one at a time. If it is asked for again in the meantime, it runs once more. */
class SingleFlight {
  #isRunning = false;
  #isWanted = false;
  readonly #run: () => Promise<void>;
  readonly #fail: (error: unknown) => void;

  constructor(run: () => Promise<void>, fail: (error: unknown) => void) {
    this.#run = run;
    this.#fail = fail;
  }

  start(): void {
    this.#isWanted = true;
    if (!this.#isRunning) void this.#loop();
  }

  async #loop(): Promise<void> {
    this.#isRunning = true;
    try {
      while (this.#isWanted) {
        this.#isWanted = false;
        await this.#run();
      }
    } catch (error) {
      this.#fail(error);
    } finally {
      this.#isRunning = false;
    }
  }
}
