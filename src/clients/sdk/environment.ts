import type { Clock } from '../../model/clock.ts';

/** The parts of the environment that the client uses, so that a test can replace them. */
export interface Environment {
  readonly clock: Pick<Clock, 'now' | 'after'>;
  /** A number from 0 up to 1. */
  readonly random: () => number;
  readonly fetch: typeof fetch;
  /** Absent if there are no WebSockets, as in Node 20. */
  readonly WebSocket: SocketClass | undefined;
  /** Absent outside of browsers. */
  readonly page: Page | undefined;
}

/** The part of the WebSocket of browsers that the client uses. */
export interface Socket {
  addEventListener(name: 'open' | 'error', tell: () => void): void;
  addEventListener(name: 'message', tell: (message: { readonly data: unknown }) => void): void;
  addEventListener(
    name: 'close',
    tell: (close: { readonly code: number; readonly reason: string }) => void,
  ): void;
  send(text: string): void;
  close(code?: number): void;
}

export type SocketClass = new (url: string) => Socket;

/** The part of the window and its document that shows whether somebody looks at the page, and whether it is online. */
export interface Page {
  readonly document?: PageEvents & { readonly visibilityState: string };
  readonly addEventListener: PageEvents['addEventListener'];
  readonly removeEventListener: PageEvents['removeEventListener'];
}

interface PageEvents {
  addEventListener(name: string, run: () => void): void;
  removeEventListener(name: string, run: () => void): void;
}

export function systemEnvironment(): Environment {
  const { WebSocket, document, addEventListener } = globalThis as Partial<Page> & {
    WebSocket?: SocketClass;
  };
  return {
    clock: {
      now: () => Date.now(),
      after(ms, run) {
        const timer = setTimeout(run, ms);
        return () => clearTimeout(timer);
      },
    },
    random: Math.random,
    fetch: (input, init) => fetch(input, init),
    WebSocket,
    page: document && addEventListener && (globalThis as unknown as Page),
  };
}

/** A promise and the functions that settle it. `Promise.withResolvers` is missing in Node 20. */
export interface Deferred<T> {
  readonly promise: Promise<T>;
  readonly resolve: (value: T) => void;
  readonly reject: (error: unknown) => void;
}

export function deferred<T>(): Deferred<T> {
  let settle: Pick<Deferred<T>, 'resolve' | 'reject'> | undefined;
  const promise = new Promise<T>((resolve, reject) => (settle = { resolve, reject }));
  return { promise, ...(settle as unknown as Pick<Deferred<T>, 'resolve' | 'reject'>) };
}
