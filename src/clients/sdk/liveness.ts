import type { Environment } from './environment.ts';
import type { Link, Reply } from './link.ts';

const PING_MS = 20_000;
const PING_SPREAD_MS = 5_000;
const TICK_MS = 5_000;

/**
 * Asks the hub from time to time whether it is still there. A page sees neither the pings of the hub nor the loss of
 * its network.
 */
export class Liveness {
  readonly #environment: Environment;
  readonly #link: Link;
  readonly #answered: (reply: Reply, roundTripMs: number) => void;
  readonly #silent: () => void;
  #cancelTick: (() => void) | undefined;
  #cancelAnswer: (() => void) | undefined;
  #nextPing = 0;

  /** `silent` is called when an answer did not come in time. */
  constructor(
    environment: Environment,
    link: Link,
    answered: (reply: Reply, roundTripMs: number) => void,
    silent: () => void,
  ) {
    this.#environment = environment;
    this.#link = link;
    this.#answered = answered;
    this.#silent = silent;
    this.check();
    this.#tick();
  }

  /** Asks now, unless an answer is already awaited. */
  check(): void {
    if (this.#cancelAnswer !== undefined) return;
    const { clock, random } = this.#environment;
    const at = clock.now();
    this.#nextPing = at + PING_MS + random() * PING_SPREAD_MS;
    this.#cancelAnswer = clock.after(this.#link.answerMs, this.#silent);
    this.#link.send('ping', {}, (_error, reply) => {
      this.#cancelAnswer?.();
      this.#cancelAnswer = undefined;
      if (reply !== undefined) this.#answered(reply, clock.now() - at);
    });
  }

  stop(): void {
    this.#cancelTick?.();
    this.#cancelAnswer?.();
  }

  /** A tick that is late means that the machine slept, or that the page was frozen. */
  #tick(): void {
    const { clock } = this.#environment;
    const due = clock.now() + TICK_MS;
    this.#cancelTick = clock.after(TICK_MS, () => {
      const now = clock.now();
      if (now >= this.#nextPing || now - due >= TICK_MS) this.check();
      this.#tick();
    });
  }
}

/**
 * Calls `wake` when somebody looks at the page again or its network is back, and `leave` when the page is left. A
 * browser keeps no page in its cache that has an open socket. Returns a function that ends this.
 */
export function watchPage(
  { page }: Environment,
  wake: () => void,
  leave: () => void,
): (() => void) | undefined {
  if (page === undefined) return undefined;
  const looked = (): void => {
    if (page.document?.visibilityState === 'visible') wake();
  };
  const events = [
    [page, 'online', wake],
    [page, 'offline', wake],
    [page, 'pageshow', wake],
    [page, 'pagehide', leave],
    [page.document, 'visibilitychange', looked],
  ] as const;
  for (const [target, name, run] of events) target?.addEventListener(name, run);
  return () => {
    for (const [target, name, run] of events) target?.removeEventListener(name, run);
  };
}
