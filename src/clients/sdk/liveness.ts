import type { Environment } from './environment.ts';
import type { Link, Reply } from './link.ts';

const PING_MS = 20_000;
const PING_SPREAD_MS = 5_000;
const TICK_MS = 5_000;

/** Asks the hub from time to time whether it is still there, and now by `check`. */
export interface Liveness {
  check(): void;
  stop(): void;
}

/**
 * Watches a link. A page sees neither the pings of the hub nor the loss of its network, so it must ask. `silent` is called
 * when an answer did not come in time.
 */
export function watchLink(
  { clock, random }: Environment,
  link: Link,
  answered: (reply: Reply, roundTripMs: number) => void,
  silent: () => void,
): Liveness {
  let cancelTick: (() => void) | undefined;
  let cancelAnswer: (() => void) | undefined;
  let nextPing = 0;
  const check = (): void => {
    if (cancelAnswer !== undefined) return;
    const at = clock.now();
    nextPing = at + PING_MS + random() * PING_SPREAD_MS;
    cancelAnswer = clock.after(link.answerMs, silent);
    link.send('ping', {}, (_error, reply) => {
      cancelAnswer?.();
      cancelAnswer = undefined;
      if (reply !== undefined) answered(reply, clock.now() - at);
    });
  };
  /** A tick that is late means that the machine slept, or that the page was frozen. */
  const tick = (): void => {
    const late = clock.now() + 2 * TICK_MS;
    cancelTick = clock.after(TICK_MS, () => {
      if (clock.now() >= Math.min(nextPing, late)) check();
      tick();
    });
  };
  check();
  tick();
  return {
    check,
    stop() {
      cancelTick?.();
      cancelAnswer?.();
    },
  };
}

/**
 * Calls `wake` when somebody looks at the page again or its network is back, and `leave` when the page is left. A
 * browser keeps no page in its cache that has an open socket. Returns a function that ends this.
 */
export function watchPage({ page }: Environment, wake: () => void, leave: () => void): () => void {
  const looked = (): void => {
    if (page?.document?.visibilityState === 'visible') wake();
  };
  const events = [
    [page, 'online', wake],
    [page, 'offline', wake],
    [page, 'pageshow', wake],
    [page, 'pagehide', leave],
    [page?.document, 'visibilitychange', looked],
  ] as const;
  for (const [target, name, run] of events) target?.addEventListener(name, run);
  return () => {
    for (const [target, name, run] of events) target?.removeEventListener(name, run);
  };
}
