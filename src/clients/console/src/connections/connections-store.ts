import type { Hub } from '@belfry/client';
import { isOfKind, type Connection, type Kinds } from './connection.ts';
import { ConnectionList } from './connection-list.ts';
import { followConnections, type Answer, type Progress } from './follow-connections.ts';

/** How many connections the page holds at most: as many as the hub names in one answer. */
export const LIST_MAX = 10_000;

/** What the page draws. It is a new object whenever something changed. */
export interface Shown {
  readonly list: ConnectionList;
  readonly progress: Progress;
}

export interface Asked {
  readonly kinds: Kinds;
  /** The query of `GET /api/v3/connections`. */
  readonly query: string;
}

export type Request = (path: string, init?: { readonly signal?: AbortSignal }) => Promise<Response>;

/** One list of connections, followed for as long as it is looked at. */
export class ConnectionsStore {
  readonly #stop = new AbortController();
  readonly #list: ConnectionList;
  readonly #tell: (shown: Shown) => void;
  #shown: Shown;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(hub: Hub, request: Request, { kinds, query }: Asked, tell: (shown: Shown) => void) {
    this.#list = new ConnectionList((connection) => isOfKind(connection, kinds));
    this.#tell = tell;
    this.#shown = { list: this.#list, progress: { status: 'loading' } };
    void followConnections({
      hub,
      list: this.#list,
      ask: (signal) => askConnections(request, query, signal),
      tell: (progress) => this.#change(progress),
      signal: this.#stop.signal,
    });
  }

  get shown(): Shown {
    return this.#shown;
  }

  /** Takes newer records of these connections. */
  refresh(asked: readonly string[], records: readonly Connection[]): void {
    this.#list.refresh(asked, records);
    this.#change(this.#shown.progress);
  }

  stop(): void {
    this.#stop.abort();
    clearTimeout(this.#timer);
  }

  /** A list of thousands takes its time to draw, so it is drawn less often. What begins or fails is told at once. */
  #change(progress: Progress): void {
    const isNews =
      progress.status !== this.#shown.progress.status || progress.error !== this.#shown.progress.error;
    this.#shown = { list: this.#list, progress };
    if (this.#stop.signal.aborted) return;
    if (isNews) return this.#publish();
    this.#timer ??= setTimeout(() => this.#publish(), Math.min(1_000, Math.max(100, this.#list.size / 5)));
  }

  #publish(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#shown = { ...this.#shown };
    this.#tell(this.#shown);
  }
}

export async function askConnections(request: Request, query: string, signal?: AbortSignal): Promise<Answer> {
  const response = await request(`api/v3/connections?${query}`, signal === undefined ? {} : { signal });
  return {
    connections: (await response.json()) as Connection[],
    cursor: response.headers.get('Belfry-Cursor') ?? undefined,
    hasMore: /rel="next"/.test(response.headers.get('Link') ?? ''),
    total: Number(response.headers.get('X-DRP-LIST-TOTAL-COUNT') ?? 0),
  };
}
